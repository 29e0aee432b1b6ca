// A menu over the page: what can be done with an entry, or how something is sent.
//
// A dialog, so that the browser itself keeps the focus in it, closes it by Escape and gives the
// focus back. On a phone it is a sheet at the bottom.

import { clone, find, setPicture, setText } from './elements.js';

/** @typedef {{label: string, picture: string, run: () => void, bad?: boolean}} Item */

/** @param {HTMLDialogElement} dialog @param {{opened: () => void, closed: () => void}} on */
export function mountMenu(dialog, on) {
  const list = find(dialog, '.menu-items');
  /** @type {(() => void) | null} */
  let chosen = null;

  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('contextmenu', (event) => event.preventDefault());
  dialog.addEventListener('close', () => {
    on.closed();
    const run = chosen;
    chosen = null;
    run?.();
  });
  list.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    const items = /** @type {HTMLElement[]} */ ([...list.children]);
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Tab') dialog.close();
    else if (to === undefined) return;
    else items.at(to % items.length)?.focus();
    event.preventDefault();
  });

  return {
    /**
     * @param {string} title @param {Item[]} items
     * @param {{x: number, y: number} | Element} at where it belongs on a large screen
     */
    open(title, items, at) {
      setText(find(dialog, '.menu-title'), title);
      list.setAttribute('aria-label', title);
      list.replaceChildren(...items.map(({ label, picture, run, bad }) => {
        const item = clone('menu-item');
        setPicture(find(item, 'svg'), picture);
        setText(find(item, 'span'), label);
        item.classList.toggle('is-bad', bad === true);
        item.addEventListener('click', () => {
          chosen = run;
          dialog.close();
        });
        return item;
      }));
      on.opened();
      dialog.showModal();
      const edge = at instanceof Element ? at.getBoundingClientRect() : null;
      const x = edge === null ? /** @type {any} */ (at).x : edge.right - dialog.offsetWidth;
      const y = edge === null ? /** @type {any} */ (at).y : edge.bottom + 4;
      const most_x = innerWidth - dialog.offsetWidth - 8;
      const most_y = innerHeight - dialog.offsetHeight - 8;
      dialog.style.setProperty('--x', `${Math.max(8, Math.min(x, most_x))}px`);
      dialog.style.setProperty('--y', `${Math.max(8, Math.min(y, most_y))}px`);
      list.firstElementChild?.focus();
    },
  };
}
