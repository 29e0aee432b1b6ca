// Which files are sent now, which wait, and how fast is it going?
//
// At most three at once: a browser keeps six connections to one server, and listing, stream and
// downloads need theirs. Knows no DOM and no network; sending, clock and news come in as arguments.

import { encodePath, join } from './paths.js';

export const SENDING_MAX = 3;
/** Speed is measured over the last few seconds: long enough to be calm, short enough to be true. */
const PACE_MS = 4000;
/** The stream may still tell of an upload whose answer has already come. */
const SETTLE_MS = 3000;

/**
 * @typedef {object} Item
 * @property {number} id
 * @property {string} dir the key of the folder it goes to
 * @property {string} path below dir, plain
 * @property {string} key where it will stand unless the name is taken
 * @property {number} size bytes
 * @property {number} sent bytes
 * @property {'waiting' | 'sending' | 'finishing' | 'failed'} state finishing: no answer yet
 * @property {string | null} code why it failed
 * @property {number} bytes_per_second
 *
 * @typedef {object} Snapshot
 * @property {readonly Item[]} items in the order in which they were added, without finished ones
 * @property {number} files_total of this batch; a batch ends when nothing waits or is sent
 * @property {number} files_done
 * @property {number} bytes_total
 * @property {number} bytes_sent
 * @property {number} bytes_per_second
 * @property {ReadonlySet<string>} own keys that this page is sending or has just sent
 */

/**
 * @param {object} needs
 * @param {(what: {dir: string, path: string, file: File}, on: {progress: (sent: number) => void,
 *   done: () => void, failed: (error: {code: string}) => void}) => () => void} needs.send
 * @param {() => number} needs.now milliseconds
 * @param {() => void} needs.onChange
 * @param {(files: number) => void} needs.onFinish a batch ended, so many files arrived
 */
export function createQueue({ send, now, onChange, onFinish }) {
  /** @type {(Item & {file: File, stop: (() => void) | null, marks: [number, number][]})[]} */
  let items = [];
  let next_id = 1;
  let files_done = 0;
  let bytes_done = 0;
  /** @type {Map<string, number>} keys of what arrived, and when */
  const settling = new Map();

  const start = (item) => {
    Object.assign(item, { state: 'sending', sent: 0, code: null, bytes_per_second: 0,
      marks: [[now(), 0]] });
    item.stop = send(item, {
      progress: (sent) => {
        item.sent = Math.min(sent, item.size);
        item.state = sent >= item.size ? 'finishing' : 'sending';
        pace(item, now());
        onChange();
      },
      done: () => {
        files_done += 1;
        bytes_done += item.size;
        settling.set(item.key, now());
        drop(item);
      },
      failed: ({ code }) => {
        Object.assign(item, { state: 'failed', code, stop: null });
        go();
      },
    });
  };

  const go = () => {
    let sending = items.filter(isSending).length;
    for (const item of items) {
      if (sending >= SENDING_MAX) break;
      if (item.state !== 'waiting') continue;
      sending += 1;
      start(item);
    }
    if (!items.some(isBusy)) {
      if (files_done > 0) onFinish(files_done);
      files_done = 0;
      bytes_done = 0;
    }
    onChange();
  };

  const drop = (item) => {
    items = items.filter((other) => other !== item);
    go();
  };

  return {
    /** @param {string} dir @param {{path: string, file: File}[]} files */
    add(dir, files) {
      for (const { path, file } of files) {
        items.push({ id: next_id, dir, path, file, key: join(dir, encodePath(path)),
          size: file.size, sent: 0, state: 'waiting', code: null, bytes_per_second: 0, stop: null,
          marks: [] });
        next_id += 1;
      }
      go();
    },
    /** Stops it, or takes a failed one off the list. @param {number} id */
    cancel(id) {
      const item = items.find((each) => each.id === id);
      if (item === undefined) return;
      item.stop?.();
      drop(item);
    },
    cancelAll() {
      const stopped = items;
      items = [];
      for (const item of stopped) item.stop?.();
      go();
    },
    /** @param {number} [id] all that failed when absent */
    retry(id) {
      for (const item of items) {
        if (item.state === 'failed' && (id === undefined || item.id === id)) item.state = 'waiting';
      }
      go();
    },
    /** @returns {boolean} whether leaving the page would lose something */
    busy: () => items.some(isBusy),
    /** @returns {Snapshot} */
    snapshot() {
      const busy = items.filter(isBusy);
      const at = now();
      for (const item of busy) if (isSending(item)) pace(item, at);
      for (const [key, since] of settling) if (at - since > SETTLE_MS) settling.delete(key);
      return {
        items,
        own: new Set([...settling.keys(), ...busy.map(({ key }) => key)]),
        files_done,
        files_total: files_done + busy.length,
        bytes_total: busy.reduce((sum, item) => sum + item.size, bytes_done),
        bytes_sent: busy.reduce((sum, item) => sum + item.sent, bytes_done),
        bytes_per_second: busy.reduce((sum, item) => sum + item.bytes_per_second, 0),
      };
    },
  };
}

/** @param {Item} item */
const isSending = (item) => item.state === 'sending' || item.state === 'finishing';

/** @param {Item} item */
const isBusy = (item) => item.state !== 'failed';

/** @param {Item & {marks: [number, number][]}} item @param {number} at milliseconds */
function pace(item, at) {
  const { marks } = item;
  if (at - marks[marks.length - 1][0] >= 200) marks.push([at, item.sent]);
  while (marks.length > 2 && at - marks[1][0] > PACE_MS) marks.shift();
  const [from_at, from_sent] = marks[0];
  // A waiting item that is retried starts anew, and the first moments say nothing yet.
  const passed_ms = at - from_at;
  item.bytes_per_second = passed_ms < 400 ? 0 : ((item.sent - from_sent) * 1000) / passed_ms;
}
