// Short messages, offers to take something back, and the one question that the page asks: how a new
// folder is to be called.

import { find, setText } from './elements.js';

/** @param {HTMLDialogElement} dialog @param {(name: string) => Promise<string | null>} make */
export function mountAsk(dialog, make) {
  const field = find(dialog, 'input');
  const wrong = find(dialog, '.wrong');
  find(dialog, 'form').addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    const why = await make(field.value.trim());
    if (why === null) return dialog.close();
    setText(wrong, why);
    field.setAttribute('aria-invalid', 'true');
    field.focus();
  });
  find(dialog, '.quiet').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  return {
    /** @param {string} name to begin with */
    open(name) {
      field.value = name;
      setText(wrong, '');
      field.removeAttribute('aria-invalid');
      dialog.showModal();
      field.select();
    },
  };
}

const MESSAGE_MS = 6000;

/** @param {HTMLElement} root a live region */
export function mountMessage(root) {
  let timer = 0;
  find(root, '.close').addEventListener('click', () => { root.classList.remove('is-shown'); });
  return {
    /** @param {string} text @param {'good' | 'bad'} mood */
    say(text, mood) {
      clearTimeout(timer);
      setText(find(root, '.words'), text);
      root.dataset.mood = mood;
      root.classList.add('is-shown');
      timer = setTimeout(() => root.classList.remove('is-shown'), MESSAGE_MS);
    },
  };
}

/** Long enough to notice a mistake, to understand it, and to find the button. */
const OFFER_MS = 20_000;
/** A file that a program writes again and again is not offered each time. */
const CALM_MS = 60_000;

/**
 * Offers to bring back what went. What goes within one offer's time is brought back together.
 * @param {HTMLElement} root a live region
 * @param {(offers: {token: string, key: string}[], replaced: boolean) => string} words
 * @param {(offers: {token: string, key: string}[]) => void} undo
 */
export function mountOffer(root, words, undo) {
  /** @type {Map<string, {token: string, key: string, replaced: boolean}>} by token */
  const offers = new Map();
  /** @type {Map<string, number>} when a key was last offered as replaced */
  const calm = new Map();
  let timer = 0;

  const hide = () => {
    offers.clear();
    root.classList.remove('is-shown');
  };
  const draw = () => {
    if (offers.size === 0) return hide();
    const all = [...offers.values()];
    setText(find(root, '.words'), words(all, all.every(({ replaced }) => replaced)));
    root.classList.add('is-shown');
    clearTimeout(timer);
    timer = setTimeout(hide, OFFER_MS);
  };
  find(root, '.undo').addEventListener('click', () => {
    const all = [...offers.values()];
    hide();
    undo(all);
  });
  find(root, '.close').addEventListener('click', hide);

  return {
    /** @param {string} token @param {string} key @param {boolean} replaced */
    add(token, key, replaced) {
      if (offers.has(token)) return;
      const at = Date.now();
      if (replaced && at - (calm.get(key) ?? 0) < CALM_MS) return;
      if (replaced) calm.set(key, at);
      offers.set(token, { token, key, replaced });
      draw();
    },
    /** Somebody has brought it back. @param {string} key */
    settle(key) {
      const before = offers.size;
      for (const [token, offer] of offers) {
        if (offer.key === key && !offer.replaced) offers.delete(token);
      }
      if (offers.size !== before) draw();
    },
  };
}
