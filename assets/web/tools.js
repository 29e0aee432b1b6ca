// What stands above the list: search, order, view, a new folder; in their place, while something is
// selected, what can be done with it. And the switch of colours.

import { find, setAttribute, setLabel, setPicture, setText } from './elements.js';
import { keep, recall, tellServer, told } from './kept.js';

/** @typedef {{sort: import('./order.js').Sort, grid: boolean}} Look */

/** How each order begins: the largest and the newest are what one looks for. */
const ORDERS = ['name', 'size', 'age'];

/**
 * @param {HTMLElement} root @param {HTMLElement} columns the heads of the list
 * @param {import('./lang.js').Texts} texts
 * @param {{look: () => void, search: (words: string) => void, make: () => void}} on
 */
export function mountTools(root, columns, texts, on) {
  const field = find(root, 'input');
  const order = find(root, 'select');
  const grid = find(root, '.grid');
  const make = find(root, '.make');
  const [by, direction] = (recall('sort') ?? '').split(' ');
  /** @type {Look} */
  const look = {
    sort: {
      by: /** @type {any} */ (ORDERS.includes(by) ? by : 'name'),
      down: direction === 'down',
    },
    grid: recall('view') === 'grid',
  };
  const heads = ORDERS.map((name) => find(columns, `[data-order="${name}"]`));

  order.append(...ORDERS.flatMap((name) => [false, true].map((down) => {
    const text = /** @type {any} */ (texts.orders)[name][down ? 1 : 0];
    return new Option(text, `${name} ${down ? 'down' : 'up'}`);
  })));

  const draw = () => {
    const { sort: { by: now, down } } = look;
    order.value = `${now} ${down ? 'down' : 'up'}`;
    heads.forEach((head, i) => {
      const mine = ORDERS[i] === now;
      head.classList.toggle('is-order', mine);
      head.classList.toggle('is-down', mine && down);
      const next = mine && !down ? 1 : 0;
      setAttribute(head, 'title', /** @type {any} */ (texts.orders)[ORDERS[i]][next]);
      setAttribute(head, 'aria-pressed', String(mine));
    });
    setAttribute(grid, 'aria-pressed', String(look.grid));
    setPicture(grid, look.grid ? 'list' : 'grid');
    root.classList.toggle('is-gridded', look.grid);
  };

  /** @param {string} name @param {boolean} down */
  const sortBy = (name, down) => {
    look.sort = { by: /** @type {any} */ (name), down };
    keep('sort', order.value = `${name} ${down ? 'down' : 'up'}`);
    draw();
    on.look();
  };
  order.addEventListener('change', () => {
    const [name, way] = order.value.split(' ');
    sortBy(name, way === 'down');
  });
  heads.forEach((head, i) => head.addEventListener('click', () => {
    sortBy(ORDERS[i], look.sort.by === ORDERS[i] && !look.sort.down);
  }));
  grid.addEventListener('click', () => {
    look.grid = !look.grid;
    keep('view', look.grid ? 'grid' : 'list');
    draw();
    on.look();
  });
  make.addEventListener('click', on.make);
  field.addEventListener('input', () => on.search(field.value.trim()));
  field.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || field.value === '') return;
    event.preventDefault();
    field.value = '';
    on.search('');
  });
  addEventListener('keydown', (event) => {
    const typing = /** @type {Element} */ (event.target).closest?.('input, select, dialog');
    const wanted = event.key === '/' || (event.key === 'f' && event.altKey);
    if (typing || !wanted || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    field.focus();
  });
  draw();

  return {
    look,
    clear() {
      field.value = '';
    },
    /** @param {boolean} usable @param {boolean} writable */
    update(usable, writable) {
      root.hidden = !usable;
      make.hidden = !writable;
    },
  };
}

/**
 * @param {HTMLElement} root @param {import('./row.js').Words} words
 * @param {Record<'save' | 'move' | 'copy' | 'remove' | 'none', () => void>} on
 */
export function mountChosen(root, { texts, format }, on) {
  for (const [name, run] of Object.entries(on)) {
    find(root, `.${name}`).addEventListener('click', run);
  }
  return {
    /** @param {number} count @param {boolean} writable */
    update(count, writable) {
      root.hidden = count === 0;
      document.body.classList.toggle('has-chosen', count > 0);
      if (count > 0) setText(find(root, '.count'), texts.selected(count, format.count(count)));
      for (const name of ['move', 'copy', 'remove']) find(root, `.${name}`).hidden = !writable;
    },
  };
}

/** @param {HTMLElement} button @param {import('./lang.js').Texts} texts */
export function mountTheme(button, texts) {
  const root = document.documentElement;
  const preferred = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ?? (preferred.matches ? 'dark' : 'light')) === 'dark';
  const draw = () => {
    setLabel(button, isDark() ? texts.to_light : texts.to_dark);
    setPicture(button, isDark() ? 'sun' : 'moon');
  };
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    tellServer('theme', root.dataset.theme);
    draw();
  });
  preferred.addEventListener('change', draw);
  const chosen = told('theme');
  if (chosen !== undefined) {
    // A page that the browser has kept may be of before the choice; and each visit renews it.
    root.dataset.theme = chosen;
    tellServer('theme', chosen);
  }
  button.hidden = false;
  draw();
}
