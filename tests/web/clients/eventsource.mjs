// Prints what the EventSource of npm hears, one event a line as JSON: its name, its id, its data.
// `node eventsource.mjs URL`; it comes back by itself for as long as it runs.
import { EventSource } from "eventsource";

const NAMES = ["ready", "reset", "upload", "update", "delete", "move", "folder"];

const source = new EventSource(process.argv[2]);
for (const name of NAMES) {
  source.addEventListener(name, (event) => {
    console.log(JSON.stringify([name, event.lastEventId, JSON.parse(event.data)]));
  });
}
