// Entries dragged onto a folder, or onto one on the way up: they are moved there; with Ctrl held,
// copied. What is dragged in from outside the page is for drop.js.

import { isWithin, parentOf } from './paths.js';

const TARGETS = '.row[data-kind="folder"], .crumbs a';

/**
 * @param {object} on
 * @param {(key: string) => string[]} on.keys what goes along with an entry; empty where nothing may
 * @param {(keys: string[], dir: string, copy: boolean) => void} on.drop
 * @param {() => void} on.hold
 * @param {() => void} on.release
 */
export function mountCarry(on) {
  /** @type {string[]} */
  let carried = [];
  /** @type {Element | null} */
  let over = null;

  /** @param {Element | null} target */
  const aim = (target) => {
    if (target === over) return;
    over?.classList.remove('is-target');
    target?.classList.add('is-target');
    over = target;
  };

  /** @param {DragEvent} event @returns {{element: Element, dir: string} | null} */
  const targetOf = (event) => {
    const element = /** @type {HTMLElement | null} */ (
      /** @type {Element} */ (event.target).closest?.(TARGETS) ?? null);
    const dir = element?.dataset.key;
    if (element === null || dir === undefined) return null;
    const possible = carried.every((key) => !isWithin(dir, key))
      && (event.ctrlKey || carried.some((key) => parentOf(key) !== dir));
    return possible ? { element, dir } : null;
  };

  // A finger that rests on a row selects it; browsers would begin to drag it too.
  let touched = false;
  addEventListener('pointerdown', ({ pointerType }) => { touched = pointerType === 'touch'; });

  addEventListener('dragstart', (event) => {
    if (touched) return event.preventDefault();
    const row = /** @type {HTMLElement | null} */ (
      /** @type {Element} */ (event.target).closest?.('.row') ?? null);
    const key = row?.dataset.key;
    if (key === undefined || row?.classList.contains('is-renaming')) return;
    carried = on.keys(key);
    if (carried.length === 0) return;
    if (event.dataTransfer !== null) event.dataTransfer.effectAllowed = 'all';
    on.hold();
  });
  addEventListener('dragover', (event) => {
    if (carried.length === 0) return;
    const target = targetOf(event);
    aim(target?.element ?? null);
    if (target === null || event.dataTransfer === null) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = event.ctrlKey ? 'copy' : 'move';
  });
  addEventListener('drop', (event) => {
    if (carried.length === 0) return;
    const target = targetOf(event);
    const keys = carried;
    end();
    if (target === null) return;
    event.preventDefault();
    on.drop(keys, target.dir, event.ctrlKey);
  });
  addEventListener('dragend', end);

  function end() {
    aim(null);
    if (carried.length === 0) return;
    carried = [];
    on.release();
  }
}
