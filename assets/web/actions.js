// What can be done with entries: each asks the server, tells the page what became of it, and says
// in words what did not work. Who collides with somebody else hears in what way.
//
// Knows no elements. Several entries go one after the other, so that a refusal in the middle leaves
// clear what was done.

import { ApiError } from './api.js';
import { errorText } from './lang.js';
import { plain } from './names.js';
import { encodeName, isName, isWithin, join, nameOf, parentOf } from './paths.js';

/** A copy into the same folder tries so many numbers. */
const COPIES_MAX = 99;

/**
 * @param {object} needs
 * @param {typeof import('./api.js')} needs.api
 * @param {import('./row.js').Words} needs.words
 * @param {(text: string, mood: 'good' | 'bad') => void} needs.say
 * @param {(name: string, data: any) => void} needs.tell an event, as the stream would tell it
 * @param {() => void} needs.came something new stands there, of which the stream will tell
 * @param {(key: string) => import('./state.js').Entry | undefined} needs.entry
 */
export function createActions({ api, words, say, tell, came, entry }) {
  const { texts, format } = words;

  /** @param {string} key */
  const title = (key) => plain(entry(key)?.name ?? nameOf(key));
  /** @param {string} key */
  const kindOf = (key) => entry(key)?.kind ?? 'file';
  /**
   * @param {string} key @param {unknown} error
   * @param {(name: string, why: string) => string} text
   */
  const complain = (key, error, text) => {
    if (!(error instanceof ApiError)) throw error;
    say(text(title(key), errorText(texts, error.code)), 'bad');
  };

  /**
   * @param {readonly string[]} keys @param {(key: string) => Promise<void>} run
   * @param {(name: string, why: string) => string} text of a refusal
   * @returns {Promise<number>} how many were done
   */
  const each = async (keys, run, text) => {
    let done = 0;
    for (const key of keys) {
      try {
        await run(key);
        done += 1;
      } catch (error) {
        complain(key, error, text);
        // Out of reach is out of reach for the others too.
        if (error instanceof ApiError && error.status === 0) break;
      }
    }
    return done;
  };

  /** @param {'MOVE' | 'COPY'} method @param {string} from @param {string} to */
  const transfer = (method, from, to) => api.transfer(method, from, to).catch((error) => {
    // Nothing is ever replaced, so that this refusal has one meaning.
    throw error.status === 412 ? new ApiError('exists', 412, '') : error;
  });

  /** @param {string} from @param {string} to */
  const move = async (from, to) => {
    const kind = kindOf(from);
    await transfer('MOVE', from, to);
    tell('move', { from: '', from_href: from, path: '', href: to, kind });
  };

  return {
    /** @param {readonly string[]} keys */
    async remove(keys) {
      await each(keys, async (key) => {
        const kind = kindOf(key);
        let undo = null;
        try {
          undo = await api.remove(key);
        } catch (error) {
          if (!(error instanceof ApiError && error.status === 404)) throw error;
        }
        tell('delete', { path: '', href: key, kind, undo });
      }, texts.not_deleted);
    },

    /** @param {string} key @param {string} name @returns {Promise<boolean>} false: try another */
    async rename(key, name) {
      if (!isName(name)) {
        say(texts.not_renamed(title(key), texts.errors.bad_name), 'bad');
        return false;
      }
      try {
        await move(key, join(parentOf(key), encodeName(name)));
        return true;
      } catch (error) {
        complain(key, error, texts.not_renamed);
        return !(error instanceof ApiError && [400, 409, 412].includes(error.status));
      }
    },

    /** @param {readonly string[]} keys @param {string} dir */
    async move(keys, dir) {
      const going = keys.filter((key) => parentOf(key) !== dir);
      const into = going.find((key) => isWithin(dir, key));
      if (into !== undefined) {
        say(texts.not_moved(title(into), texts.into_itself), 'bad');
        return;
      }
      const done = await each(going, (key) => move(key, join(dir, lastOf(key))), texts.not_moved);
      if (done > 0) say(texts.moved(done, format.count(done), titleOf(dir)), 'good');
    },

    /** @param {readonly string[]} keys @param {string} dir */
    async copy(keys, dir) {
      const done = await each(keys, async (key) => {
        const same = parentOf(key) === dir;
        for (let number = same ? 2 : 1; ; number += 1) {
          const name = number === 1 ? lastOf(key) : numbered(lastOf(key), kindOf(key), number);
          try {
            await transfer('COPY', key, join(dir, name));
            return;
          } catch (error) {
            const taken = error instanceof ApiError && error.status === 412;
            if (!taken || !same || number === COPIES_MAX) throw error;
          }
        }
      }, texts.not_copied);
      if (done > 0) say(texts.copied(done, format.count(done), titleOf(dir)), 'good');
      came();
    },

    /** @param {string} dir @param {string} name @returns {Promise<string | null>} what is wrong */
    async make(dir, name) {
      if (!isName(name)) return texts.errors.bad_name;
      const key = join(dir, encodeName(name));
      try {
        await api.makeFolder(key);
        tell('folder', { path: '', href: key });
        return null;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // MKCOL says so where something stands already.
        return errorText(texts, error.status === 405 ? 'exists' : error.code, error.status);
      }
    },

    /** @param {readonly {token: string, key: string}[]} offers */
    async undo(offers) {
      const tokens = offers.map(({ token }) => token);
      const done = await each(offers.map(({ key }) => key), async () => {
        await api.undo(/** @type {string} */ (tokens.shift())).catch((error) => {
          if (error.status !== 404) throw error;
          throw new ApiError('undo_over', 404, '');
        });
      }, texts.not_undone);
      if (done > 0) say(texts.undone(done, format.count(done)), 'good');
      came();
    },
  };

  /** @param {string} dir */
  function titleOf(dir) {
    return dir === '' ? texts.home : plain(nameOf(dir));
  }
}

/** @param {string} key @returns {string} its last segment, encoded */
const lastOf = (key) => key.slice(key.lastIndexOf('/') + 1);

/** @param {string} segment encoded @param {string} kind @param {number} number */
function numbered(segment, kind, number) {
  // A dot is never encoded in a key.
  const dot = kind === 'folder' ? -1 : segment.lastIndexOf('.');
  const cut = dot > 0 ? dot : segment.length;
  return `${segment.slice(0, cut)}%20(${number})${segment.slice(cut)}`;
}
