// How does a large file arrive, whatever happens on the way?
//
// In pieces, each of which the server has for certain before the next is read. A line that breaks,
// a phone that locks and a server that restarts are waited for, with longer and longer pauses; then
// the server is asked how far it is. Only what waiting does not change is a failure. Network,
// clock, chance and memory come in as arguments.

/** A file up to this size goes as a whole, with others like it; a larger one in such pieces. */
export const PIECE_BYTES = 8 * 1024 * 1024;
const BACK_OFF_MS = [500, 1000, 2000, 4000, 8000, 15_000, 30_000];
/** What no second try changes: the statuses of refusals. */
const LASTING = new Set([400, 401, 403, 405, 411, 412, 413, 415, 501, 507]);
const GONE = new Set([404, 410]);

/**
 * @typedef {object} On
 * @property {(sent: number) => void} progress bytes that have arrived, or nearly
 * @property {() => void} stalled it waits for the line to come back
 * @property {() => void} done
 * @property {(error: {code: string}) => void} failed
 *
 * @typedef {(url: string, offset: number, piece: ArrayBuffer, progress: (sent: number) => void,
 *   stop: AbortSignal) => Promise<number>} Send
 *
 * @typedef {object} Tus see tus.js
 * @property {(what: What) => Promise<string>} create
 * @property {(url: string) => Promise<{offset: number, published: boolean}>} ask
 * @property {() => Send} sender
 * @property {(url: string) => Promise<unknown>} remove
 *
 * @typedef {{dir: string, path: string, file: File}} What
 *
 * @typedef {object} Needs
 * @property {Tus} tus
 * @property {ReturnType<typeof import('./unfinished.js').createUnfinished>} unfinished
 * @property {(file: File, where: string) => Promise<string>} fingerprint
 * @property {import('./live.js').Clock} clock
 * @property {() => number} chance 0 to 1
 */

/**
 * @param {What} what @param {On} on @param {Needs} needs
 * @returns {{stop: () => void, cancel: () => void, wake: () => void}} stop keeps what has arrived
 */
export function sendPieces(what, on, { tus, unfinished, fingerprint, clock, chance }) {
  const { dir, path, file } = what;
  const send = tus.sender();
  /** @type {string | null} */
  let mark = null;
  /** @type {string | null} */
  let url = null;
  let ended = false;
  let failures = 0;
  let timer = null;
  let stop = new AbortController();

  /** How far the server is; from here on there is one that knows of it. */
  const begin = async () => {
    mark ??= await fingerprint(file, `${dir}/${path}`);
    url ??= unfinished.find(mark)?.url ?? null;
    if (url !== null) {
      try {
        return await tus.ask(url);
      } catch (error) {
        if (!GONE.has(error.status)) throw error;
        // It was kept for a week, or taken back elsewhere.
        forget();
      }
    }
    url = await tus.create(what);
    unfinished.keep(mark, { url, dir, path, size: file.size, received: 0 });
    return { offset: 0, published: false };
  };

  const forget = () => {
    if (mark !== null) unfinished.forget(mark);
    url = null;
  };

  const run = async () => {
    timer = null;
    stop = new AbortController();
    try {
      let { offset, published } = await begin();
      while (!published && !ended) {
        on.progress(offset);
        const piece = await read(file, offset);
        if (ended) return;
        const start = offset;
        const is_last = start + piece.byteLength === file.size;
        offset = await send(url ?? '', start, piece,
          (sent) => on.progress(start + sent), stop.signal);
        failures = 0;
        unfinished.reach(mark ?? '', offset);
        published = is_last;
      }
      if (ended) return;
      ended = true;
      forget();
      on.done();
    } catch (error) {
      if (!ended) broke(error);
    }
  };

  const broke = (error) => {
    if (GONE.has(error.status)) forget();
    if (LASTING.has(error.status) || error.code === 'unreadable') {
      ended = true;
      on.failed(error);
      return;
    }
    // A conflict is mostly an offset that was passed meanwhile; one that stays, a file in the way.
    if (error.status === 409 && failures > 2) {
      ended = true;
      on.failed(error);
      return;
    }
    const step = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)];
    failures += 1;
    on.stalled();
    // Spread out, or every phone of the house knocks in the same second after a restart.
    timer = clock.set(run, step * (0.75 + 0.5 * chance()));
  };

  const end = () => {
    ended = true;
    clock.clear(timer);
    stop.abort();
  };

  run();
  return {
    stop: end,
    cancel() {
      const given_up = url;
      end();
      forget();
      // What cannot be told now expires there by itself.
      if (given_up !== null) tus.remove(given_up).catch(() => {});
    },
    wake() {
      if (timer === null || ended) return;
      clock.clear(timer);
      failures = 0;
      run();
    },
  };
}

/** @param {File} file @param {number} offset @returns {Promise<ArrayBuffer>} */
async function read(file, offset) {
  try {
    // Read before it is sent: a browser that streams a slice may hold all of the file.
    return await file.slice(offset, offset + PIECE_BYTES).arrayBuffer();
  } catch {
    throw Object.assign(new Error(), { code: 'unreadable', status: -1 });
  }
}
