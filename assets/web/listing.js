// The list of the folder on show: one row per path, changed in place.
//
// Rows that stay are never made anew, so focus, selection and the finger on the screen keep their
// hold. A long list is drawn in slices, one per frame, so that ten thousand files do not freeze it.

import { find, setAttribute, setText } from './elements.js';
import { nameOf, parentOf } from './paths.js';
import { plain } from './names.js';
import { mountRow } from './row.js';

/** @typedef {ReturnType<typeof import('./state.js').rows>} Rows */

const FIRST_SLICE = 120;
const NEXT_SLICE = 300;
/** More rows than this leaving at once vanish without a fade: it would only be noise. */
const FADES_MAX = 30;

/**
 * @param {HTMLElement} root
 * @param {import('./row.js').Words} words
 * @param {object} on
 * @param {(dir: string) => void} on.open
 * @param {(key: string) => void} on.remove
 * @param {() => boolean} on.busy whether leaving the page would break something off
 */
export function mountListing(root, words, on) {
  const { texts, format } = words;
  const list = find(root, '.rows');
  /** @type {Map<string, ReturnType<typeof mountRow>>} */
  const shown = new Map();
  let shown_dir = '';
  /** The tick at which the folder was opened: what changed before is no news. */
  let opened_tick = 0;
  let limit = FIRST_SLICE;
  let slice_timer = 0;

  root.addEventListener('click', (event) => {
    const target = /** @type {Element} */ (event.target);
    const row = /** @type {HTMLElement | null} */ (target.closest('.row'));
    if (row === null) return;
    if (target.closest('.delete')) on.remove(row.dataset.key ?? '');
    const link = /** @type {HTMLAnchorElement | null} */ (target.closest('.name[href]'));
    if (link === null) return;
    if (row.dataset.kind !== 'folder') {
      // Going away would end the uploads of this page: the file opens beside it.
      setAttribute(link, 'target', on.busy() ? '_blank' : null);
    } else if (isPlain(/** @type {MouseEvent} */ (event))) {
      event.preventDefault();
      on.open(row.dataset.key ?? '');
    }
  });

  root.addEventListener('keydown', (event) => {
    const row = /** @type {Element} */ (event.target).closest('.row');
    const plain_key = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
    if (!plain_key || row === null) return;
    const to = { ArrowDown: () => row.nextElementSibling, ArrowUp: () => row.previousElementSibling,
      Home: () => list.firstElementChild, End: () => list.lastElementChild }[event.key];
    if (to !== undefined) {
      /** @type {HTMLElement | null | undefined} */ (to()?.querySelector('.name'))?.focus();
    } else if (event.key === 'Delete') {
      on.remove(/** @type {HTMLElement} */ (row).dataset.key ?? '');
    } else if (event.key === 'Backspace' && shown_dir !== '') {
      on.open(parentOf(shown_dir));
    } else {
      return;
    }
    event.preventDefault();
  });

  /** @param {Set<string>} kept */
  const dropOthers = (kept) => {
    const leaving = [...shown].filter(([key]) => !kept.has(key));
    for (const [key, row] of leaving) {
      shown.delete(key);
      if (leaving.length > FADES_MAX) row.element.remove();
      else row.leave();
    }
  };

  /** @param {Rows} wanted @param {number} now */
  const draw = (wanted, now) => {
    let at = list.firstElementChild;
    for (const { entry, incoming } of wanted) {
      while (at?.classList.contains('is-leaving')) at = at.nextElementSibling;
      let row = shown.get(entry.key);
      if (row === undefined) {
        row = mountRow(words, opened_tick);
        shown.set(entry.key, row);
      }
      if (row.element === at) at = at.nextElementSibling;
      else list.insertBefore(row.element, at);
      row.update(entry, incoming, now);
    }
  };

  return {
    /** @param {import('./state.js').State} state @param {Rows} all @param {number} now Unix ms */
    update(state, all, now) {
      if (state.dir !== shown_dir) {
        shown.clear();
        list.replaceChildren();
        shown_dir = state.dir;
        opened_tick = state.tick;
        limit = FIRST_SLICE;
      }
      const wanted = all.slice(0, limit);
      dropOthers(new Set(wanted.map(({ entry }) => entry.key)));
      draw(wanted, now);
      cancelAnimationFrame(slice_timer);
      if (all.length > limit) {
        slice_timer = requestAnimationFrame(() => {
          limit += NEXT_SLICE;
          this.update(state, all, now);
        });
      }

      root.hidden = state.phase !== 'ready' || all.length === 0;
      const folder = state.dir === '' ? texts.home : plain(nameOf(state.dir));
      setAttribute(list, 'aria-label', texts.list_of(folder));
      const told = [texts.items(state.entries.size, format.count(state.entries.size))];
      if (state.free_bytes !== null) told.push(texts.free(format.size(state.free_bytes)));
      setText(find(root, '.total'), told.join(' · '));
    },
  };
}

/** @param {MouseEvent} event @returns {boolean} false where the browser should open a new tab */
export function isPlain(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}
