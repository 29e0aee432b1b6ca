// How does the page speak tus 1.0.0, the protocol of uploads that can be resumed?
//
// Beside api.js the only file that knows the network; when to ask again is for pieces.js.

import { ask, PAGE, refusal } from './api.js';
import { bytesOf } from './paths.js';

const VERSION = { 'Tus-Resumable': '1.0.0' };
/** A piece on a slow line takes its time; one of which nothing moves for this long is lost. */
const STILL_MS = 60_000;

/** @param {Uint8Array} bytes */
const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));

/** @param {import('./pieces.js').What} what @returns {Promise<string>} where its bytes go */
export async function create({ dir, path, file }) {
  const metadata = [
    `filename ${base64(new TextEncoder().encode(path))}`,
    `dir ${base64(bytesOf(dir))}`,
    `modified ${btoa(String(file.lastModified))}`,
  ];
  const response = await ask('uploads', { method: 'POST', headers: {
    ...VERSION, 'Upload-Length': String(file.size), 'Upload-Metadata': metadata.join(','),
  } });
  const location = response.headers.get('Location') ?? '';
  // The page may lie below some path that the server does not know of.
  return `uploads/${location.slice(location.lastIndexOf('/') + 1)}`;
}

/** How far it is. @param {string} url */
export async function where(url) {
  const { headers } = await ask(url, { method: 'HEAD', headers: VERSION });
  return { offset: Number(headers.get('Upload-Offset')), published: headers.has('Livedrop-Path') };
}

/** @param {string} url @returns {Promise<unknown>} */
export const remove = (url) => ask(url, { method: 'DELETE', headers: VERSION });

/**
 * Sends the pieces of one upload, one after another; only XMLHttpRequest tells how far it has come.
 * It is one request object for all: a browser keeps what each has sent until it finds the time to
 * look, and that would be the whole file.
 * @returns {import('./pieces.js').Send}
 */
export function sender() {
  const request = new XMLHttpRequest();
  return (url, offset, piece, progress, stop) => new Promise((done, failed) => {
    request.open('PATCH', url);
    request.setRequestHeader('Tus-Resumable', '1.0.0');
    for (const [name, value] of Object.entries(PAGE)) request.setRequestHeader(name, value);
    request.setRequestHeader('Upload-Offset', String(offset));
    request.setRequestHeader('Content-Type', 'application/offset+octet-stream');
    const cut = () => request.abort();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(cut, STILL_MS);
    };
    request.upload.onprogress = ({ loaded }) => {
      alive();
      progress(loaded);
    };
    request.onloadend = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', cut);
      if (request.status === 204) done(Number(request.getResponseHeader('Upload-Offset')));
      else failed(refusal(request.status, request.responseText));
    };
    stop.addEventListener('abort', cut);
    alive();
    request.send(piece);
  });
}
