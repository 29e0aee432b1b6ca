// One entry of the listing: a file, a folder, or a file that somebody is sending right now.

import {
  clone, find, mayMove, setAttribute, setHidden, setLabel, setPicture, setProgress, setText,
  showName,
} from './elements.js';
import { extensionOf, pictureOf, viewOf } from './kinds.js';
import { plain } from './names.js';
import { downloadUrl, fileUrl, pageUrl, viewUrl } from './paths.js';

/**
 * @typedef {import('./state.js').Entry} Entry
 * @typedef {import('./state.js').Incoming} Incoming
 * @typedef {{texts: import('./lang.js').Texts, format: import('./format.js').Format}} Words
 */

/** @param {Words} words @param {number} tick up to which changes are no news */
export function mountRow({ texts, format }, tick) {
  let since = tick;
  const element = clone('row');
  const name = find(element, '.name');
  const tile = find(element, '.tile');
  const age = find(element, '.age');
  const size = find(element, '.size');
  const download = find(element, '.download');
  const arriving = find(element, '.arriving');
  const buttons = [['.delete', texts.delete], ['.more-acts', texts.more_acts]]
    .map(([selector, label]) => ({ button: find(element, /** @type {string} */ (selector)),
      label: /** @type {(name: string) => string} */ (label) }));
  /** @type {Entry | null} */
  let shown = null;
  /** @type {Incoming | null} */
  let shown_incoming = null;
  let shown_minute = 0;
  /** @type {Entry | null} */
  let labelled = null;

  /** @param {Entry} entry @param {string} picture */
  const kindOf = (entry, picture) => {
    if (entry.where !== undefined) return entry.where;
    if (entry.kind !== 'file') return texts.kinds[entry.kind];
    const extension = extensionOf(entry.name);
    const tells = extension.length < 6 && extension !== 'txt';
    return texts.kind_of(tells ? extension.toUpperCase() : '', texts.kinds[picture]);
  };

  /** @param {Entry} entry */
  const drawEntry = (entry) => {
    const picture = pictureOf(entry);
    element.dataset.key = entry.key;
    element.dataset.kind = entry.kind;
    for (const place of [tile, find(element, '.thumb')]) {
      place.dataset.picture = picture;
      setPicture(find(place, 'svg'), picture);
    }
    element.classList.toggle('is-found', entry.where !== undefined);
    showName(name, entry.name);
    setText(find(element, '.kind'), kindOf(entry, picture));
    setText(size, entry.kind !== 'file' ? texts.kinds[entry.kind]
      : entry.size === null ? '' : format.size(entry.size));
  };

  /** @param {Entry} entry @param {boolean} ghost whether nothing stands there yet */
  const drawLinks = (entry, ghost) => {
    const opens = !ghost && (entry.kind === 'file' || entry.kind === 'folder');
    const target = entry.kind === 'folder' ? pageUrl(entry.key)
      : viewOf(entry.name) === null ? fileUrl(entry.key) : viewUrl(entry.key);
    setAttribute(name, 'href', opens ? target : null);
    setAttribute(name, 'tabindex', opens ? null : '0');
    setAttribute(download, 'href', opens ? downloadUrl(entry.key) : null);
    setHidden(download, !opens);
    for (const { button } of buttons) setHidden(button, ghost);
    tile.disabled = ghost;
  };

  /** @param {Entry} entry @param {number} now */
  const drawAge = (entry, now) => {
    setText(age, entry.modified === null ? '' : format.age(entry.modified, now));
  };

  /** @param {Entry} entry */
  const drawLabels = (entry) => {
    const { modified } = entry;
    const title = plain(entry.name);
    setAttribute(name, 'title', title);
    setAttribute(tile, 'aria-label', texts.select(title));
    setLabel(download, texts.download(title));
    for (const { button, label } of buttons) setLabel(button, label(title));
    setAttribute(age, 'datetime', modified === null ? null : new Date(modified).toISOString());
    setAttribute(age, 'title', modified === null ? null : format.exact(modified));
  };

  /** @param {Incoming | null} incoming */
  const drawIncoming = (incoming) => {
    element.classList.toggle('is-arriving', incoming !== null);
    setHidden(arriving, incoming === null);
    if (incoming === null) return;
    const { received, size: whole, bytes_per_second, paused } = incoming;
    const ratio = whole === null || whole === 0 ? null : Math.min(1, received / whole);
    const said = [
      paused ? texts.arriving_paused : texts.arriving,
      ratio === null ? format.size(received) : format.percent(ratio),
    ];
    if (!paused && bytes_per_second > 0) said.push(format.speed(bytes_per_second));
    setAttribute(find(arriving, 'progress'), 'aria-label', texts.arriving);
    setProgress(find(arriving, 'progress'), ratio);
    setText(find(arriving, '.said'), said.join(' · '));
  };

  return {
    element,
    /** @param {Entry} entry @param {Incoming | null} incoming @param {number} now Unix ms */
    update(entry, incoming, now) {
      const minute = Math.floor(now / 30_000);
      if (entry === shown && incoming === shown_incoming && minute === shown_minute) return;
      const ghost = incoming !== null && entry.modified === null;
      if (entry !== shown) drawEntry(entry);
      drawLinks(entry, ghost);
      drawAge(entry, now);
      drawIncoming(incoming);
      if (entry.touched > (shown?.touched ?? since)) highlight(element);
      shown = entry;
      shown_incoming = incoming;
      shown_minute = minute;
    },
    /** Forgets what it showed: another entry comes into it. @param {number} now_tick */
    reset(now_tick) {
      since = now_tick;
      shown = null;
      shown_incoming = null;
      element.classList.remove('is-fresh', 'is-gone');
    },
    /** @param {boolean} selected */
    mark(selected) {
      element.classList.toggle('is-selected', selected);
      setAttribute(tile, 'aria-checked', String(selected));
    },
    /** @param {number} x pixels @param {number} y pixels @param {number} at */
    place(x, y, at) {
      element.style.transform = `translate(${x}px, ${y}px)`;
      element.classList.toggle('is-first', at === 0);
    },
    /**
     * Writes what is not seen: what the buttons are called, the exact time, the place in the list.
     * A row that flies by goes without, since they take as long as all the rest.
     * @param {number} at @param {number} of
     */
    label(at, of) {
      if (shown !== null && shown !== labelled) drawLabels(shown);
      labelled = shown;
      setAttribute(element, 'aria-posinset', String(at + 1));
      setAttribute(element, 'aria-setsize', String(of));
    },
    /** Takes the row off the screen, after a moment in which one sees which it was. */
    leave() {
      element.classList.add('is-leaving');
      element.inert = true;
      if (!mayMove()) element.remove();
      else {
        const end = () => element.remove();
        const fade = element.animate([{ opacity: 1 }, { opacity: 0 }], { duration: 220 });
        fade.finished.then(end, end);
      }
    },
  };
}

/** @param {HTMLElement} element */
function highlight(element) {
  // The browser starts an animation anew only when it has seen the class gone in between.
  element.classList.remove('is-fresh');
  requestAnimationFrame(() => element.classList.add('is-fresh'));
  element.addEventListener('animationend', () => element.classList.remove('is-fresh'),
    { once: true });
}
