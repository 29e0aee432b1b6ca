// Where am I, and how do I get back up? The way from the root to the folder on show, as links.

import { clone, find, setAttribute, setParts } from './elements.js';
import { isPlain } from './gestures.js';
import { nameOf, pageUrl, trail } from './paths.js';

/**
 * @param {HTMLElement} root @param {import('./lang.js').Texts} texts
 * @param {{open: (dir: string) => void}} on
 */
export function mountCrumbs(root, texts, on) {
  const list = find(root, 'ol');
  /** @type {string | null} */
  let shown = null;
  setAttribute(root, 'aria-label', texts.crumbs);

  list.addEventListener('click', (/** @type {MouseEvent} */ event) => {
    const link = /** @type {Element} */ (event.target).closest('a');
    if (link === null || !isPlain(event)) return;
    event.preventDefault();
    on.open(link.dataset.key ?? '');
  });

  return {
    /** @param {string} dir */
    update(dir) {
      if (dir === shown) return;
      shown = dir;
      list.replaceChildren(...trail(dir).map((key) => {
        const crumb = clone('crumb');
        const link = find(crumb, 'a');
        link.dataset.key = key;
        link.href = pageUrl(key);
        setParts(find(link, 'bdi'), key === '' ? texts.home : nameOf(key));
        if (key === '') link.classList.add('home');
        if (key === dir) link.setAttribute('aria-current', 'page');
        return crumb;
      }));
      // On a phone the deep end of a long way is what one wants to see.
      root.scrollLeft = root.scrollWidth;
    },
  };
}
