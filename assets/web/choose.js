// To which folder? A walk through the folders of the share, for moving and copying by menu.
//
// It only asks; what is done then is for actions.js.

import { ApiError, list } from './api.js';
import { find, setParts, setPicture, setText } from './elements.js';
import { errorText } from './lang.js';
import { compare } from './order.js';
import { canonical, encodeName, join, nameOf, parentOf } from './paths.js';

/** @param {HTMLDialogElement} dialog @param {import('./lang.js').Texts} texts */
export function mountChoose(dialog, texts) {
  const rows = find(dialog, '.folders');
  const here = find(dialog, '.primary');
  let dir = '';
  let asked = 0;
  /** @type {(dir: string) => void} */
  let chosen = () => {};
  /** @type {ReadonlySet<string>} */
  let closed = new Set();

  here.addEventListener('click', () => {
    dialog.close();
    chosen(dir);
  });
  find(dialog, '.quiet').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });

  /** @param {string} key @param {string} name @param {string} picture */
  const rowFor = (key, name, picture) => {
    const row = document.createElement('button');
    row.type = 'button';
    row.className = 'folder';
    const svg = /** @type {Element} */ (find(dialog, 'svg').cloneNode(true));
    setPicture(svg, picture);
    const label = document.createElement('bdi');
    setParts(label, name);
    row.append(svg, label);
    row.disabled = closed.has(key);
    row.addEventListener('click', () => go(key));
    return row;
  };

  /** @param {string} to */
  const go = async (to) => {
    asked += 1;
    const mine = asked;
    dir = to;
    setText(find(dialog, '.subject bdi'), to === '' ? texts.home : nameOf(to));
    const up = to === '' ? [] : [rowFor(parentOf(to), texts.up, 'up')];
    rows.replaceChildren(...up);
    try {
      const { entries } = await list(to);
      if (mine !== asked) return;
      const folders = entries.filter(({ kind }) => kind === 'folder').map((entry) => ({
        ...entry, touched: 0,
        key: entry.href === undefined ? join(to, encodeName(entry.name)) : canonical(entry.href),
      })).sort(compare);
      rows.append(...folders.map(({ key, name }) => rowFor(key, name, 'folder')));
      setText(find(dialog, '.wrong'), folders.length === 0 ? texts.no_folders : '');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(find(dialog, '.wrong'), errorText(texts, error.code));
    }
    (rows.querySelector('button:not(:disabled)') ?? here).focus();
  };

  return {
    /**
     * @param {string} title @param {string} action what the button says
     * @param {string} from the folder to begin in
     * @param {readonly string[]} keys what goes, into which nothing of it can go
     * @param {(dir: string) => void} on_choice
     */
    open(title, action, from, keys, on_choice) {
      setText(find(dialog, '.title'), title);
      setText(here, action);
      chosen = on_choice;
      closed = new Set(keys);
      dialog.showModal();
      go(from);
    },
  };
}
