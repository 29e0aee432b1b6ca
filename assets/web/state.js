// What does the shown folder hold, after this listing and these events?
//
// A pure reducer: no DOM, no fetch, no clock. Listings and events may come in any order that a
// network can make of them; the result is always what the disk holds once both have been seen.

import { canonical, isWithin, join, keyOf, encodeName, nameOf, parentOf } from './paths.js';
import { BY_NAME, comparing, ordered } from './order.js';

/**
 * @typedef {'file' | 'folder' | 'link' | 'other'} Kind
 * @typedef {object} Entry
 * @property {string} key percent-encoded path, exact; see paths.js
 * @property {string} name to be shown, lossy where it is not UTF-8
 * @property {Kind} kind
 * @property {number | null} size bytes; null where it is not known yet
 * @property {number | null} modified Unix milliseconds; null where it is not known yet
 * @property {number} touched the tick at which it last changed before the reader's eyes, else 0
 * @property {string} [where] the folder it lies in, of what a search has found
 *
 * @typedef {object} Incoming somebody's upload that is under way
 * @property {string} key where it will stand
 * @property {number} received bytes
 * @property {number | null} size bytes; null when the sender did not say
 * @property {number} bytes_per_second
 * @property {boolean} paused
 *
 * @typedef {{name: string, data: any, id: string | null, now: number}} LiveEvent now in Unix ms
 * @typedef {{name: string, href?: string, kind: Kind, size: number, modified: number}} Listed
 * @typedef {{event_id: string, free_bytes?: number, entries: Listed[]}} Listing
 *
 * @typedef {object} State
 * @property {string} dir the key of the folder shown
 * @property {'loading' | 'ready' | 'missing' | 'offline' | 'failed'} phase
 * @property {string | null} code the server's error code when phase is failed
 * @property {ReadonlyMap<string, Entry>} entries by key
 * @property {ReadonlyMap<string, Incoming>} incoming by upload id
 * @property {number | null} free_bytes
 * @property {'connecting' | 'live' | 'reconnecting' | 'offline' | 'crowded'} link
 * @property {number} tick counts the events that changed something
 * @property {LiveEvent[] | null} pending events since a listing was asked for; null when none is
 * @property {boolean} wanting whether only a new listing can say what is there
 * @property {string | null} moved_to where the folder itself went
 *
 * @typedef {{type: 'opened', dir: string, known?: State}
 *   | {type: 'listing'}
 *   | {type: 'listed', dir: string, listing: Listing}
 *   | {type: 'unlisted', dir: string, reason: State['phase'], code: string | null}
 *   | {type: 'link', link: State['link']}
 *   | {type: 'event', event: LiveEvent}} Action
 */

/** @param {string} dir @returns {State} */
export function initial(dir) {
  return {
    dir,
    phase: 'loading',
    code: null,
    entries: new Map(),
    incoming: new Map(),
    free_bytes: null,
    link: 'connecting',
    tick: 0,
    pending: null,
    wanting: false,
    moved_to: null,
  };
}

/** @param {State} state @param {Action} action @returns {State} the same one if nothing changed */
export function reduce(state, action) {
  switch (action.type) {
    case 'opened':
      return opened(state, action.dir, action.known);
    case 'listing':
      return { ...state, pending: [], wanting: false };
    case 'listed':
      return action.dir === state.dir ? listed(state, action.listing) : state;
    case 'unlisted':
      return action.dir === state.dir ? unlisted(state, action.reason, action.code) : state;
    case 'link':
      return linked(state, action.link);
    case 'event': {
      const next = happened(state, action.event);
      if (state.pending === null || action.event.name === 'progress') return next;
      return { ...next, pending: [...state.pending, action.event] };
    }
  }
}

/** @param {State} state @param {string} dir @param {State} [known] what was last seen there */
function opened(state, dir, known) {
  const start = { ...initial(dir), link: state.link, tick: state.tick };
  if (known === undefined || known.phase !== 'ready') return start;
  return { ...start, phase: /** @type {const} */ ('ready'), entries: known.entries,
    free_bytes: known.free_bytes };
}

/**
 * Takes a listing over what was shown before. An event that came while the listing was on its way
 * may be newer than it: those are played again on top, so that no listing undoes an event.
 * @param {State} state @param {Listing} listing @returns {State}
 */
function listed(state, listing) {
  const merging = state.phase === 'ready';
  const tick = state.tick + 1;
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  for (const { name, href, kind, size, modified } of listing.entries) {
    const key = href === undefined ? join(state.dir, encodeName(name)) : canonical(href);
    const before = state.entries.get(key);
    if (before !== undefined && alike(before, { kind, size, modified })) {
      entries.set(key, before);
    } else {
      entries.set(key, { key, name, kind, size, modified, touched: merging ? tick : 0 });
    }
  }
  const missed = (state.pending ?? []).filter(
    (event) => event.id === null || event.id > listing.event_id,
  );
  /** @type {State} */
  const fresh = { ...state, phase: 'ready', code: null, entries, tick, pending: null,
    free_bytes: listing.free_bytes ?? null, moved_to: null };
  return missed.reduce(happened, fresh);
}

/** @param {State} state @param {State['phase']} reason @param {string | null} code */
function unlisted(state, reason, code) {
  // A list that was right a moment ago is worth more than a notice in its place: it stays, and the
  // sign tells that it may be old. Only a folder that is gone takes its list along.
  if (state.phase === 'ready' && reason !== 'missing') return { ...state, pending: null };
  return { ...state, phase: reason, code, pending: null, entries: new Map(), incoming: new Map() };
}

