// The hand: what is selected, which menu is open, which name is being changed. It joins what the
// list's gestures mean to the actions that do it.

import { mountChoose } from './choose.js';
import { find } from './elements.js';
import { mountMenu } from './menu.js';
import { plain } from './names.js';
import { downloadUrl, encodeName, join, nameOf, parentOf } from './paths.js';
import { renameIn } from './rename.js';
import { NOTHING, extended, pruned, toggled } from './select.js';
import { mountChosen } from './tools.js';

/** @typedef {import('./state.js').Entry} Entry */

/**
 * @param {import('./row.js').Words} words
 * @param {object} needs
 * @param {ReturnType<typeof import('./actions.js').createActions>} needs.actions
 * @param {() => string} needs.folder the key of the folder on show
 * @param {() => boolean} needs.writable
 * @param {() => boolean} needs.undoable whether what is deleted can be brought back
 * @param {() => void} needs.changed the selection is another one
 * @param {(entry: Entry) => void} needs.open
 * @param {() => void} needs.up
 */
export function mountDesk(words, { actions, folder, writable, undoable, changed, open, up }) {
  const { texts } = words;
  /** @type {import('./select.js').Selection} */
  let selection = NOTHING;
  /** @type {any} the list, which comes to be after this */
  let list = null;
  const chooser = mountChoose(find(document, '#choose'), texts);
  const menu = mountMenu(find(document, '#menu'),
    { opened: () => list.hold(), closed: () => list.release() });

  /** @param {import('./select.js').Selection} next */
  const select = (next) => {
    selection = next;
    changed();
  };
  const none = () => {
    const had = selection.keys.size > 0;
    if (had) select(NOTHING);
    return had;
  };
  /** What an action on an entry is about: all that is selected, where it is one of them. */
  const withKey = (/** @type {string} */ key) => (
    selection.keys.has(key) ? inOrder() : [key]);
  const inOrder = () => list.keys().filter((/** @type {string} */ key) => selection.keys.has(key));

  /** @param {readonly string[]} keys */
  const remove = async (keys) => {
    if (!writable()) return;
    // Where nothing brings it back, a question is better than none.
    const [count, name] = [words.format.count(keys.length), plain(nameOf(keys[0]))];
    if (!undoable() && !confirm(texts.delete_for_good(keys.length, count, name))) return;
    const focused = document.activeElement?.closest?.('.row') ? list.place(keys[0]) : -1;
    none();
    await actions.remove(keys);
    // Whoever works by keys goes on where the row was.
    if (focused >= 0) requestAnimationFrame(() => list.focus(focused));
  };

  /** @param {'move' | 'copy'} what @param {readonly string[]} keys */
  const carry = (what, keys) => {
    const title = texts[`${what}_title`](keys.length, words.format.count(keys.length),
      plain(nameOf(keys[0])));
    chooser.open(title, texts[`${what}_here`], folder(), what === 'move' ? keys : [], (dir) => {
      none();
      actions[what](keys, dir);
    });
  };

  /** @param {string} key */
  const rename = (key) => {
    const entry = list.entry(key);
    if (entry === undefined || !writable()) return;
    if (list.element(key) === undefined) list.focus(list.place(key));
    let now = key;
    list.hold();
    renameIn(list.element(key), entry.name, texts.rename(plain(entry.name)), async (name) => {
      const taken = await actions.rename(key, name);
      if (taken) now = join(parentOf(key), encodeName(name));
      return taken;
    }, () => {
      list.release();
      if (now !== key) requestAnimationFrame(() => list.focus(list.place(now)));
    });
  };

  /** Fetches one as it is, several as one archive. @param {readonly string[]} keys */
  const save = (keys) => {
    const dir = parentOf(keys[0]);
    const together = keys.length > 1 && keys.every((key) => parentOf(key) === dir);
    if (!together) {
      for (const key of keys) {
        const link = document.createElement('a');
        link.href = downloadUrl(key);
        link.download = '';
        link.click();
      }
      return;
    }
    const form = document.createElement('form');
    form.method = 'post';
    form.action = downloadUrl(dir);
    form.target = savingFrame();
    for (const key of keys) {
      const field = document.createElement('input');
      field.name = 'name';
      field.value = nameOf(key);
      form.append(field);
    }
    form.hidden = true;
    document.body.append(form);
    form.submit();
    form.remove();
  };

  /** @param {string} key @param {{x: number, y: number} | Element} at */
  const openMenu = (key, at) => {
    const entry = list.entry(key);
    if (entry === undefined) return;
    const keys = withKey(key);
    const one = keys.length === 1;
    const reads = entry.kind === 'file' || entry.kind === 'folder';
    menu.open(one ? plain(entry.name) : texts.selected(keys.length, String(keys.length)), [
      ...(one && reads ? [{ label: texts.open, picture: entry.kind === 'folder' ? 'folder' : 'view',
        run: () => open(entry) }] : []),
      ...(reads || !one ? [{ label: one ? texts.download_it : texts.download_zip,
        picture: 'download', run: () => save(keys) }] : []),
      ...(selection.keys.has(key) ? [] : [{ label: texts.select_it, picture: 'check',
        run: () => select(toggled(selection, key)) }]),
      ...(!writable() ? [] : [
        ...(one ? [{ label: texts.rename_it, picture: 'rename', run: () => rename(key) }] : []),
        { label: texts.move_to, picture: 'move', run: () => carry('move', keys) },
        { label: texts.copy_to, picture: 'copy', run: () => carry('copy', keys) },
        { label: texts.delete_it, picture: 'delete', bad: true, run: () => remove(keys) },
      ]),
    ], at);
  };

  const chosen = mountChosen(find(document, '.chosen'), words, {
    save: () => save(inOrder()),
    move: () => carry('move', inOrder()),
    copy: () => carry('copy', inOrder()),
    remove: () => remove(inOrder()),
    none,
  });

  return {
    menu,
    none,
    with: withKey,
    attach(/** @type {any} */ listing) { list = listing; },
    /** @param {import('./listing.js').Rows} all */
    update(all) {
      if (selection.keys.size > 0) {
        const there = new Set(all.map(({ entry }) => entry.key));
        selection = pruned(selection, (key) => there.has(key));
      }
      list.select(selection.keys);
      chosen.update(selection.keys.size, writable());
    },
    /** @type {import('./gestures.js').On} */
    on: {
      open: (key) => {
        const entry = list.entry(key);
        if (entry !== undefined) open(entry);
      },
      up,
      toggle: (key) => select(toggled(selection, key)),
      extend: (key) => select(extended(selection, list.keys(), key)),
      all: () => select({ keys: new Set(list.keys()), anchor: selection.anchor }),
      none,
      choosing: () => selection.keys.size > 0,
      remove: (key) => remove(withKey(key)),
      rename,
      menu: openMenu,
    },
  };
}

/**
 * Where a form leads that fetches an archive: leaving the page, even for a download, would ask
 * about running uploads.
 * @returns {string} the name of a frame that nobody sees
 */
function savingFrame() {
  const name = 'saving';
  if (document.querySelector(`iframe[name="${name}"]`) === null) {
    const frame = document.createElement('iframe');
    frame.name = name;
    frame.title = name;
    frame.hidden = true;
    document.body.append(frame);
  }
  return name;
}
