// How does a script listen to the server?
//
// It never reconnects by itself: a browser's own reconnect gives up for good on any refusal and
// cannot tell a dead line from a quiet one. When to open anew is for live.js.

const EVENTS = [
  'upload', 'update', 'delete', 'move', 'folder', 'progress', 'reset', 'ready', 'beat',
];

/**
 * @typedef {object} On
 * @property {(name: string, data: any, id: string | null) => void} event
 * @property {() => void} failed it is over
 *
 * @typedef {(dir: string, last_event_id: string | null, on: On) => () => void} Open
 */

/**
 * Opens the stream of some folders.
 * @param {string[]} dirs keys
 * @param {string | null} last_event_id the newest event already known
 * @param {On} on
 * @param {string} [base] where the server is from here
 * @returns {() => void} closes it
 */
export function openStream(dirs, last_event_id, on, base = '') {
  const query = dirs.map((dir) => `dir=${dir}`);
  if (last_event_id !== null) query.push(`last_event_id=${encodeURIComponent(last_event_id)}`);
  const source = new EventSource(`${base}events?${query.join('&')}`);
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