/** @param {State} state @param {State['link']} link @returns {State} */
function linked(state, link) {
  if (state.link === link) return state;
  // Progress is never replayed: what was under way when the line broke may be over by now.
  return { ...state, link, incoming: link === 'live' ? state.incoming : new Map() };
}

/** @param {State} state @param {LiveEvent} event @returns {State} */
function happened(state, { name, data, now }) {
  switch (name) {
    case 'upload':
    case 'update':
      return put(arrived(state, keyOf(data)), keyOf(data), 'file', data.size, data.modified);
    case 'folder':
      return put(state, keyOf(data), 'folder', 0, now);
    case 'delete':
      return gone(state, keyOf(data), null);
    case 'move':
      return moved(state, keyOf({ path: data.from, href: data.from_href }), keyOf(data), data.kind);
    case 'progress':
      return progressed(state, data);
    case 'reset':
      return { ...state, wanting: true };
    default:
      return state;
  }
}

/** What stands complete is no longer on its way. @param {State} state @param {string} key */
function arrived(state, key) {
  const left = [...state.incoming].filter(([, incoming]) => incoming.key !== key);
  return left.length === state.incoming.size ? state : { ...state, incoming: new Map(left) };
}

/**
 * @param {State} state @param {string} key @param {Kind} kind
 * @param {number | null} size @param {number | null} modified
 * @returns {State}
 */
function put(state, key, kind, size, modified) {
  // The folder on show came back, or something stands where it was: only a listing can tell.
  if (key === state.dir && key !== '') {
    return state.phase === 'missing' ? { ...state, wanting: true } : state;
  }
  if (parentOf(key) !== state.dir || state.phase !== 'ready') return state;
  const before = state.entries.get(key);
  if (before?.kind === 'folder' && kind === 'folder') return state;
  if (before !== undefined && alike(before, { kind, size, modified })) return state;
  const tick = state.tick + 1;
  const entries = new Map(state.entries);
  entries.set(key, { key, name: nameOf(key), kind, size, modified, touched: tick });
  return { ...state, entries, tick };
}

/** @param {State} state @param {string} key @param {string | null} moved_to @returns {State} */
function gone(state, key, moved_to) {
  if (key !== '' && isWithin(state.dir, key)) {
    const below = state.dir.slice(key.length);
    return { ...state, phase: 'missing', entries: new Map(), incoming: new Map(),
      moved_to: moved_to === null ? null : `${moved_to}${below}` };
  }
  if (!state.entries.has(key)) return state;
  const entries = new Map(state.entries);
  entries.delete(key);
  return { ...state, entries, tick: state.tick + 1 };
}

/** @param {State} state @param {string} from @param {string} to @param {Kind} kind */
function moved(state, from, to, kind) {
  const before = state.entries.get(from);
  const left = gone(state, from, to);
  if (parentOf(to) !== state.dir || left.phase !== 'ready') return left;
  if (before !== undefined) {
    const after = put(left, to, before.kind, before.size, before.modified);
    // Our listing may have shown it where it went already, and another where it was.
    return state.entries.has(to) ? { ...after, wanting: true } : after;
  }
  // The event of a move has no size: what came from elsewhere shows at once, the rest follows.
  if (state.entries.get(to)?.kind === kind) return { ...left, wanting: true };
  return { ...put(left, to, kind, null, null), wanting: true };
}

/** @param {State} state @param {any} data @returns {State} */
function progressed(state, data) {
  const key = keyOf(data);
  const over = data.state === 'done' || data.state === 'failed' || parentOf(key) !== state.dir;
  if (over && !state.incoming.has(data.upload)) return state;
  const incoming = new Map(state.incoming);
  if (over) {
    incoming.delete(data.upload);
  } else {
    incoming.set(data.upload, { key, received: data.received, size: data.size ?? null,
      bytes_per_second: data.bytes_per_second, paused: data.state === 'paused' });
  }
  return { ...state, incoming };
}

/** @param {Entry} entry @param {Pick<Entry, 'kind' | 'size' | 'modified'>} other */
function alike(entry, other) {
  return entry.kind === other.kind && entry.size === other.size
    && entry.modified === other.modified;
}

/**
 * The rows to show: what stands there, and in its place among it what is on its way.
 * @param {State} state
 * @param {ReadonlySet<string>} own keys of this page's own uploads, which are shown elsewhere
 * @param {import('./order.js').Sort} [sort]
 * @returns {{entry: Entry, incoming: Incoming | null}[]}
 */
export function rows(state, own, sort) {
  /** @type {Map<string, Incoming>} */
  const arriving = new Map();
  for (const incoming of state.incoming.values()) {
    if (!own.has(incoming.key)) arriving.set(incoming.key, incoming);
  }
  /** @type {{entry: Entry, incoming: Incoming | null}[]} */
  const list = ordered(state.entries, sort).map((entry) => (
    { entry, incoming: arriving.get(entry.key) ?? null }
  ));
  const before = list.length;
  for (const incoming of arriving.values()) {
    if (state.entries.has(incoming.key)) continue;
    const { key } = incoming;
    list.push({ incoming,
      entry: { key, name: nameOf(key), kind: 'file', size: null, modified: null, touched: 0 } });
  }
  if (list.length === before) return list;
  const order = comparing(sort ?? BY_NAME);
  return list.sort((a, b) => order(a.entry, b.entry));
}
