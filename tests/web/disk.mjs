// Files for the tests: made of random bytes, known by their SHA-256, looked at on the disk. Big
// ones are made and hashed in pieces, so that a test of 200 MB does not need 200 MB of memory.
import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";

const PIECE_BYTES = 1024 * 1024;

/** Makes (or replaces) `file` with `size` random bytes; resolves to their SHA-256 in hex. */
export async function makeFile(file, size) {
  const hash = createHash("sha256");
  const handle = await open(file, "w");
  try {
    for (let left = size; left > 0; left -= PIECE_BYTES) {
      const piece = randomBytes(Math.min(left, PIECE_BYTES));
      hash.update(piece);
      await handle.write(piece);
    }
  } finally {
    await handle.close();
  }
  return hash.digest("hex");
}

/** The SHA-256 of a file, in hex. */
export async function sha256(file) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** What a person has in the share, sorted; what livedrop keeps for itself is not shown. */
export async function listDisk(share, folder = "") {
  const names = await readdir(path.join(share, folder));
  return names.filter((name) => !name.startsWith(".livedrop")).sort();
}

/** A path with each segment encoded, as it stands in URLs. */
export function keyOf(name) {
  return name.split("/").map(encodeURIComponent).join("/");
}

/** The address of a file, for curl. */
export function fileUrl(base, name) {
  return new URL(`files/${keyOf(name)}`, base).href;
}

/** Makes a file of `size` bytes of which the disk holds none. */
export async function sparseFile(file, size) {
  const handle = await open(file, "w");
  await handle.truncate(size);
  await handle.close();
}
