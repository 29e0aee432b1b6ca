// How do many tabs live on one stream?
//
// A browser opens six connections to a server and no more; a stream for each tab would use them up,
// and the seventh tab would wait for ever. So one stream carries the folders of all tabs. It is
// opened anew when a tab shows another folder, from the oldest event that any tab has yet to see;
// and each tab is told only what is newer than what it knows. No network and no worker here: both
// come in as arguments.

/** So long without a word from the server, and the stream is doubted; it beats every 15 s. */
const DOUBT_MS = 20_000;
/** So long without a word from a tab, and it is gone; hidden ones are slow to speak. */
const GONE_MS = 200_000;

/**
 * @typedef {object} Tab
 * @property {string} dir what it shows
 * @property {string | null} id the newest event that it knows
 * @property {import('./stream.js').On} on
 * @property {number} seen_at
 */

/**
 * @param {(dirs: string[], id: string | null, on: import('./stream.js').On) => () => void} open
 * @param {() => number} now milliseconds
 */
export function createTabs(open, now) {
  /** @type {Map<unknown, Tab>} */
  const tabs = new Map();
  /** @type {(() => void) | null} */
  let close = null;
  let opening = 0;
  let carried = new Set();
  let ready = false;
  let heard_at = 0;
  /** @type {string | null} the newest event that has come */
  let newest = null;

  const shut = () => {
    opening += 1;
    close?.();
    close = null;
    ready = false;
  };

  /** @param {Tab} tab */
  const tell = (tab, name, data, id) => {
    const is_event = id !== null && name !== 'ready' && name !== 'reset';
    if (is_event && tab.id !== null && id <= tab.id) return;
    if (name === 'ready' && (tab.id === null || data.event_id > tab.id)) tab.id = data.event_id;
    if (is_event) tab.id = id;
    tab.on.event(name, data, id);
  };

  const reopen = () => {
    shut();
    const mine = opening;
    const ids = [...tabs.values()].map(({ id }) => id);
    // One that knows nothing wants nothing of what was.
    const older = (/** @type {any} */ one, /** @type {any} */ other) => (one < other ? one : other);
    const from = ids.includes(null) ? null : ids.reduce(older);
    carried = new Set([...tabs.values()].map(({ dir }) => dir));
    newest = from;
    heard_at = now();
    close = open([...carried].sort(), from, {
      event: (name, data, id) => {
        if (mine !== opening) return;
        heard_at = now();
        const to = id ?? data.event_id ?? null;
        if (to !== null && (newest === null || to > newest)) newest = to;
        if (name === 'ready') ready = true;
        for (const tab of [...tabs.values()]) tell(tab, name, data, id);
      },
      failed: () => {
        if (mine !== opening) return;
        shut();
        for (const tab of [...tabs.values()]) tab.on.failed();
      },
    });
  };

  /** @param {unknown} tab */
  const leave = (tab) => {
    tabs.delete(tab);
    if (tabs.size === 0) shut();
  };

  return {
    /**
     * A tab shows a folder, and knows it as of an event.
     * @param {unknown} tab @param {string} dir @param {string | null} id
     * @param {import('./stream.js').On} on
     */
    follow(tab, dir, id, on) {
      tabs.set(tab, { dir, id, on, seen_at: now() });
      const goes_on = close !== null && carried.has(dir) && id !== null && newest !== null
        && id >= newest && now() - heard_at < DOUBT_MS;
      if (!goes_on) reopen();
      else if (ready) on.event('ready', { event_id: id }, id);
    },
    leave,
    /** A tab is still there. @param {unknown} tab */
    here(tab) {
      const known = tabs.get(tab);
      if (known !== undefined) known.seen_at = now();
      for (const [other, { seen_at }] of tabs) if (now() - seen_at > GONE_MS) leave(other);
    },
  };
}
