// In which language does the page speak?
//
// The first of the reader's languages that has a file; English where none has. To add one, write
// lang/<tag>.js and name it here.

import en from './lang/en.js';

/** @typedef {typeof en} Texts */

/** @type {Record<string, () => Promise<{default: any}>>} */
const OTHERS = {
  zh: () => import('./lang/zh.js'),
};

/** @param {readonly string[]} wanted BCP 47 tags, best first @returns {string} */
export function choose(wanted) {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0];
    if (base === 'en' || Object.hasOwn(OTHERS, base)) return base;
  }
  return 'en';
}

/**
 * @param {readonly string[]} wanted
 * @returns {Promise<{texts: Texts, locale: string | undefined}>} locale as Intl takes it
 */
export async function load(wanted) {
  const base = choose(wanted);
  // An English-speaking reader keeps the dates of his own country (en-GB, en-IN, …).
  const locale = wanted.find((tag) => tag.toLowerCase().split('-')[0] === base) ?? en.locale;
  if (base === 'en') return { texts: en, locale };
  try {
    return { texts: (await OTHERS[base]()).default, locale };
  } catch {
    return { texts: en, locale: en.locale };
  }
}

/** @param {Texts} texts @param {string} code @param {number | string} [status] @returns {string} */
export function errorText(texts, code, status = code) {
  const known = /** @type {Record<string, any>} */ (texts.errors)[code];
  return typeof known === 'string' ? known : texts.errors.other(status);
}

/**
 * Fills in the texts of elements that the page comes with.
 * @param {ParentNode} root @param {Texts} texts
 */
export function fill(root, texts) {
  const all = /** @type {Record<string, any>} */ (texts);
  for (const element of root.querySelectorAll('[data-text]')) {
    element.textContent = all[/** @type {HTMLElement} */ (element).dataset.text ?? ''];
  }
  for (const element of root.querySelectorAll('[data-label]')) {
    const text = all[/** @type {HTMLElement} */ (element).dataset.label ?? ''];
    element.setAttribute('aria-label', text);
    element.setAttribute('title', text);
  }
  for (const element of root.querySelectorAll('[data-hint]')) {
    const name = /** @type {HTMLElement} */ (element).dataset.hint ?? '';
    element.setAttribute('placeholder', all[name]);
  }
}
