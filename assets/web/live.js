// Is the stream still alive, and when is it opened anew?
//
// A phone that slept, a router that forgot a connection and a server that restarted all leave a
// stream that looks open and is dead. Silence tells: the server beats every 15 s. Every opening
// asks for what came after the newest event seen, so nothing is lost in between. This file sees
// neither the network nor the events' meaning; clock and chance come in as arguments.

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds
 * @property {(run: () => void, ms: number) => any} set
 * @property {(timer: any) => void} clear
 */

/** Three beats missed. */
export const SILENCE_MS = 45_000;
/** One beat missed: enough to doubt a stream when the page wakes up. */
const DOUBT_MS = 20_000;
const BACK_OFF_MS = [500, 1000, 2000, 4000, 8000, 15_000];
/** So many failures in a row are called offline rather than reconnecting. */
const OFFLINE_FAILURES = 3;

/**
 * @param {object} needs
 * @param {import('./stream.js').Open} needs.open
 * @param {(name: string, data: any, id: string | null) => void} needs.onEvent
 * @param {(link: import('./state.js').State['link']) => void} needs.onLink
 * @param {Clock} needs.clock
 * @param {() => number} needs.chance 0 to 1
 */
export function createLive({ open, onEvent, onLink, clock, chance }) {
  /** @type {string | null} */
  let dir = null;
  /** @type {string | null} */
  let last_id = null;
  /** @type {(() => void) | null} */
  let close = null;
  let opening = 0;
  let failures = 0;
  let heard_at = 0;
  let timer = null;

  const wait = (run, ms) => {
    clock.clear(timer);
    timer = clock.set(run, ms);
  };

  const shut = () => {
    clock.clear(timer);
    opening += 1;
    close?.();
    close = null;
  };

  const watch = () => {
    const quiet_ms = clock.now() - heard_at;
    if (quiet_ms < SILENCE_MS) {
      wait(watch, SILENCE_MS - quiet_ms);
    } else {
      onLink('reconnecting');
      connect();
    }
  };

  const connect = () => {
    shut();
    if (dir === null) return;
    // A stream that was closed may still have events queued: only the newest opening is heard.
    const mine = opening;
    heard_at = clock.now();
    close = open(dir, last_id, {
      event: (name, data, id) => {
        if (mine !== opening) return;
        heard_at = clock.now();
        if (name === 'ready' || name === 'reset') last_id = data.event_id;
        if (id !== null) last_id = id;
        onEvent(name, data, id);
        if (name === 'ready') {
          failures = 0;
          onLink('live');
        }
      },
      failed: () => {
        if (mine === opening) fail();
      },
    });
    wait(watch, SILENCE_MS);
  };

  const fail = () => {
    shut();
    const step = BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)];
    failures += 1;
    onLink(failures >= OFFLINE_FAILURES ? 'offline' : 'reconnecting');
    // Spread out, or every phone of the house knocks in the same second after a restart.
    wait(connect, step * (0.75 + 0.5 * chance()));
  };

  return {
    /** Streams a folder from an event on. @param {string} to @param {string} from_id */
    follow(to, from_id) {
      dir = to;
      last_id = from_id;
      connect();
    },
    /** Ends the stream; nothing is followed until `follow`. */
    stop() {
      dir = null;
      shut();
    },
    /** The page is going to sleep: gives the connection back, and remembers where it was. */
    sleep() {
      shut();
    },
    /** The page woke up or the network came back: opens anew if there is any doubt. */
    wake() {
      const quiet_ms = clock.now() - heard_at;
      if (dir !== null && (close === null || quiet_ms > DOUBT_MS)) connect();
    },
    /** The network is said to be gone: no stream can be alive. */
    lose() {
      if (dir === null) return;
      shut();
      onLink('offline');
      wait(connect, BACK_OFF_MS[BACK_OFF_MS.length - 1]);
    },
  };
}
