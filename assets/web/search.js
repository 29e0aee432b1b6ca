// Names below the folder on show that hold some words: asked for while one types, and asked again
// when something changes. What is found is shown as rows, in place of the list.

import { encodePath, canonical, nameOf, parentOf } from './paths.js';
import { plain } from './names.js';

/** So long a pause between two letters is the end of a word. */
const PAUSE_MS = 220;

/**
 * @typedef {object} Found
 * @property {string} words empty where nothing is searched for
 * @property {'asking' | 'ready' | 'failed'} phase
 * @property {string | null} code
 * @property {ReadonlyMap<string, import('./state.js').Entry>} entries
 * @property {boolean} truncated whether there is more
 */

/** @type {Found} */
const NONE = { words: '', phase: 'ready', code: null, entries: new Map(), truncated: false };

/**
 * @param {typeof import('./api.js').search} ask
 * @param {import('./lang.js').Texts} texts @param {() => void} onChange
 */
export function createSearch(ask, texts, onChange) {
  let found = NONE;
  let dir = '';
  let timer = 0;
  let asked = 0;

  const go = async () => {
    asked += 1;
    const mine = asked;
    try {
      const { entries, truncated } = await ask(dir, found.words);
      if (mine !== asked) return;
      const rows = entries.map(({ path, href, kind, size, modified }) => {
        const key = href === undefined ? encodePath(path) : canonical(href);
        const above = parentOf(key);
        const where = above === '' ? texts.home : above.split('/').map((s) => plain(nameOf(s)))
          .join(' / ');
        const before = found.entries.get(key);
        const entry = { key, name: nameOf(key), kind, size, modified, touched: 0, where };
        // The same object is the same row, which then need not be drawn anew.
        const same = before !== undefined && before.size === size && before.modified === modified;
        return /** @type {const} */ ([key, same ? before : entry]);
      });
      found = { ...found, phase: 'ready', code: null, truncated, entries: new Map(rows) };
    } catch (error) {
      if (mine !== asked) return;
      found = { ...found, phase: 'failed', code: /** @type {any} */ (error).code ?? 'unreachable' };
    }
    onChange();
  };

  return {
    found: () => found,
    /** @param {string} words @param {string} below a folder's key */
    want(words, below) {
      clearTimeout(timer);
      if (words === found.words && below === dir) return;
      dir = below;
      asked += 1;
      found = words === '' ? NONE : { ...found, words, phase: 'asking' };
      if (words !== '') timer = setTimeout(go, PAUSE_MS);
      onChange();
    },
    /** Something has changed: what was found may be gone. */
    again() {
      if (found.words === '') return;
      clearTimeout(timer);
      timer = setTimeout(go, PAUSE_MS);
    },
  };
}
