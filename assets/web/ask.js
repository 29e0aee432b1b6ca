// Questions and short messages: may this be deleted, and what just happened.

import { find, setParts, setText } from './elements.js';

/** @param {HTMLDialogElement} dialog @param {import('./lang.js').Texts} texts */
export function mountAsk(dialog, texts) {
  /** @type {((yes: boolean) => void) | null} */
  let answer = null;
  dialog.addEventListener('close', () => {
    answer?.(dialog.returnValue === 'yes');
    answer = null;
  });
  // A tap beside the box means no, as everywhere.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close('no');
  });
  return {
    /** @param {{kind: string, name: string}} entry @returns {Promise<boolean>} */
    mayDelete({ kind, name }) {
      const what = kind === 'folder' ? 'folder' : 'file';
      setText(find(dialog, '.title'), texts[`delete_${what}_title`]);
      setParts(find(dialog, 'bdi'), name);
      setText(find(dialog, '.text'), texts[`delete_${what}_text`]);
      dialog.returnValue = 'no';
      dialog.showModal();
      return new Promise((done) => { answer = done; });
    },
  };
}

const MESSAGE_MS = 6000;

/** @param {HTMLElement} root a live region */
export function mountMessage(root) {
  let timer = 0;
  find(root, 'button').addEventListener('click', () => { root.classList.remove('is-shown'); });
  return {
    /** @param {string} text @param {'good' | 'bad'} mood */
    say(text, mood) {
      clearTimeout(timer);
      setText(find(root, '.words'), text);
      root.dataset.mood = mood;
      root.classList.add('is-shown');
      timer = setTimeout(() => root.classList.remove('is-shown'), MESSAGE_MS);
    },
  };
}
