// A name that is changed in its row. Enter takes it, Escape leaves it as it was; what comes in the
// meantime moves no row.

import { find } from './elements.js';
import { extensionOf } from './kinds.js';

/**
 * @param {HTMLElement} row @param {string} name @param {string} label
 * @param {(name: string) => Promise<boolean>} take false where the name has to be another one
 * @param {() => void} done
 */
export function renameIn(row, name, label, take, done) {
  const link = find(row, '.name');
  const field = document.createElement('input');
  field.className = 'renaming';
  field.value = name;
  field.maxLength = 255;
  field.dir = 'auto';
  field.spellcheck = false;
  field.autocapitalize = 'off';
  field.setAttribute('aria-label', label);
  let over = false;
  let asking = false;

  const end = (/** @type {boolean} */ refocus) => {
    if (over) return;
    over = true;
    field.remove();
    row.classList.remove('is-renaming');
    done();
    if (refocus) link.focus({ preventScroll: true });
  };
  const commit = async (/** @type {boolean} */ refocus) => {
    if (over || asking) return;
    // Whoever leaves the field without a change wanted none.
    if (field.value === name || field.value.trim() === '') return end(refocus);
    asking = true;
    const taken = await take(field.value);
    asking = false;
    if (taken) return end(refocus);
    field.setAttribute('aria-invalid', 'true');
    field.focus();
  };

  field.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (event.isComposing) return;
    if (event.key === 'Enter') commit(true);
    else if (event.key === 'Escape') end(true);
    else return;
    event.preventDefault();
  });
  field.addEventListener('input', () => field.removeAttribute('aria-invalid'));
  field.addEventListener('blur', () => {
    // A second refusal of the same name would hold the reader captive.
    if (field.getAttribute('aria-invalid') === 'true') end(false);
    else commit(false);
  });
  row.classList.add('is-renaming');
  link.after(field);
  field.focus();
  // The extension is rarely what one wants to change.
  const extension = extensionOf(name);
  field.setSelectionRange(0, name.length - (extension === '' ? 0 : extension.length + 1));
}
