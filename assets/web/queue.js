// Which files are sent now, which wait, and how fast is it going?
//
// At most three requests at once: a browser keeps six connections to one server, and listing,
// stream and downloads need theirs. A large file goes in pieces; small ones go together, many to a
// request.
//
// Knows no DOM and no network; sending, clock and news come in as arguments.

import { encodePath, join } from './paths.js';
import { PIECE_BYTES } from './pieces.js';

export const SENDING_MAX = 3;
/** Speed is measured over the last few seconds: long enough to be calm, short enough to be true. */
const PACE_MS = 4000;
/** Files of one request: enough that its cost is nothing, few enough to see them arrive. */
const TOGETHER_MAX = 50;
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
 * @property {'waiting' | 'sending' | 'finishing' | 'stalled' | 'paused' | 'failed'} state
 *   finishing: no answer yet; stalled: it waits for the line to come back
 * @property {boolean} in_pieces whether it can be paused
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
 * @param {(files: import('./pieces.js').What[], on: {progress: (sent: number) => void,
 *   done: () => void, failed: (error: {code: string}) => void}) => () => void} needs.send
 * @param {(what: import('./pieces.js').What, on: import('./pieces.js').On) =>
 *   {stop: () => void, cancel: () => void, wake: () => void}} needs.sendPieces
 * @param {() => number} needs.now milliseconds
 * @param {() => void} needs.onChange
 * @param {(files: number) => void} needs.onFinish a batch ended, so many files arrived
 */
export function createQueue({ send, sendPieces, now, onChange, onFinish }) {
  /**
   * @typedef {{stop: () => void, cancel: () => void, wake: () => void}} Transfer
   * @typedef {Item & {file: File, alone: boolean, transfer: Transfer | null,
   *   marks: [number, number][]}} Entry
   */
  /** @type {Entry[]} */
  let items = [];
  let next_id = 1;
  let files_done = 0;
  let bytes_done = 0;
  /** @type {Map<string, number>} keys of what arrived, and when */
  const settling = new Map();

  /** @param {Entry} item @param {number} sent */
  const reach = (item, sent) => {
    item.sent = Math.min(sent, item.size);
    item.state = sent >= item.size ? 'finishing' : 'sending';
    pace(item, now());
  };

  /** @param {Entry} item */
  const arrived = (item) => {
    files_done += 1;
    bytes_done += item.size;
    settling.set(item.key, now());
    items = items.filter((other) => other !== item);
  };

  /** @param {Entry[]} group */
  const begin = (group) => {
    for (const item of group) {
      Object.assign(item, { state: 'sending', code: null, bytes_per_second: 0,
        marks: [[now(), item.sent]] });
    }
  };

  /** @param {Entry} item */
  const startPieces = (item) => {
    begin([item]);
    item.transfer = sendPieces(item, {
      progress: (sent) => {
        // What had arrived before is no speed.
        if (item.marks.length === 1) item.marks = [[now(), Math.min(sent, item.size)]];
        reach(item, sent);
        onChange();
      },
      stalled: () => {
        Object.assign(item, { state: 'stalled', bytes_per_second: 0, marks: [[now(), item.sent]] });
        onChange();
      },
      done: () => {
        arrived(item);
        go();
      },
      failed: ({ code }) => {
        Object.assign(item, { state: 'failed', code, transfer: null });
        go();
      },
    });
  };

  /** @param {Entry[]} group small files of one folder */
  const startTogether = (group) => {
    for (const item of group) item.sent = 0;
    begin(group);
    const end = send(group, {
      progress: (sent) => {
        let left = sent;
        for (const item of group) {
          reach(item, Math.min(left, item.size));
          left = Math.max(0, left - item.size);
        }
        onChange();
      },
      done: () => {
        group.forEach(arrived);
        go();
      },
      failed: ({ code }) => {
        for (const item of group) {
          // One that cannot be taken must not keep the others: each is tried by itself.
          const again = group.length > 1 && code !== 'unreachable';
          Object.assign(item, { state: again ? 'waiting' : 'failed', code: again ? null : code,
            alone: true, transfer: null, sent: 0 });
        }
        go();
      },
    });
    const stop = () => {
      end();
      for (const item of group) {
        if (isSending(item)) Object.assign(item, { state: 'waiting', transfer: null, sent: 0 });
      }
    };
    for (const item of group) item.transfer = { stop, cancel: stop, wake: () => {} };
  };

  /** The files that go with one. @param {Entry} first @returns {Entry[]} */
  const together = (first) => {
    if (first.alone) return [first];
    const group = [];
    let bytes = 0;
    for (const item of items) {
      const fits = item.state === 'waiting' && !item.in_pieces && !item.alone
        && item.dir === first.dir && bytes + item.size <= PIECE_BYTES;
      if (!fits) continue;
      group.push(item);
      bytes += item.size;
      if (group.length === TOGETHER_MAX) break;
    }
    return group;
  };

  const go = () => {
    let sending = new Set(items.filter(isSending).map(({ transfer }) => transfer)).size;
    for (;;) {
      const item = items.find(({ state }) => state === 'waiting');
      if (item === undefined || sending >= SENDING_MAX) break;
      sending += 1;
      if (item.in_pieces) startPieces(item);
      else startTogether(together(item));
    }
    if (!items.some(isBusy)) {
      if (files_done > 0) onFinish(files_done);
      files_done = 0;
      bytes_done = 0;
    }
    onChange();
  };

  return {
    /** @param {string} dir @param {{path: string, file: File}[]} files */
    add(dir, files) {
      for (const { path, file } of files) {
        items.push({ id: next_id, dir, path, file, key: join(dir, encodePath(path)),
          size: file.size, sent: 0, state: 'waiting', code: null, bytes_per_second: 0,
          in_pieces: file.size > PIECE_BYTES, alone: false, transfer: null, marks: [] });
        next_id += 1;
      }
      go();
    },
    /** Stops it, or takes a failed one off the list. @param {number} id */
    cancel(id) {
      const item = items.find((each) => each.id === id);
      if (item === undefined) return;
      items = items.filter((other) => other !== item);
      item.transfer?.cancel();
      go();
    },
    cancelAll() {
      const stopped = items;
      items = [];
      for (const item of stopped) item.transfer?.cancel();
      go();
    },
    /** What has arrived is kept. @param {number} id */
    pause(id) {
      const item = items.find((each) => each.id === id);
      if (item === undefined || !item.in_pieces || item.state === 'failed') return;
      item.transfer?.stop();
      Object.assign(item, { state: 'paused', transfer: null, bytes_per_second: 0 });
      go();
    },
    /** The line may be back: nothing waits any longer. */
    wake() {
      for (const item of items) if (item.state === 'stalled') item.transfer?.wake();
    },
    /** @param {number} [id] all that failed when absent */
    retry(id) {
      for (const item of items) {
        const is_meant = id === undefined ? item.state === 'failed' : item.id === id;
        if (is_meant && ['failed', 'paused'].includes(item.state)) item.state = 'waiting';
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
const isSending = ({ state }) => ['sending', 'finishing', 'stalled'].includes(state);

/** @param {Item} item */
const isBusy = ({ state }) => state !== 'failed' && state !== 'paused';

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
