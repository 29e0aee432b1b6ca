// How does the page speak to its server?
//
// The only file that knows fetch, XMLHttpRequest and EventSource. It decides nothing: when to ask
// again is for live.js and queue.js. Addresses are relative to the document.

import { fileUrl } from './paths.js';

/** @typedef {import('./state.js').Listing} Listing */

const ANSWER_WAIT_MS = 20_000;
/** A tree that goes to another disk is copied before the answer. */
const LONG_WAIT_MS = 3_600_000;
/** Says that the page asks, which shows a form of its own where a browser would show a dialog. */
export const PAGE = { 'Livedrop-Page': '1' };

/** A refusal, by the server's stable code; `unreachable` is ours, for no answer at all. */
export class ApiError extends Error {
  /**
   * @param {string} code
   * @param {number} status 0 when there was no answer
   * @param {string} message
   */
  constructor(code, status, message) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** @param {number} status @param {string} body @returns {ApiError} */
export function refusal(status, body) {
  if (status === 0) return new ApiError('unreachable', 0, '');
  try {
    const { code, message } = JSON.parse(body).error;
    return new ApiError(String(code), status, String(message));
  } catch {
    // A proxy in between answers in its own way.
    return new ApiError(`http_${status}`, status, '');
  }
}

/** @param {string} url @param {RequestInit} init @returns {Promise<Response>} */
export async function ask(url, init = {}, wait_ms = ANSWER_WAIT_MS) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), wait_ms);
  let response;
  let body = '';
  try {
    const headers = { ...PAGE, ...init.headers };
    response = await fetch(url, { ...init, headers, signal: stop.signal, cache: 'no-store' });
    if (!response.ok) body = await response.text();
  } catch {
    throw new ApiError('unreachable', 0, '');
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok) throw refusal(response.status, body);
  return response;
}

/** Who is signed in: null where there are no accounts. @returns {Promise<{name: string} | null>} */
export const account = async () => (await status()).account ?? null;

/** @param {string} name @param {string} password @returns {Promise<unknown>} */
export const signIn = (name, password) => ask('api/session', {
  method: 'POST',
  body: new URLSearchParams({ name, password }),
});

/** @returns {Promise<unknown>} */
export const signOut = () => ask('api/session', { method: 'DELETE' });

/** @param {string} dir a key @returns {Promise<Listing>} */
export async function list(dir) {
  const response = await ask(`api/list/${dir}`);
  try {
    return await response.json();
  } catch {
    throw new ApiError('unreachable', 0, '');
  }
}

/** @param {string} url @returns {Promise<any>} */
async function json(url) {
  const response = await ask(url);
  return response.json().catch(() => { throw new ApiError('unreachable', 0, ''); });
}

/** @returns {Promise<{read_only: boolean, undo_s?: number,
 *   account?: {name: string} | null, uploads: {upload: string, received: number}[]}>} */
export const status = () => json('api/status');

/**
 * @param {string} dir a key @param {string} words
 * @returns {Promise<{entries: (import('./state.js').Listed & {path: string})[],
 *   truncated: boolean}>}
 */
export const search = (dir, words) => json(`api/search?dir=${dir}&q=${encodeURIComponent(words)}`);

/** @param {string} key @returns {Promise<string | null>} what brings it back */
export async function remove(key) {
  return undoOf(await ask(fileUrl(key), { method: 'DELETE' }));
}

/** @param {string} key @returns {Promise<unknown>} */
export const makeFolder = (key) => ask(fileUrl(key), { method: 'MKCOL' });

/** Never over something that stands there. @param {'MOVE' | 'COPY'} method
 * @param {string} from a key @param {string} to a key @returns {Promise<unknown>} */
export function transfer(method, from, to) {
  const Destination = new URL(fileUrl(to), document.baseURI).href;
  return ask(fileUrl(from), { method, headers: { Destination, Overwrite: 'F' } }, LONG_WAIT_MS);
}

/** @param {string} token @returns {Promise<unknown>} */
export const undo = (token) => ask(`api/undo/${token}`, { method: 'POST' });

/** @param {Response} response */
const undoOf = (response) => response.headers.get('Livedrop-Undo');

/** The first part of a text. @param {string} key @param {number} bytes_max */
export async function text(key, bytes_max) {
  const headers = { Range: `bytes=0-${bytes_max - 1}` };
  try {
    return await (await ask(fileUrl(key), { headers })).arrayBuffer();
  } catch (error) {
    // An empty file has no first byte.
    if (error instanceof ApiError && error.status === 416) return new ArrayBuffer(0);
    throw error;
  }
}

/** The address of a folder for others, and its picture. @param {string} dir a key */
export async function share(dir) {
  const response = await ask(`api/qr.svg?dir=${dir}`);
  const url = response.headers.get('Livedrop-Url') ?? '';
  return { url, picture: URL.createObjectURL(await response.blob()) };
}

/**
 * Sends some files as one request, since only XMLHttpRequest tells how far it has come. They arrive
 * together or not at all.
 * @param {{dir: string, path: string, file: File}[]} files of one folder; path below dir, plain
 * @param {object} on
 * @param {(sent: number) => void} on.progress bytes, the form around the files included
 * @param {() => void} on.done
 * @param {(error: ApiError) => void} on.failed
 * @returns {() => void} stops it; nothing of the files stays on the server
 */
export function upload(files, on) {
  const form = new FormData();
  for (const { path, file } of files) {
    // The field comes before the file, so the server knows the time when the file is complete.
    form.append('modified', String(file.lastModified));
    form.append('file', file, path);
  }
  const request = new XMLHttpRequest();
  request.open('POST', `upload?dir=${files[0].dir}`);
  request.setRequestHeader('Accept', 'application/json');
  for (const [name, value] of Object.entries(PAGE)) request.setRequestHeader(name, value);
  request.upload.addEventListener('progress', (event) => on.progress(event.loaded));
  request.addEventListener('load', () => {
    if (request.status >= 200 && request.status < 300) on.done();
    else on.failed(refusal(request.status, request.responseText));
  });
  request.addEventListener('error', () => on.failed(refusal(0, '')));
  request.send(form);
  return () => request.abort();
}
