// The stream of this tab: its part of the one that all tabs share, or one of its own where the
// browser has no shared workers (Chrome on Android).

import { openStream } from './stream.js';

/** Well within the time after which the worker takes a tab for gone. */
const HERE_MS = 30_000;

/** @returns {{open: import('./stream.js').Open, shared: boolean}} */
export function createShared() {
  /** @type {import('./stream.js').Open} */
  const alone = (dir, id, on) => openStream([dir], id, on);
  if (typeof SharedWorker === 'undefined') return { open: alone, shared: false };
  const worker = new SharedWorker('web/worker.js', 'livedrop');
  const { port } = worker;
  const stream = { open, shared: true };
  let number = 0;
  /** @type {import('./stream.js').On | null} */
  let on = null;
  worker.addEventListener('error', () => {
    // It could not be started: from now on this tab listens for itself.
    stream.open = alone;
    stream.shared = false;
    on?.failed();
  });
  port.onmessage = ({ data: [of, name, data, id] }) => {
    if (of !== number || on === null) return;
    if (name === undefined) on.failed();
    else on.event(name, data, id);
  };
  setInterval(() => port.postMessage([]), HERE_MS);

  /** @type {import('./stream.js').Open} */
  function open(dir, id, listener) {
    number += 1;
    const mine = number;
    on = listener;
    port.postMessage([mine, dir, id]);
    return () => {
      if (mine !== number) return;
      on = null;
      port.postMessage([mine]);
    };
  }
  return stream;
}
