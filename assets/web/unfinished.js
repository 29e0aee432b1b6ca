// Which files were being sent when a page was closed?
//
// The browser remembers for each where on the server its bytes are, so that choosing the same file
// again goes on from there. The server keeps them for a week.

const NAME = 'unfinished';
const KEPT_MAX = 100;

/**
 * @typedef {{url: string, dir: string, path: string, size: number, received: number}} Unfinished
 */

/** @param {{recall: (name: string) => string | null, keep: (name: string, value: string) => void}}
 *   memory */
export function createUnfinished({ recall, keep }) {
  /** @returns {Map<string, Unfinished>} what other tabs have noted is there, too */
  const all = () => {
    try {
      return new Map(JSON.parse(recall(NAME) ?? '[]'));
    } catch {
      return new Map();
    }
  };

  /** @param {Map<string, Unfinished>} known */
  const save = (known) => keep(NAME, JSON.stringify([...known].slice(-KEPT_MAX)));

  return {
    all,
    /** @param {string} mark */
    find: (mark) => all().get(mark),
    /** @param {string} mark @param {Unfinished} what */
    keep(mark, what) {
      save(all().set(mark, what));
    },
    /** @param {string} mark @param {number} received */
    reach(mark, received) {
      const known = all();
      const what = known.get(mark);
      if (what !== undefined) save(known.set(mark, { ...what, received }));
    },
    /** @param {string} mark */
    forget(mark) {
      const known = all();
      if (known.delete(mark)) save(known);
    },
    /**
     * Brings it in line with what the server has.
     * @param {{upload: string, received: number}[]} uploads of `/api/status`
     */
    settle(uploads) {
      const there = new Map(uploads.map(({ upload, received }) => [upload, received]));
      const known = all();
      for (const [mark, what] of known) {
        const received = there.get(what.url.slice(what.url.lastIndexOf('/') + 1));
        if (received === undefined) known.delete(mark);
        else known.set(mark, { ...what, received });
      }
      save(known);
    },
  };
}
