// Which files lie in what was dropped?
//
// Folders are walked, and each file keeps its path below what was dropped. No recursion and no
// order: a deep tree of somebody else's making must not end the page.

/**
 * Must be called within the drop event: the browser forgets the items right after it.
 * @param {DataTransfer} transfer
 * @returns {Promise<{path: string, file: File}[]>}
 */
export async function filesOf(transfer) {
  const entries = [];
  /** @type {{path: string, file: File}[]} */
  const files = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry?.();
    const file = entry?.isDirectory ? null : item.getAsFile();
    if (file !== null) files.push({ path: file.name, file });
    else if (entry?.isDirectory) entries.push(entry);
  }
  while (entries.length > 0) {
    const entry = /** @type {any} */ (entries.pop());
    if (entry.isDirectory) {
      entries.push(...await childrenOf(entry));
    } else {
      const file = await new Promise((done) => { entry.file(done, () => done(null)); });
      // A file that vanished since, or may not be read, is not a reason to drop the others.
      if (file !== null) files.push({ path: entry.fullPath.replace(/^\/+/, ''), file });
    }
  }
  return files;
}

/** @param {any} folder @returns {Promise<any[]>} */
async function childrenOf(folder) {
  const reader = folder.createReader();
  const children = [];
  for (;;) {
    // A reader hands out at most 100 at a time and tells the end by an empty batch.
    const batch = await new Promise((done) => { reader.readEntries(done, () => done([])); });
    if (batch.length === 0) return children;
    children.push(...batch);
  }
}
