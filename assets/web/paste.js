// What is pasted becomes a file: a screenshot, copied files, or text.

/** A screenshot is called "image.png" by every browser, which tells nothing. */
const NAMELESS = /^image\.\w+$/;

/** @param {Date} now @returns {string} local time, as a file name can hold it */
export function stampOf(now) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())} `
    + `${two(now.getHours())}.${two(now.getMinutes())}.${two(now.getSeconds())}`;
}

/**
 * @param {import('./lang.js').Texts} texts
 * @param {(files: {path: string, file: File}[]) => void} add
 */
export function mountPaste(texts, add) {
  addEventListener('paste', (event) => {
    const target = /** @type {Element | null} */ (event.target);
    if (target?.closest?.('input, textarea, dialog') || event.clipboardData === null) return;
    const stamp = stampOf(new Date());
    const files = [...event.clipboardData.files].map((file) => {
      const extension = file.name.slice(file.name.lastIndexOf('.'));
      const path = NAMELESS.test(file.name) ? `${texts.pasted(stamp)}${extension}` : file.name;
      return { path, file };
    });
    const text = event.clipboardData.getData('text/plain');
    if (files.length === 0 && text !== '') {
      const path = `${texts.pasted(stamp)}.txt`;
      files.push({ path, file: new File([text], path, { type: 'text/plain' }) });
    }
    if (files.length === 0) return;
    event.preventDefault();
    add(files);
  });
}
