// The one stream of all tabs, in a worker that they share.
//
// A tab says [number, dir, id] to follow a folder, [number] to let go of it, and [] that it is
// still there; the worker answers [number, name, data, id], and [number] when the stream is over.

import { openStream } from './stream.js';
import { createTabs } from './tabs.js';

// A worker's addresses begin at its own file, which lies one folder below the page.
const tabs = createTabs((dirs, id, on) => openStream(dirs, id, on, '../'), () => Date.now());

addEventListener('connect', (event) => {
  const [port] = /** @type {MessageEvent} */ (event).ports;
  port.onmessage = ({ data }) => {
    if (data.length === 0) return tabs.here(port);
    const [number, dir, id] = data;
    if (dir === undefined) return tabs.leave(port);
    tabs.follow(port, dir, id, {
      event: (name, told, event_id) => port.postMessage([number, name, told, event_id]),
      failed: () => port.postMessage([number]),
    });
  };
});
