// Is this the file that was being sent when the page was closed?
//
// Told by name, size, time and what stands at both ends. No cryptography: a browser has it only
// over HTTPS, and nobody is kept out by it; a wrong guess would only mix two files of one person.

const END_BYTES = 64 * 1024;

/**
 * @param {File} file @param {string} where the folder and the path that it is meant for
 * @returns {Promise<string>}
 */
export async function fingerprint(file, where) {
  const ends = [file.slice(0, END_BYTES), file.slice(Math.max(0, file.size - END_BYTES))];
  let sum = 0;
  let mixed = 0x811c9dc5;
  for (const end of ends) {
    for (const byte of new Uint8Array(await end.arrayBuffer())) {
      // FNV-1a, and a second sum that hears what it drowns.
      mixed = Math.imul(mixed ^ byte, 0x01000193) >>> 0;
      sum = (Math.imul(sum, 31) + byte) >>> 0;
    }
  }
  return [where, file.size, file.lastModified, mixed.toString(36), sum.toString(36)].join('|');
}
