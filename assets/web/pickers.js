// The ways in by a button: photos on a phone, files, whole folders. What is dropped or pasted comes
// by drop.js and paste.js.

import { find, setText } from './elements.js';

/**
 * @param {HTMLElement} dock @param {import('./lang.js').Texts} texts
 * @param {object} on
 * @param {(files: {path: string, file: File}[]) => void} on.add
 * @param {() => void} on.make a new folder
 * @param {ReturnType<typeof import('./menu.js').mountMenu>['open']} on.menu
 */
export function mountPickers(dock, texts, on) {
  const picker = find(dock, '#picker');
  const more = find(dock, '#more');
  // What a phone has to give are its photos; the rest is one tap further away.
  const phone = matchMedia('(max-width: 640px) and (pointer: coarse)');

  /** @param {'photos' | 'files' | 'folder'} what */
  const choose = (what) => {
    picker.accept = what === 'photos' ? 'image/*,video/*' : '';
    picker.webkitdirectory = what === 'folder';
    picker.click();
  };
  const pick = () => choose(phone.matches ? 'photos' : 'files');
  const name = () => setText(find(dock, '#pick span'),
    phone.matches ? texts.upload_photos : texts.upload);

  picker.addEventListener('change', () => {
    const files = [...picker.files].map((file) => (
      { path: file.webkitRelativePath || file.name, file }));
    picker.value = '';
    if (files.length > 0) on.add(files);
  });
  find(dock, '#pick').addEventListener('click', pick);
  more.addEventListener('click', () => on.menu(texts.add, [
    { label: texts.add_photos, picture: 'image', run: () => choose('photos') },
    { label: texts.add_files, picture: 'file', run: () => choose('files') },
    { label: texts.add_folder, picture: 'folder', run: () => choose('folder') },
    { label: texts.new_folder, picture: 'make', run: on.make },
  ], more));
  phone.addEventListener('change', name);
  name();

  return {
    pick,
    /** @param {boolean} usable */
    update(usable) {
      dock.hidden = !usable;
    },
  };
}
