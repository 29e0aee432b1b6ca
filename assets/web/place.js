// What stands in the place of a list when there is none: a folder that loads, is empty or is gone,
// a server that is out of reach or full, a search without a find, an error. Each says what happened
// and what to do now.

import { find, setPicture, setText } from './elements.js';
import { errorText } from './lang.js';

/**
 * @param {HTMLElement} root @param {import('./lang.js').Texts} texts
 * @param {{upload: () => void, home: () => void, retry: () => void}} on
 */
export function mountPlace(root, texts, on) {
  const skeleton = find(root, '.skeleton');
  const notice = find(root, '.notice');
  const button = find(root, '.primary');
  let act = on.retry;
  button.addEventListener('click', () => act());

  /** @param {string} picture @param {string[]} words title, text, button @param {() => void} run */
  const say = (picture, [title, text, action], run) => {
    setPicture(find(notice, '.art'), picture);
    notice.dataset.picture = picture;
    setText(find(notice, '.title'), title);
    setText(find(notice, '.text'), text);
    setText(button, action);
    button.hidden = action === '';
    act = run;
  };

  return {
    /**
     * @param {import('./state.js').State} state @param {number} rows_shown
     * @param {import('./search.js').Found} found @param {boolean} writable
     */
    update({ phase, code }, rows_shown, found, writable) {
      const searching = found.words !== '' && phase === 'ready';
      const loading = phase === 'loading' || (searching && found.phase === 'asking' && !rows_shown);
      const empty = phase === 'ready' && rows_shown === 0;
      root.hidden = phase === 'ready' && !empty;
      skeleton.hidden = !loading;
      notice.hidden = loading;
      root.setAttribute('aria-busy', String(loading));
      if (searching) {
        say('missing', found.phase === 'failed'
          ? [texts.failed_title, errorText(texts, found.code ?? ''), '']
          : [texts.not_found_title, texts.not_found_text, ''], on.retry);
      } else if (empty && !writable) {
        say('empty', [texts.empty_title, texts.read_only_text, ''], on.retry);
      } else if (empty) {
        const touch = matchMedia('(hover: none)').matches;
        say('empty', [texts.empty_title,
          touch ? texts.empty_text_touch : texts.empty_text_mouse, texts.upload_files], on.upload);
      } else if (phase === 'missing') {
        say('missing', [texts.missing_title, texts.missing_text, texts.missing_action], on.home);
      } else if (phase === 'offline') {
        say('offline', [texts.offline_title, texts.offline_text, texts.retry], on.retry);
      } else if (code === 'forbidden') {
        say('empty', [texts.box_title, texts.box_text, texts.upload_files], on.upload);
      } else if (code === 'busy') {
        say('failed', [texts.busy_title, texts.busy_text, texts.retry], on.retry);
      } else if (phase === 'failed') {
        say('failed', [texts.failed_title, errorText(texts, code ?? ''), texts.retry], on.retry);
      }
    },
  };
}
