// Which entries are selected?
//
// Pure: a selection is a value, and each function makes the next one. The anchor is where a range
// begins that shift extends; it is an entry's key too.

/** @typedef {{keys: ReadonlySet<string>, anchor: string | null}} Selection */

/** @type {Selection} */
export const NOTHING = { keys: new Set(), anchor: null };

/** @param {Selection} from @param {string} key @returns {Selection} */
export function toggled({ keys }, key) {
  const next = new Set(keys);
  if (!next.delete(key)) next.add(key);
  return { keys: next, anchor: key };
}

/**
 * All from the anchor to an entry, in place of what was selected.
 * @param {Selection} from @param {readonly string[]} order keys as they are shown
 * @param {string} key @returns {Selection}
 */
export function extended({ anchor }, order, key) {
  const to = order.indexOf(key);
  const start = anchor === null ? to : order.indexOf(anchor);
  if (start < 0 || to < 0) return { keys: new Set([key]), anchor: key };
  const keys = new Set(order.slice(Math.min(start, to), Math.max(start, to) + 1));
  return { keys, anchor: order[start] };
}

/** Without what is not there any more. @param {Selection} from
 * @param {(key: string) => boolean} isThere @returns {Selection} the same one if nothing went */
export function pruned(from, isThere) {
  const keys = new Set([...from.keys].filter(isThere));
  if (keys.size === from.keys.size) return from;
  return { keys, anchor: from.anchor !== null && isThere(from.anchor) ? from.anchor : null };
}
