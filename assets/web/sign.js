// Is what I see what is there? A word and a colour for the state of the live connection.

import { find, setAttribute, setText } from './elements.js';

/** A hiccup shorter than this is nobody's business. */
const PATIENCE_MS = 900;

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} banner warns above a list that may be old
 * @param {import('./lang.js').Texts} texts
 */
export function mountSign(root, banner, texts) {
  let wanted = '';
  let timer = 0;

  /** @param {import('./state.js').State['link']} link @param {boolean} has_list */
  const draw = (link, has_list) => {
    root.dataset.link = link;
    setText(find(root, '.word'), texts[`link_${link}`]);
    setAttribute(root, 'title', link === 'connecting' ? null : texts[`link_${link}_title`]);
    banner.hidden = !['offline', 'crowded'].includes(link) || !has_list;
    setText(banner, link === 'crowded' ? texts.crowded : texts.old_list);
  };

  return {
    /** @param {import('./state.js').State} state */
    update({ link, phase }) {
      const has_list = phase === 'ready';
      // A folder that is not there has no stream, so there is nothing to tell of it.
      root.hidden = phase === 'missing' || phase === 'failed';
      const now = `${link} ${has_list}`;
      if (now === wanted) return;
      const first = wanted === '';
      wanted = now;
      clearTimeout(timer);
      if (first || ['live', 'offline', 'crowded'].includes(link)) draw(link, has_list);
      else timer = setTimeout(draw, PATIENCE_MS, link, has_list);
    },
  };
}
