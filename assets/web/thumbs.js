// Small pictures in the grid, from the files themselves: a few at a time, those in sight only.

import { viewOf } from './kinds.js';
import { fileUrl } from './paths.js';

/** A browser keeps six connections to one server; the stream and the uploads need theirs. */
export const LOADING_MAX = 3;
/** A larger picture would cost a phone more memory than a glance is worth. */
const BYTES_MAX = 24_000_000;

export function mountThumbs() {
  /** @type {Map<Element, {url: string, image: HTMLImageElement | null}>} by row */
  const rows = new Map();
  /** @type {Set<HTMLImageElement>} */
  const loading = new Set();

  const go = () => {
    for (const [row, wanted] of rows) {
      if (loading.size >= LOADING_MAX) return;
      if (wanted.image !== null) continue;
      const image = new Image();
      wanted.image = image;
      loading.add(image);
      image.alt = '';
      image.decoding = 'async';
      image.draggable = false;
      const end = () => {
        loading.delete(image);
        go();
      };
      image.addEventListener('load', () => {
        row.querySelector('.thumb')?.append(image);
        end();
      });
      image.addEventListener('error', end);
      image.src = wanted.url;
    }
  };

  const thumbs = {
    /** @param {Element} row @param {import('./state.js').Entry} entry */
    want(row, entry) {
      if (entry.kind !== 'file' || viewOf(entry.name) !== 'image') return;
      if (entry.modified === null || (entry.size ?? 0) > BYTES_MAX) return;
      const url = `${fileUrl(entry.key)}?v=${entry.modified}`;
      const before = rows.get(row);
      if (before?.url === url) return;
      if (before !== undefined) thumbs.drop(row);
      rows.set(row, { url, image: null });
      go();
    },
    /** @param {Element} row that is not seen any more */
    drop(row) {
      const image = rows.get(row)?.image;
      rows.delete(row);
      if (image == null) return;
      image.remove();
      // An empty address breaks the loading off.
      if (loading.delete(image)) image.src = '';
      go();
    },
    clear() {
      for (const row of [...rows.keys()]) thumbs.drop(row);
    },
  };
  return thumbs;
}
