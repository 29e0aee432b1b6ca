// Files dragged over the window: where they would land, and their landing.
//
// They go to the folder on show, or to the folder whose row they are held over.

import { find, setText } from './elements.js';
import { filesOf } from './dropped.js';
import { plain } from './names.js';
import { nameOf } from './paths.js';

/**
 * @param {HTMLElement} overlay @param {import('./lang.js').Texts} texts
 * @param {object} on
 * @param {() => string | null} on.shown the folder on show; null where there is none to drop into
 * @param {(dir: string, files: {path: string, file: File}[]) => void} on.add
 */
export function mountDrop(overlay, texts, on) {
  /** @type {HTMLElement | null} */
  let held_over = null;

  /** @param {HTMLElement | null} row */
  const hold = (row) => {
    if (row === held_over) return;
    held_over?.classList.remove('is-target');
    row?.classList.add('is-target');
    held_over = row;
  };

  const end = () => {
    hold(null);
    overlay.hidden = true;
  };

  /** @returns {string | null} */
  const target = () => held_over?.dataset.key ?? on.shown();

  /** @param {DragEvent} event */
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files') ?? false;

  window.addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    hold(/** @type {Element} */ (event.target).closest?.('.row[data-kind="folder"]') ?? null);
    const dir = target();
    // Even where nothing can be dropped the browser must not open the file in place of the page.
    if (event.dataTransfer !== null) event.dataTransfer.dropEffect = dir === null ? 'none' : 'copy';
    if (dir === null) return;
    setText(find(overlay, '.where'), texts.drop_here(dir === '' ? texts.home : plain(nameOf(dir))));
    overlay.hidden = false;
  });

  window.addEventListener('dragleave', (event) => {
    // Only leaving the window has no element that is entered instead.
    if (event.relatedTarget === null) end();
  });

  window.addEventListener('drop', (event) => {
    if (!hasFiles(event) || event.dataTransfer === null) return;
    event.preventDefault();
    const dir = target();
    end();
    if (dir === null) return;
    filesOf(event.dataTransfer).then((files) => {
      if (files.length > 0) on.add(dir, files);
    });
  });
}
