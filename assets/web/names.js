// How does a name look that was chosen to deceive?
//
// A line break, a control character, a space at an edge or an invisible mark that turns text round
// is shown as a sign of its own, so that two different names never look alike and no name can lie
// about its extension. Produces text parts only; it makes no elements and no HTML.

/** @typedef {{text: string, sign: boolean}} Part a sign stands for a character one cannot see */

const TURNING = new Map([
  ['\u061c', 'ALM'], ['\u200e', 'LRM'], ['\u200f', 'RLM'], ['\u202a', 'LRE'], ['\u202b', 'RLE'],
  ['\u202c', 'PDF'], ['\u202d', 'LRO'], ['\u202e', 'RLO'], ['\u2066', 'LRI'], ['\u2067', 'RLI'],
  ['\u2068', 'FSI'], ['\u2069', 'PDI'], ['\u200b', 'ZWSP'], ['\u2060', 'WJ'], ['\ufeff', 'BOM'],
  ['\u00ad', 'SHY'], ['\u2028', 'LS'], ['\u2029', 'PS'],
]);
const CONTROLS = '\\u0000-\\u001f\\u007f-\\u009f';
const HIDDEN = new RegExp(`^ +| +$|[${CONTROLS}${[...TURNING.keys()].join('')}]`, 'gu');

/** @param {string} found what HIDDEN matched @returns {string} */
function signOf(found) {
  if (found[0] === ' ') return '␣'.repeat(found.length);
  const code = found.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '␡';
  return `[${TURNING.get(found) ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`}]`;
}

/** @param {string} name @returns {Part[]} never empty strings */
export function parts(name) {
  /** @type {Part[]} */
  const found = [];
  let at = 0;
  for (const match of name.matchAll(HIDDEN)) {
    if (match.index > at) found.push({ text: name.slice(at, match.index), sign: false });
    found.push({ text: signOf(match[0]), sign: true });
    at = match.index + match[0].length;
  }
  if (at < name.length) found.push({ text: name.slice(at), sign: false });
  return found;
}

/** @param {string} name @returns {string} the same as one line of plain text, for titles */
export function plain(name) {
  return parts(name).map((part) => part.text).join('');
}

/** Letters before the extension that stay in sight with it: numbers of photos, dates, versions. */
const TAIL = 5;
/** Shorter names fit, and a cut would only cost the browser its kerning. */
const LONG = 18;
/** What joins its neighbours, or turns the line round: there a cut would change how it reads. */
const UNCUT = new RegExp('[\\u0300-\\u036f\\u0590-\\u08ff\\u0e00-\\u0fff\\u200c-\\u206f'
  + '\\ud800-\\udfff\\ufb1d-\\ufeff]');

/**
 * Where a long name may be cut: in the middle, so that its end and its extension stay in sight.
 * @param {string} name
 * @returns {[stem: string, extension: string]} together the name
 */
export function split(name) {
  const found = /^(.+?)(\.[A-Za-z0-9]{1,8})$/su.exec(name);
  const [stem, extension] = found === null ? [name, ''] : [found[1], found[2]];
  const cuts = stem.length < LONG || UNCUT.test(stem) ? [] : [TAIL, TAIL - 1, TAIL - 2];
  // A space at an edge would be shown as a sign.
  const cut = cuts.find((letters) => !stem.slice(-letters - 1, 1 - letters).includes(' '));
  if (cut === undefined) return [stem, extension];
  return [stem.slice(0, -cut), `${stem.slice(-cut)}${extension}`];
}
