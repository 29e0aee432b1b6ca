// The address of this page for others: as a picture for a phone's camera, and to be copied.
//
// The server knows its address on the network; this page may be open
// under another one, which would mean nothing elsewhere.

import { share } from './api.js';
import { find, setText } from './elements.js';
import { errorText } from './lang.js';

/** @param {HTMLDialogElement} dialog @param {import('./lang.js').Texts} texts */
export function mountShare(dialog, texts) {
  const place = find(dialog, '.qr-place');
  const field = find(dialog, 'input');
  const copy = find(dialog, '.primary');

  copy.addEventListener('click', async () => {
    field.select();
    setText(copy, await copied(field.value) ? texts.copied_link : texts.copy_by_hand);
  });
  find(dialog, '.quiet').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => {
    const picture = place.firstElementChild;
    if (picture !== null) URL.revokeObjectURL(picture.src);
    place.replaceChildren();
  });

  /** @param {string} text @returns {Promise<boolean>} */
  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Over plain HTTP there is no such thing; the old command works on what is selected.
      return document.execCommand('copy');
    }
  }

  return {
    /** @param {string} dir a key */
    async open(dir) {
      setText(copy, texts.copy_link);
      setText(find(dialog, '.wrong'), '');
      dialog.showModal();
      try {
        const { url, picture: source } = await share(dir);
        const picture = new Image();
        picture.className = 'qr';
        picture.alt = texts.qr;
        picture.src = source;
        place.replaceChildren(picture);
        field.value = url || document.baseURI;
      } catch (error) {
        field.value = location.href;
        setText(find(dialog, '.wrong'), errorText(texts, /** @type {any} */ (error).code));
      }
    },
  };
}
