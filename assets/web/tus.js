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
 * Sends a piece; only XMLHttpRequest tells how far it has come.
 * @param {string} url @param {number} offset @param {ArrayBuffer} piece
 * @param {(sent: number) => void} progress @param {AbortSignal} stop
 * @returns {Promise<number>} the offset after it
 */
export function send(url, offset, piece, progress, stop) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open('PATCH', url);
    request.setRequestHeader('Tus-Resumable', '1.0.0');
    for (const [name, value] of Object.entries(PAGE)) request.setRequestHeader(name, value);
    request.setRequestHeader('Upload-Offset', String(offset));
    request.setRequestHeader('Content-Type', 'application/offset+octet-stream');
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), STILL_MS);
    };
    request.upload.addEventListener('progress', ({ loaded }) => {
      alive();
      progress(loaded);
    });
    request.addEventListener('loadend', () => {
      clearTimeout(timer);
      if (request.status === 204) done(Number(request.getResponseHeader('Upload-Offset')));
      else failed(refusal(request.status, request.responseText));
    });
    stop.addEventListener('abort', () => request.abort());
    alive();
    request.send(piece);
  });
}
