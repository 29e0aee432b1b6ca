// In which order do entries stand?
//
// Folders first, then names as a person sorts them (img2 before img10), in the reader's language.
// The order is total: names that a language holds equal are told apart by their keys, so that two
// screens with the same files show the same list.

/** @typedef {import('./state.js').Entry} Entry */

const collator = new Intl.Collator(undefined, { numeric: true });

/** @typedef {{by: 'name' | 'size' | 'age', down: boolean}} Sort down: the other way round */

/** @type {Sort} */
export const BY_NAME = { by: 'name', down: false };

/** @param {Entry} a @param {Entry} b @returns {number} */
export function compare(a, b) {
  const byKind = Number(b.kind === 'folder') - Number(a.kind === 'folder');
  return byKind || byName(a, b);
}

/** @param {Entry} a @param {Entry} b @returns {number} */
function byName(a, b) {
  const order = collator.compare(a.name, b.name);
  if (order !== 0) return order;
  return a.key < b.key ? -1 : Number(a.key > b.key);
}

/** @param {Sort} sort @returns {(a: Entry, b: Entry) => number} folders stay first either way */
export function comparing({ by, down }) {
  const sign = down ? -1 : 1;
  /** @type {(a: Entry, b: Entry) => number} */
  const value = by === 'size'
    // A folder's size is unknown, so that among folders the name decides.
    ? (a, b) => (a.kind === 'folder' ? 0 : (b.size ?? 0) - (a.size ?? 0))
    : by === 'age' ? (a, b) => (b.modified ?? Infinity) - (a.modified ?? Infinity) || 0
      : () => 0;
  return (a, b) => {
    const byKind = Number(b.kind === 'folder') - Number(a.kind === 'folder');
    return byKind || sign * (value(a, b) || (by === 'name' ? byName(a, b) : 0)) || byName(a, b);
  };
}

/** What was sorted last: one change among ten thousand entries must not sort them all again. */
let last = { entries: /** @type {ReadonlyMap<string, Entry>} */ (new Map()),
  list: /** @type {Entry[]} */ ([]), sort: '' };

/**
 * The entries in order. A map is sorted once: state never changes a map it has given out.
 * @param {ReadonlyMap<string, Entry>} entries
 * @param {Sort} [sort]
 * @returns {Entry[]} not to be changed
 */
export function ordered(entries, sort = BY_NAME) {
  const id = `${sort.by} ${sort.down}`;
  if (last.entries === entries && last.sort === id) return last.list;
  const before = comparing(sort);
  let list;
  const kept = last.sort === id
    ? last.list.filter((entry) => entries.get(entry.key) === entry) : [];
  if (kept.length * 2 < entries.size) {
    list = [...entries.values()].sort(before);
  } else {
    const old = new Set(kept);
    list = merged(kept, [...entries.values()].filter((e) => !old.has(e)).sort(before), before);
  }
  last = { entries, list, sort: id };
  return list;
}

/** @param {Entry[]} a @param {Entry[]} b @param {(a: Entry, b: Entry) => number} before */
function merged(a, b, before) {
  const list = [];
  let at = 0;
  for (const entry of b) {
    // By halves: a comparison of names costs more than anything else here.
    let low = at;
    let high = a.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(a[middle], entry) < 0) low = middle + 1;
      else high = middle;
    }
    for (; at < low; at += 1) list.push(a[at]);
    list.push(entry);
  }
  for (; at < a.length; at += 1) list.push(a[at]);
  return list;
}
