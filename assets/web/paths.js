// What is the address of a name, and what is the name of an address?
//
// Inside the page every path is held percent-encoded ("a key"): one exact spelling per path, also
// for names that are not UTF-8, which no JavaScript string can hold. Keys go into URLs as they are
// and are decoded only to be shown. A key is relative to the share and has no leading slash; the
// root is "". This file knows no DOM and no server.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const KEPT = new Set(encoder.encode(
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()",
));

/** @param {Uint8Array | number[]} bytes @returns {string} the bytes, percent-encoded */
function encodeBytes(bytes) {
  let text = '';
  for (const byte of bytes) {
    text += KEPT.has(byte)
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/** @param {string} text @returns {Uint8Array} its bytes; a `%` that starts no escape is itself */
function decodeBytes(text) {
  const source = encoder.encode(text);
  const bytes = [];
  for (let at = 0; at < source.length; at += 1) {
    const hex = source[at] === 0x25 ? String.fromCharCode(...source.subarray(at + 1, at + 3)) : '';
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      bytes.push(parseInt(hex, 16));
      at += 2;
    } else {
      bytes.push(source[at]);
    }
  }
  return Uint8Array.from(bytes);
}

/** @param {string} name one segment, plain @returns {string} its key */
export function encodeName(name) {
  return encodeBytes(encoder.encode(name));
}

/** @param {string} path plain, `/`-separated @returns {string} its key */
export function encodePath(path) {
  return path.split('/').map(encodeName).join('/');
}

/** @param {string} key @returns {Uint8Array} the path as the server's disk has it */
export const bytesOf = (key) => decodeBytes(key);

/** @param {string} segment one encoded segment @returns {string} to show; lossy if not UTF-8 */
export function decodeName(segment) {
  return decoder.decode(decodeBytes(segment));
}

/**
 * The one spelling of an encoded path, whoever encoded it. Empty and dot segments are dropped: a
 * browser would resolve them before the server could refuse them.
 * @param {string} encoded
 * @returns {string} a key
 */
export function canonical(encoded) {
  return encoded
    .split('/')
    .map((segment) => encodeBytes(decodeBytes(segment)))
    .filter((segment) => !['', '.', '..'].includes(segment))
    .join('/');
}

/**
 * The key of something the server names: `href` is exact where `path` is not UTF-8.
 * @param {{path: string, href?: string}} named
 */
export function keyOf({ path, href }) {
  return href === undefined ? encodePath(path) : canonical(href);
}

/** @param {string} key @returns {string} the folder it lies in */
export function parentOf(key) {
  return key.slice(0, Math.max(0, key.lastIndexOf('/')));
}

/** @param {string} key @returns {string} its last segment, decoded to be shown */
export function nameOf(key) {
  return decodeName(key.slice(key.lastIndexOf('/') + 1));
}

/** @param {string} dir @param {string} segment encoded @returns {string} */
export function join(dir, segment) {
  return dir === '' ? segment : `${dir}/${segment}`;
}

/** @param {string} key @param {string} dir @returns {boolean} whether key is dir or below it */
export function isWithin(key, dir) {
  return dir === '' || key === dir || key.startsWith(`${dir}/`);
}

/** @param {string} key @returns {string[]} the keys of the folders on the way, root first */
export function trail(key) {
  const keys = [''];
  for (const segment of key.split('/')) {
    if (segment !== '') keys.push(join(keys[keys.length - 1], segment));
  }
  return keys;
}

/**
 * What a page's address names. Read raw: URLSearchParams would lose bytes. No name holds a slash,
 * so an encoded one parts folders, as whoever encodes the whole value means it.
 * @param {string} search `location.search` @param {string} field
 * @returns {string | null} a key; null where the address does not say
 */
function keyOfSearch(search, field) {
  const found = new RegExp(`[?&]${field}=([^&]*)`).exec(search);
  if (found === null) return null;
  return canonical(found[1].replaceAll('+', '%20').replace(/%2f/gi, '/'));
}

/** @param {string} search @returns {string | null} the file to be looked at */
export const fileOfSearch = (search) => keyOfSearch(search, 'file') || null;

/** @param {string} search @returns {string} the folder to be shown: that of the file, if any */
export function dirOfSearch(search) {
  const file = fileOfSearch(search);
  return file === null ? keyOfSearch(search, 'dir') ?? '' : parentOf(file);
}

/**
 * Whether a name can stand in an address: a browser would resolve the dots by itself, and a slash
 * would part folders.
 * @param {string} name
 */
export function isName(name) {
  return !['', '.', '..'].includes(name) && !/[/\0]/.test(name)
    && encoder.encode(name).length <= 255;
}

// Addresses are relative to the document, so the page works below any base path.

/** @param {string} key */
export const pageUrl = (key) => (key === '' ? './' : `./?dir=${key}`);

/** @param {string} key of a file to be looked at */
export const viewUrl = (key) => `./?file=${key}`;

/** @param {string} key */
export const fileUrl = (key) => `files/${key}`;

/** @param {string} key */
export const downloadUrl = (key) => `download/${key}`;
