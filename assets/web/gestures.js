// What do keys, clicks and fingers on the list mean?
//
// A click opens; with Ctrl, shift, on the picture of the kind or after a long press it selects.
// This file knows where the hand is, not what is done.

/**
 * @typedef {object} On
 * @property {(key: string) => void} open
 * @property {() => void} up to the folder above
 * @property {(key: string) => void} toggle
 * @property {(key: string) => void} extend from the anchor to here
 * @property {() => void} all
 * @property {() => boolean} none leaves the selection; false when there was none
 * @property {() => boolean} choosing whether something is selected
 * @property {(key: string) => void} remove it, or the selection that it is part of
 * @property {(key: string) => void} rename
 * @property {(key: string, at: {x: number, y: number} | Element) => void} menu
 *
 * @typedef {object} List what is known of the places of rows
 * @property {(key: string) => number} place
 * @property {(at: number) => void} focus
 * @property {() => string[]} keys
 * @property {() => number} columns
 * @property {() => void} hold
 * @property {() => void} release
 */

const LONG_PRESS_MS = 450;
/** A mouse that rests for so long is not about to click. */
const AIM_MS = 1000;

/** @param {HTMLElement} root @param {List} list @param {On} on */
export function mountGestures(root, list, on) {
  let pressing = 0;
  let held = false;
  /** The click that ends a long press means nothing. */
  let deaf = false;
  let pointed_at = 0;
  /** @type {string | null} */
  let pointed = null;

  /** @param {Event} event */
  const rowOf = (event) => (
    /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('.row')));
  /** @param {Event} event */
  const keyOf = (event) => rowOf(event)?.dataset.key;

  const letGo = () => {
    clearTimeout(pressing);
    if (!held) return;
    held = false;
    // The click comes after this, and must find the row where it was.
    setTimeout(list.release, 60);
  };

  root.addEventListener('pointermove', (event) => {
    pointed = keyOf(event) ?? null;
    pointed_at = event.timeStamp;
  });
  root.addEventListener('pointerleave', () => { pointed = null; });
  root.addEventListener('pointerdown', (event) => {
    const key = keyOf(event);
    deaf = false;
    if (key === undefined || held) return;
    held = true;
    list.hold();
    if (event.pointerType !== 'touch' || /** @type {Element} */ (event.target).closest('.acts')) {
      return;
    }
    pressing = setTimeout(() => {
      deaf = true;
      navigator.vibrate?.(12);
      on.toggle(key);
    }, LONG_PRESS_MS);
  });
  for (const name of ['pointerup', 'pointercancel', 'dragend']) addEventListener(name, letGo);
  addEventListener('scroll', () => clearTimeout(pressing), { passive: true });

  root.addEventListener('contextmenu', (event) => {
    const key = keyOf(event);
    if (key === undefined || /** @type {Element} */ (event.target).closest('input')) return;
    event.preventDefault();
    // A long press on a touch screen sends this too, and has selected already.
    if (/** @type {PointerEvent} */ (event).pointerType === 'touch' || deaf) return;
    const row = /** @type {Element} */ (rowOf(event));
    // The key for menus has no place of its own.
    const mouse = event.button === 2 || event.clientX > 0;
    on.menu(key, mouse ? { x: event.clientX, y: event.clientY } : row);
  });

  root.addEventListener('click', (event) => {
    const target = /** @type {Element} */ (event.target);
    const key = keyOf(event);
    if (key === undefined || target.closest('input')) return;
    if (deaf) {
      event.preventDefault();
      return;
    }
    if (target.closest('.delete')) return on.remove(key);
    if (target.closest('.more-acts')) {
      return on.menu(key, /** @type {Element} */ (target.closest('.more-acts')));
    }
    if (target.closest('.acts')) return;
    const touch = /** @type {PointerEvent} */ (event).pointerType === 'touch';
    if (event.shiftKey) {
      event.preventDefault();
      on.extend(key);
    } else if (event.ctrlKey || event.metaKey || target.closest('.tile')
      || (touch && on.choosing())) {
      event.preventDefault();
      on.toggle(key);
    } else if (target.closest('.name[href]') && isPlain(event)) {
      event.preventDefault();
      on.open(key);
    }
  });

  /** @param {KeyboardEvent} event @param {string} key @returns {boolean} done */
  const pressed = (event, key) => {
    const command = event.ctrlKey || event.metaKey;
    const at = list.place(key);
    const steps = { ArrowDown: list.columns(), ArrowUp: -list.columns(), Home: -Infinity,
      End: Infinity, ...(list.columns() > 1 ? { ArrowLeft: -1, ArrowRight: 1 } : {}) };
    const step = /** @type {Record<string, number>} */ (steps)[event.key];
    if (step !== undefined && !command && !event.altKey) {
      const keys = list.keys();
      const to = Math.max(0, Math.min(keys.length - 1, at + step));
      if (event.shiftKey) {
        // A range begins at the row from which the keys left it.
        if (!on.choosing()) on.toggle(key);
        on.extend(keys[to]);
      }
      list.focus(to);
    } else if (command && event.key === 'a') on.all();
    else if (command || event.altKey) return false;
    else if (event.shiftKey && event.key === 'F10') {
      on.menu(key, /** @type {Element} */ (rowOf(event)));
    } else if (event.key === ' ') (event.shiftKey ? on.extend : on.toggle)(key);
    else if (event.key === 'Delete') on.remove(key);
    else if (event.key === 'F2') on.rename(key);
    else if (event.key === 'Escape') return on.none();
    else if (event.key === 'Backspace') on.up();
    else return false;
    return true;
  };

  root.addEventListener('keydown', (event) => {
    const target = /** @type {Element} */ (event.target);
    const key = keyOf(event);
    if (key === undefined || target.closest('input')) return;
    // A button is pressed by the space bar itself.
    if (event.key === ' ' && target.closest('button')) return;
    if (pressed(event, key)) event.preventDefault();
  });

  return {
    /** @returns {string | null} the row under a hand that is about to do something */
    pointed: () => (performance.now() - pointed_at < AIM_MS ? pointed : null),
  };
}

/** @param {MouseEvent} event @returns {boolean} false where the browser should open a new tab */
export function isPlain(event) {
  return event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}
