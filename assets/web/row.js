// One line of the listing: a file, a folder, or a file that somebody is sending right now.

import { clone, find, mayMove, setAttribute, setLabel, setName, setPicture, setProgress, setText }
  from './elements.js';
import { pictureOf } from './kinds.js';
import { plain } from './names.js';
import { downloadUrl, fileUrl, pageUrl } from './paths.js';

/**
 * @typedef {import('./state.js').Entry} Entry
 * @typedef {import('./state.js').Incoming} Incoming
 * @typedef {{texts: import('./lang.js').Texts, format: import('./format.js').Format}} Words
 */

/** @param {Words} words @param {number} since the tick up to which changes are no news */
export function mountRow({ texts, format }, since) {
  const element = clone('row');
  const name = find(element, '.name');
  const age = find(element, '.age');
  const size = find(element, '.size');
  const download = find(element, '.download');
  const remove = find(element, '.delete');
  const arriving = find(element, '.arriving');
  /** @type {Entry | null} */
  let shown = null;
  /** @type {Incoming | null} */
  let shown_incoming = null;
  let shown_minute = 0;

  /** @param {Entry} entry */
  const drawEntry = (entry) => {
    const picture = pictureOf(entry);
    const title = plain(entry.name);
    element.dataset.key = entry.key;
    element.dataset.kind = entry.kind;
    find(element, '.tile').dataset.picture = picture;
    setPicture(find(element, '.tile svg'), picture);
    setName(name, entry.name);
    setLabel(download, texts.download(title));
    setLabel(remove, texts.delete(title));
    if (entry.kind === 'folder') setText(size, texts.folder);
    else if (entry.kind === 'link') setText(size, texts.broken_link);
    else if (entry.kind === 'other') setText(size, texts.special);
    else setText(size, entry.size === null ? '' : format.size(entry.size));
  };

  /** @param {Entry} entry @param {boolean} ghost whether nothing stands there yet */
  const drawLinks = (entry, ghost) => {
    const opens = !ghost && (entry.kind === 'file' || entry.kind === 'folder');
    const target = entry.kind === 'folder' ? pageUrl(entry.key) : fileUrl(entry.key);
    setAttribute(name, 'href', opens ? target : null);
    setAttribute(download, 'href', opens ? downloadUrl(entry.key) : null);
    download.hidden = !opens;
    remove.hidden = ghost;
  };

  /** @param {Entry} entry @param {number} now */
  const drawAge = (entry, now) => {
    const known = entry.modified !== null;
    setText(age, known ? format.age(/** @type {number} */ (entry.modified), now) : '');
    setAttribute(age, 'datetime', known ? new Date(entry.modified ?? 0).toISOString() : null);
    setAttribute(age, 'title', known ? format.exact(entry.modified ?? 0) : null);
  };

  /** @param {Incoming | null} incoming */
  const drawIncoming = (incoming) => {
    element.classList.toggle('is-arriving', incoming !== null);
    arriving.hidden = incoming === null;
    if (incoming === null) return;
    const { received, size: whole, bytes_per_second, paused } = incoming;
    const ratio = whole === null || whole === 0 ? null : Math.min(1, received / whole);
    const said = [
      paused ? texts.arriving_paused : texts.arriving,
      ratio === null ? format.size(received) : format.percent(ratio),
    ];
    if (!paused && bytes_per_second > 0) said.push(format.speed(bytes_per_second));
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
    /** Takes the row off the screen, after a moment in which one sees which it was. */
    leave() {
      element.classList.add('is-leaving');
      element.inert = true;
      if (!mayMove() || !document.body.contains(element)) {
        element.remove();
        return;
      }
      const height = `${element.offsetHeight}px`;
      element.animate(
        [{ opacity: 1, height }, { opacity: 0, height, offset: 0.55 },
          { opacity: 0, height: '0px', minHeight: '0px' }],
        { duration: 380, easing: 'ease-in-out' },
      ).finished.then(() => element.remove(), () => element.remove());
    },
  };
}

/** @param {HTMLElement} element */
function highlight(element) {
  element.classList.remove('is-fresh');
  // Reading a size makes the browser notice the change; only so does the animation start again.
  void element.offsetWidth;
  element.classList.add('is-fresh');
  element.addEventListener('animationend', () => element.classList.remove('is-fresh'),
    { once: true });
}
