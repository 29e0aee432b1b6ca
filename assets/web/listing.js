// The list of the folder on show: one row per path, changed in place, and drawn only where it is
// seen. Ten thousand files are as light as fifty.
//
// Rows that stay are never made anew, so focus, selection and the finger on the screen keep their
// hold; and while something is held, no row changes its place. What the keys and the pointer mean
// is read in gestures.js.

import { arrange, find, mayMove, setAttribute, setHidden, setText } from './elements.js';
import { mountGestures } from './gestures.js';
import { nameOf } from './paths.js';
import { plain } from './names.js';
import { mountRow } from './row.js';
import { mountThumbs } from './thumbs.js';

/** @typedef {ReturnType<typeof import('./state.js').rows>} Rows */

/** Rows drawn above and below those in sight, so that a flick of the wheel finds them there. */
const SPARE = 6;
/** When nothing scrolls for so long, the elements are put in order. */
const SETTLE_MS = 150;
/** Somebody who never rests his mouse sees the list change all the same. */
const AIM_MS_MAX = 3000;
const AIM_AGAIN_MS = 200;

/**
 * @param {HTMLElement} root
 * @param {import('./row.js').Words} words
 * @param {import('./gestures.js').On} on
 */
export function mountListing(root, words, on) {
  const { texts, format } = words;
  const list = find(root, '.rows');
  const thumbs = mountThumbs();
  /** @type {Map<string, ReturnType<typeof mountRow>>} the rows that are drawn, by key */
  const shown = new Map();
  /** @type {Rows} */
  let all = [];
  /** @type {Map<string, number>} */
  let places = new Map();
  let where = '';
  let now = 0;
  let tick = 0;
  /** @type {ReadonlySet<string>} */
  let selected = new Set();
  let columns = 1;
  let width = 0;
  let height = 56;
  /** @type {(() => void) | null} what came while something was held */
  let waiting = null;
  let holds = 0;
  let waiting_since = 0;
  let frame = 0;
  let settling = 0;
  /** Rows that have no place just now. @type {ReturnType<typeof mountRow>[]} */
  const pool = [];
  /** Where the list began on the screen when it was drawn. */
  let drawn_top = 0;
  /** What came while it was out of sight, and has not been seen since. @type {Set<string>} */
  const unseen = new Set();
  const hint = find(root, '.hint');
  hint.addEventListener('click', () => {
    const [key] = unseen;
    listing.focus(places.get(key) ?? 0);
  });

  const drawHint = () => {
    for (const key of unseen) if (shown.has(key) || !places.has(key)) unseen.delete(key);
    setHidden(hint, unseen.size === 0);
    if (unseen.size > 0) setText(hint, texts.new_ones(unseen.size, format.count(unseen.size)));
  };

  /** Sizes come from the style sheet, so that larger letters get larger rows. */
  const measure = () => {
    const style = getComputedStyle(list);
    height = parseFloat(style.gridAutoRows) || height;
    width = list.clientWidth;
    const cell = parseFloat(style.gridAutoColumns) || width;
    columns = Math.max(1, Math.floor(width / cell));
  };

  /**
   * @param {string} key @param {number} at its place
   * @param {ReturnType<typeof mountRow>[]} [free] rows that are not needed where they were
   */
  const drawRow = (key, at, free = []) => {
    const { entry, incoming } = all[at];
    let row = shown.get(key);
    if (row === undefined) {
      // A new row costs the browser six pictures; another text in an old one costs next to nothing.
      row = free.shift();
      if (row === undefined) row = mountRow(words, tick);
      else row.reset(tick);
      shown.set(key, row);
    }
    row.update(entry, incoming, now);
    row.mark(selected.has(key));
    const across = width / columns;
    row.place((at % columns) * across, Math.floor(at / columns) * height, at);
    if (columns > 1) row.element.style.width = `${across}px`;
    return row;
  };

  /** Writes of each row that is drawn what is not seen. */
  const label = () => {
    for (const [key, row] of shown) row.label(places.get(key) ?? 0, all.length);
  };

  /**
   * Draws what is in sight, and takes away what is not, save for what has the focus.
   * @param {boolean} [in_order] whether the elements are put in the order of the eye, and named
   */
  const drawSeen = (in_order = true) => {
    frame = 0;
    const top = list.getBoundingClientRect().top;
    // What flies by faster than this is not seen beyond the edge anyway.
    const spare = in_order || Math.abs(top - drawn_top) < innerHeight / 2 ? SPARE : 1;
    drawn_top = top;
    // Always as many, wherever between two rows the edge of the screen is.
    const start = Math.floor(-top / height) - spare;
    const end = start + Math.ceil(innerHeight / height) + 1 + 2 * spare;
    const first = Math.max(0, start) * columns;
    const last = Math.min(all.length, Math.max(0, end) * columns);
    const focused = /** @type {HTMLElement | null} */ (document.activeElement?.closest?.('.row'));
    const kept = focused?.dataset.key;
    const wanted = [];
    for (let at = first; at < last; at += 1) wanted.push(at);
    const pinned = kept === undefined ? undefined : places.get(kept);
    if (pinned !== undefined && pinned < first) wanted.unshift(pinned);
    else if (pinned !== undefined && pinned >= last) wanted.push(pinned);
    const keys = new Set(wanted.map((at) => all[at].entry.key));
    const free = [];
    for (const [key, row] of shown) {
      if (keys.has(key)) continue;
      shown.delete(key);
      thumbs.drop(row.element);
      if (places.has(key)) free.push(row);
      else row.leave();
    }
    // Those that stand in the list first: to put one back costs the browser as much as a new one.
    free.push(...pool.splice(0));
    const rows = wanted.map((at) => drawRow(all[at].entry.key, at, free));
    const drawn = rows.map((row) => row.element);
    for (const { element } of free) element.remove();
    if (in_order) {
      label();
      arrange(list, drawn, focused);
    } else {
      pool.push(...free);
      list.append(...drawn.filter((element) => element.parentNode !== list));
    }
    if (columns > 1) drawn.forEach((row, i) => thumbs.want(row, all[wanted[i]].entry));
    drawHint();
  };

  const scrolled = () => {
    if (frame !== 0 || root.hidden) return;
    frame = requestAnimationFrame(() => drawSeen(false));
    clearTimeout(settling);
    // The order of the elements is that of the eye, since Tab and screen readers go by it; but to
    // move one costs the browser more than to fill it, and nobody reads while all flies by.
    settling = setTimeout(settle, SETTLE_MS);
  };
  /** Names the rows, and puts their elements in order, unless a finger is on one of them. */
  const settle = () => {
    clearTimeout(settling);
    settling = holds > 0 ? setTimeout(settle, SETTLE_MS) : 0;
    if (holds > 0) label();
    else drawSeen();
  };
  // Tab goes on from here.
  list.addEventListener('focusin', () => { if (settling !== 0) settle(); });
  addEventListener('scroll', scrolled, { passive: true });
  addEventListener('resize', () => {
    measure();
    list.style.height = `${Math.ceil(all.length / columns) * height}px`;
    scrolled();
  });

  /** The row that must not move while the list changes. @returns {string | null} a key */
  const anchor = () => {
    const top = list.getBoundingClientRect().top;
    // Under the bar, nobody reads.
    const at = Math.ceil((64 - top) / height) * columns;
    return at > 0 && at < all.length ? all[at].entry.key : null;
  };

  /** @param {Rows} wanted */
  const take = (wanted) => {
    const before = all === wanted ? null : anchor();
    const was = before === null ? 0 : Math.floor((places.get(before) ?? 0) / columns);
    if (all !== wanted) {
      const changed = all.length !== wanted.length
        || wanted.some((row, i) => row.entry.key !== all[i].entry.key);
      for (const { entry } of all.length === 0 ? [] : wanted) {
        if (entry.touched <= tick) continue;
        // What was on its way stood in the list before, without a time.
        const was = all[places.get(entry.key) ?? -1];
        if (was === undefined || was.entry.modified === null) unseen.add(entry.key);
      }
      all = wanted;
      if (changed) {
        places = new Map(all.map(({ entry }, i) => [entry.key, i]));
        if (shown.size > 0 && mayMove()) shift(list);
      }
    }
    list.style.height = `${Math.ceil(all.length / columns) * height}px`;
    const is = before === null ? undefined : places.get(before);
    if (is !== undefined && Math.floor(is / columns) !== was) {
      scrollBy(0, (Math.floor(is / columns) - was) * height);
    }
    drawSeen();
  };

  /**
   * Whether the list has to stay as it is: while something is held, and while a mouse is about to
   * click on a row that would move away from under it.
   * @param {Rows} wanted
   */
  const mustWait = (wanted) => {
    if (shown.size === 0) return false;
    if (holds > 0) return true;
    const under = gestures.pointed();
    const was = under === null ? undefined : places.get(under);
    if (was === undefined || wanted[was]?.entry.key === under) return false;
    if (!wanted.some(({ entry }) => entry.key === under)) return false;
    if (waiting === null) waiting_since = performance.now();
    if (performance.now() - waiting_since > AIM_MS_MAX) return false;
    setTimeout(() => { if (holds === 0) waiting?.(); }, AIM_AGAIN_MS);
    return true;
  };

  const listing = {
    /** @returns {string[]} keys in the order of the list */
    keys: () => all.map(({ entry }) => entry.key),
    /** @param {string} key */
    entry: (key) => all[places.get(key) ?? -1]?.entry,
    /** Moves the focus to an entry, and the list so that it is seen. @param {number} at */
    focus(at) {
      const row = all[Math.max(0, Math.min(all.length - 1, at))];
      if (row === undefined) return;
      const place = places.get(row.entry.key) ?? 0;
      const y = list.getBoundingClientRect().top + Math.floor(place / columns) * height;
      const low = innerHeight - height - 88;
      if (y < 72) scrollBy(0, y - 72);
      else if (y > low) scrollBy(0, y - low);
      drawSeen();
      find(drawRow(row.entry.key, place).element, '.name').focus({ preventScroll: true });
    },
    /** @param {string} key */
    place: (key) => places.get(key) ?? -1,
    columns: () => columns,
    /** @param {string} key @returns {HTMLElement | undefined} its row, where it is drawn */
    element: (key) => shown.get(key)?.element,
    /** Nothing changes its place until `release`. */
    hold() {
      holds += 1;
    },
    release() {
      holds = Math.max(0, holds - 1);
      const late = waiting;
      if (holds > 0 || late === null) return;
      waiting = null;
      late();
    },
    /** @param {ReadonlySet<string>} keys */
    select(keys) {
      if (keys === selected) return;
      selected = keys;
      root.classList.toggle('is-choosing', keys.size > 0);
      for (const [key, row] of shown) row.mark(keys.has(key));
    },
    /**
     * @param {import('./state.js').State} state @param {Rows} wanted @param {number} at Unix ms
     * @param {{grid: boolean, words: string, more: boolean}} look words: of the search that found
     *   these; more: whether it would find more
     */
    update(state, wanted, at, look) {
      now = at;
      root.hidden = state.phase !== 'ready' || wanted.length === 0;
      const place = `${state.dir} ${look.grid} ${look.words}`;
      if (place !== where) {
        where = place;
        shown.clear();
        // Those of a grid have a width of their own.
        pool.length = 0;
        unseen.clear();
        thumbs.clear();
        list.replaceChildren();
        list.classList.toggle('is-grid', look.grid);
        root.classList.toggle('is-gridded', look.grid);
        tick = state.tick;
        waiting = null;
        all = [];
        places = new Map();
      }
      if (root.hidden) wanted = [];
      else measure();
      if (mustWait(wanted)) {
        // In its place, each row still tells what is new.
        const fresh = new Map(wanted.map((row) => [row.entry.key, row]));
        for (const [key, row] of shown) {
          const next = fresh.get(key);
          row.element.classList.toggle('is-gone', next === undefined);
          if (next !== undefined) row.update(next.entry, next.incoming, now);
        }
        label();
        waiting = () => listing.update(state, wanted, at, look);
        return;
      }
      waiting = null;
      // It may be back.
      for (const { element } of shown.values()) element.classList.remove('is-gone');
      take(wanted);
      tick = state.tick;
      const folder = state.dir === '' ? texts.home : plain(nameOf(state.dir));
      setAttribute(list, 'aria-label', texts.list_of(folder));
      const told = [texts.items(wanted.length, format.count(wanted.length))];
      if (look.more) told.push(texts.found_more);
      else if (state.free_bytes !== null) told.push(texts.free(format.size(state.free_bytes)));
      setText(find(root, '.total'), told.join(' · '));
    },
  };
  const gestures = mountGestures(root, listing, on);
  return listing;
}

let shifting = 0;
/** Lets rows glide to their new places, this once: scrolling draws rows where they are. */
function shift(/** @type {HTMLElement} */ list) {
  clearTimeout(shifting);
  list.classList.add('is-shifting');
  shifting = setTimeout(() => list.classList.remove('is-shifting'), 220);
}
