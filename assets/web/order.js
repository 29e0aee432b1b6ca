// In which order do entries stand?
//
// Folders first, then names as a person sorts them (img2 before img10), in the reader's language.
// The order is total: names that a language holds equal are told apart by their keys, so that two
// screens with the same files show the same list.

/** @typedef {import('./state.js').Entry} Entry */

const collator = new Intl.Collator(undefined, { numeric: true });

/** @param {Entry} a @param {Entry} b @returns {number} */
export function compare(a, b) {
  const byKind = Number(b.kind === 'folder') - Number(a.kind === 'folder');
  if (byKind !== 0) return byKind;
  const byName = collator.compare(a.name, b.name);
  if (byName !== 0) return byName;
  return a.key < b.key ? -1 : Number(a.key > b.key);
}

/** @type {WeakMap<ReadonlyMap<string, Entry>, Entry[]>} */
const sorted = new WeakMap();

/**
 * The entries in order. A map is sorted once: state never changes a map it has given out.
 * @param {ReadonlyMap<string, Entry>} entries
 * @returns {Entry[]} not to be changed
 */
export function ordered(entries) {
  let list = sorted.get(entries);
  if (list === undefined) {
    list = [...entries.values()].sort(compare);
    sorted.set(entries, list);
  }
  return list;
}
