// The uploads that an earlier page has left unfinished: what has arrived of each, and the way to go
// on, which is to choose the file again.

import { clone, find, setLabel, setName, setPicture, setProgress, setText } from './elements.js';
import { pictureOf } from './kinds.js';
import { plain } from './names.js';
import { encodePath, join } from './paths.js';

/** More than these are not for one look. */
const SHOWN_MAX = 5;

/**
 * @param {HTMLElement} root @param {import('./row.js').Words} words
 * @param {{pick: () => void, discard: (mark: string, url: string) => void}} on
 */
export function mountUnfinished(root, { texts, format }, on) {
  const list = find(root, 'ul');
  let drawn = '';

  const mountOne = (mark, { path, size, received, url }) => {
    const element = clone('upload');
    const name = path.slice(path.lastIndexOf('/') + 1);
    const picture = pictureOf({ kind: 'file', name });
    find(element, '.tile').dataset.picture = picture;
    setPicture(find(element, '.tile svg'), picture);
    setName(find(element, '.name'), name);
    const part = size === 0 ? 0 : received / size;
    setProgress(find(element, 'progress'), part);
    setLabel(find(element, 'progress'), texts.progress_of(plain(name)));
    const said = texts.unfinished(format.percent(part), format.size(size));
    setText(find(element, '.detail'), said);
    element.dataset.state = 'paused';
    const [choose, discard] = [find(element, '.retry'), find(element, '.cancel')];
    choose.hidden = false;
    setLabel(choose, texts.unfinished_choose(plain(name)));
    choose.addEventListener('click', on.pick);
    setLabel(discard, texts.unfinished_discard(plain(name)));
    discard.addEventListener('click', () => on.discard(mark, url));
    return element;
  };

  return {
    /**
     * @param {Map<string, import('./unfinished.js').Unfinished>} known
     * @param {ReadonlySet<string>} own keys of what this page is sending
     */
    update(known, own) {
      const left = [...known].filter(([, { dir, path }]) => !own.has(join(dir, encodePath(path))))
        .slice(-SHOWN_MAX);
      root.hidden = left.length === 0;
      const now = JSON.stringify(left);
      if (now === drawn) return;
      drawn = now;
      list.replaceChildren(...left.map(([mark, what]) => mountOne(mark, what)));
    },
  };
}
