// How does the page speak to its server?
//
// The only file that knows fetch, XMLHttpRequest and EventSource. It decides nothing: when to ask
// again is for live.js and queue.js. Addresses are relative to the document.

import { fileUrl } from './paths.js';

/** @typedef {import('./state.js').Listing} Listing */

const ANSWER_WAIT_MS = 20_000;
/** Says that the page asks, which shows a form of its own where a browser would show a dialog. */
const PAGE = { 'Livedrop-Page': '1' };
const EVENTS = [
  'upload', 'update', 'delete', 'move', 'folder', 'progress', 'reset', 'ready', 'beat',
];

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
function refusal(status, body) {
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
async function ask(url, init = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_WAIT_MS);
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

/** @returns {Promise<any>} */
async function readStatus() {
  const response = await ask('api/status');
  return response.json().catch(() => { throw new ApiError('unreachable', 0, ''); });
}

/** Who is signed in: null where there are no accounts. @returns {Promise<{name: string} | null>} */
export const account = async () => (await readStatus()).account ?? null;

/** @param {string} name @param {string} password @returns {Promise<unknown>} */
export const signIn = (name, password) => ask('api/session', {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ name, password }),
});

/** @returns {Promise<unknown>} */
export const signOut = () => ask('api/session', { method: 'DELETE' });

/** What a drop box shows, which is nothing. @param {string} dir @param {ApiError} refused */
async function listDropBox(dir, refused) {
  const { upload_only, event_id, free_bytes } = await readStatus();
  if (!upload_only) throw refused;
  return { path: dir, event_id, free_bytes, entries: [] };
}

/** @param {string} dir a key @returns {Promise<Listing>} */
export async function list(dir) {
  let response;
  try {
    response = await ask(`api/list/${dir}`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 403) throw error;
    return listDropBox(dir, error);
  }
  try {
    return await response.json();
  } catch {
    throw new ApiError('unreachable', 0, '');
  }
}

/** @param {string} key @returns {Promise<void>} */
export async function remove(key) {
  await ask(fileUrl(key), { method: 'DELETE' });
}

/**
 * Sends one file as one request, since only XMLHttpRequest tells how far it has come.
 * @param {{dir: string, path: string, file: File}} what path below dir, plain
 * @param {object} on
 * @param {(sent: number) => void} on.progress bytes, the form around the file included
 * @param {() => void} on.done
 * @param {(error: ApiError) => void} on.failed
 * @returns {() => void} stops it; nothing of the file stays on the server
 */
export function upload({ dir, path, file }, on) {
  const form = new FormData();
  // The field comes before the file, so the server knows the time when the file is complete.
  form.append('modified', String(file.lastModified));
  form.append('file', file, path);
  const request = new XMLHttpRequest();
  request.open('POST', `upload?dir=${dir}`);
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

/**
 * Opens the stream of a folder. It never reconnects by itself: a browser's own reconnect gives up
 * for good on any refusal and cannot tell a dead line from a quiet one.
 * @param {string} dir @param {string | null} last_event_id the newest event already known
 * @param {{event: (name: string, data: any, id: string | null) => void, failed: () => void}} on
 * @returns {() => void} closes it
 */
export function openEvents(dir, last_event_id, on) {
  const after = last_event_id === null ? '' : `&last_event_id=${encodeURIComponent(last_event_id)}`;
  const source = new EventSource(`events?dir=${dir}${after}`);
  for (const name of EVENTS) {
    source.addEventListener(name, (event) => {
      const data = JSON.parse(event.data);
      // The id of somebody else's upload is not told.
      if (name === 'progress') data.upload ??= data.path;
      on.event(name, data, event.lastEventId || null);
    });
  }
  source.addEventListener('error', () => {
    source.close();
    on.failed();
  });
  return () => source.close();
}
