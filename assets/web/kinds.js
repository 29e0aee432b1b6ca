// Which picture stands for an entry, and how can it be looked at?
//
// By kind, and for files by the extension alone: the page never looks into a file to draw a list.
// The names are those of the symbols in index.html and of the colours in rows.css.

/** @typedef {import('./state.js').Kind} Kind */

const BY_EXTENSION = new Map(Object.entries({
  image: 'jpg jpeg png gif webp avif heic heif bmp tif tiff svg ico raw dng cr2 nef arw psd',
  video: 'mp4 m4v mov mkv webm avi mpg mpeg wmv 3gp ts mts',
  audio: 'mp3 m4a aac flac ogg oga opus wav wma aif aiff mid midi',
  document: 'pdf doc docx odt rtf epub mobi azw3 pages ppt pptx odp key',
  sheet: 'xls xlsx ods csv tsv numbers',
  text: 'txt md log nfo ini conf cfg srt vtt',
  code: 'html htm css js mjs ts tsx jsx json xml yaml yml toml rs py c h cpp go java rb php sh sql',
  archive: 'zip tar gz tgz bz2 xz zst 7z rar iso img dmg deb rpm apk jar',
}).flatMap(([kind, extensions]) => extensions.split(' ').map((extension) => [extension, kind])));

/** @param {{kind: Kind, name: string}} entry @returns {string} */
export function pictureOf({ kind, name }) {
  if (kind !== 'file') return kind;
  return BY_EXTENSION.get(extensionOf(name)) ?? 'file';
}

/** What a browser shows by itself. SVG is drawn as a picture, in which nothing can run. */
const VIEWS = new Map(Object.entries({
  image: 'jpg jpeg png gif webp avif svg bmp ico heic',
  video: 'mp4 m4v mov mkv webm ogv 3gp',
  audio: 'mp3 m4a aac flac ogg oga opus wav',
  pdf: 'pdf',
}).flatMap(([view, extensions]) => extensions.split(' ').map((extension) => [extension, view])));

/** @param {string} name @returns {string} in lower case, without its dot; empty for none */
export function extensionOf(name) {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : '';
}

/**
 * HTML is text here, as Markdown is: what somebody has put into the share never runs.
 * @param {string} name
 * @returns {'image' | 'video' | 'audio' | 'pdf' | 'text' | null} null where nothing can show it
 */
export function viewOf(name) {
  const extension = extensionOf(name);
  const view = VIEWS.get(extension);
  if (view !== undefined) return /** @type {any} */ (view);
  const picture = pictureOf({ kind: 'file', name });
  const words = extension === '' || extension === 'csv' || ['text', 'code'].includes(picture);
  return words ? 'text' : null;
}
