// This page's own uploads: what is being sent, how fast, and what did not arrive.
//
// Shows a few rows and counts the rest: somebody sends 400 photos of a holiday from a phone.

import { clone, find, setAttribute, setLabel, setName, setPicture, setProgress, setText }
  from './elements.js';
import { pictureOf } from './kinds.js';
import { errorText } from './lang.js';
import { nameOf, parentOf } from './paths.js';
import { plain } from './names.js';

/**
 * @typedef {import('./queue.js').Item} Item
 * @typedef {import('./queue.js').Snapshot} Snapshot
 * @typedef {object} On
 * @property {(id: number) => void} cancel
 * @property {() => void} cancelAll
 * @property {(id?: number) => void} retry
 * @property {(id: number) => void} pause
 * @property {() => number | null} free bytes on the server's disk, when it was last heard
 */

const FAILED_SHOWN_MAX = 5;
const WAITING_SHOWN_MAX = 2;
const SENDING_SHOWN_MAX = 6;

/** @param {HTMLElement} root @param {import('./row.js').Words} words @param {On} on */
export function mountUploads(root, words, on) {
  const { texts, format } = words;
  const list = find(root, '.upload-rows');
  /** @type {Map<number, ReturnType<typeof mountUpload>>} */
  const shown = new Map();
  find(root, '.cancel-all').addEventListener('click', on.cancelAll);
  find(root, '.retry-all').addEventListener('click', () => on.retry());

  /** @param {Snapshot} snapshot @param {number} failed */
  const drawSummary = (snapshot, failed) => {
    const { files_total, files_done, bytes_total, bytes_sent, bytes_per_second } = snapshot;
    const sending = files_total > 0;
    setText(find(root, '.title'), sending
      ? texts.uploading(format.count(files_done + 1), format.count(files_total))
      : failed > 0 ? texts.uploads_failed(failed, format.count(failed)) : texts.uploads);
    const said = [];
    if (sending) {
      said.push(format.percent(bytes_total === 0 ? 0 : bytes_sent / bytes_total));
      said.push(...paceWords(bytes_total - bytes_sent, bytes_per_second, words));
    }
    setText(find(root, '.summary'), said.join(' · '));
    root.classList.toggle('has-failed', !sending && failed > 0);
    const several = snapshot.items.length > 1;
    find(root, '.retry-all').hidden = failed < 2;
    find(root, '.cancel-all').hidden = !several;
    setText(find(root, '.cancel-all'), sending ? texts.cancel_all : texts.dismiss_all);
  };

  return {
    /** @param {Snapshot} snapshot @param {string} dir the folder on show */
    update(snapshot, dir) {
      const { items } = snapshot;
      root.hidden = items.length === 0;
      const sending = items.filter(({ state }) => state !== 'waiting' && state !== 'failed');
      const waiting = items.filter(({ state }) => state === 'waiting');
      const failed = items.filter(({ state }) => state === 'failed');
      // Of fifty that go together a few are enough.
      const wanted = [...failed.slice(0, FAILED_SHOWN_MAX), ...sending.slice(0, SENDING_SHOWN_MAX),
        ...waiting.slice(0, WAITING_SHOWN_MAX)].sort((a, b) => a.id - b.id);
      const kept = new Set(wanted.map(({ id }) => id));
      for (const [id, row] of shown) {
        if (kept.has(id)) continue;
        row.element.remove();
        shown.delete(id);
      }
      let at = list.firstElementChild;
      for (const item of wanted) {
        let row = shown.get(item.id);
        if (row === undefined) {
          row = mountUpload(item, words, on);
          shown.set(item.id, row);
        }
        if (row.element === at) at = at.nextElementSibling;
        else list.insertBefore(row.element, at);
        row.update(item, dir);
      }
      drawSummary(snapshot, failed.length);
      const hidden = { waiting: waiting.length - WAITING_SHOWN_MAX,
        failed: failed.length - FAILED_SHOWN_MAX };
      const more = [];
      if (hidden.failed > 0) {
        more.push(texts.more_failed(hidden.failed, format.count(hidden.failed)));
      }
      if (hidden.waiting > 0) {
        more.push(texts.more_waiting(hidden.waiting, format.count(hidden.waiting)));
      }
      setText(find(root, '.more'), more.join(', '));
    },
  };
}

/** @param {Item} item @param {import('./row.js').Words} words @param {On} on */
function mountUpload({ id, path }, words, on) {
  const { texts, format } = words;
  const element = clone('upload');
  const bar = find(element, 'progress');
  const retry = find(element, '.retry');
  const cancel = find(element, '.cancel');
  const pause = find(element, '.pause');
  const name = path.slice(path.lastIndexOf('/') + 1);
  const picture = pictureOf({ kind: 'file', name });
  find(element, '.tile').dataset.picture = picture;
  setPicture(find(element, '.tile svg'), picture);
  setName(find(element, '.name'), name);
  setAttribute(bar, 'aria-label', texts.progress_of(plain(name)));
  setLabel(pause, texts.pause_named(plain(name)));
  pause.addEventListener('click', () => on.pause(id));
  retry.addEventListener('click', () => on.retry(id));
  cancel.addEventListener('click', () => on.cancel(id));

  /** @param {Item} item */
  const portion = (item) => format.percent(item.size === 0 ? 0 : item.sent / item.size);

  /** Why it failed; of a full disk also by how much. @param {Item} item */
  const reason = (item) => {
    const free = on.free();
    return item.code === 'no_space' && free !== null && free < item.size
      ? texts.disk_full(format.size(item.size), format.size(free))
      : errorText(texts, item.code ?? 'unreachable');
  };

  /** @param {Item} item @param {string} dir */
  const words_of = (item, dir) => {
    const folder = parentOf(item.key);
    const where = folder === dir ? []
      : [texts.to_folder(folder === '' ? texts.home : plain(nameOf(folder)))];
    switch (item.state) {
      case 'waiting':
        return [texts.waiting, format.size(item.size), ...where];
      case 'finishing':
        return [texts.finishing, ...where];
      case 'stalled':
        return [texts.stalled, texts.of(portion(item), format.size(item.size)), ...where];
      case 'paused':
        return [texts.paused, texts.of(portion(item), format.size(item.size)), ...where];
      case 'failed':
        return [reason(item)];
      case 'sending':
        return [
          texts.of(portion(item), format.size(item.size)),
          ...paceWords(item.size - item.sent, item.bytes_per_second, words), ...where];
    }
  };

  return {
    element,
    /** @param {Item} item @param {string} dir the folder on show */
    update(item, dir) {
      const failed = item.state === 'failed';
      element.dataset.state = item.state;
      const paused = item.state === 'paused';
      retry.hidden = !failed && !paused;
      setLabel(retry, paused ? texts.resume_named(plain(name)) : texts.retry_named(plain(name)));
      pause.hidden = !item.in_pieces || failed || paused;
      setLabel(cancel, failed ? texts.dismiss_named(plain(name)) : texts.cancel_named(plain(name)));
      bar.hidden = failed;
      if (item.state === 'finishing') setProgress(bar, null);
      else setProgress(bar, item.size === 0 ? 0 : item.sent / item.size);
      setText(find(element, '.detail'), words_of(item, dir).join(' · '));
    },
  };
}

/** @param {number} left bytes @param {number} speed @param {import('./row.js').Words} words */
function paceWords(left, speed, { texts, format }) {
  if (speed < 1) return [];
  return [format.speed(speed), texts.time_left(format.span(left / speed))];
}
