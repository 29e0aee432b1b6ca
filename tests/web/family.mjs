// The folder of a family, for pictures: believable names, sizes and dates. The files are holes that
// take no room on the disk, so nothing in them is worth opening.
import { mkdir, truncate, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

const MB = 1_000_000;
const HOUR_MS = 3_600_000;

// [name, bytes (null for a folder), age in hours]
const FAMILY = [
  ["Holiday in Denmark", null, 30],
  ["Music", null, 900],
  ["Recipes", null, 170],
  ["School", null, 52],
  ["Attic floor plan.pdf", 1.9 * MB, 410],
  ["Grandma's 80th birthday.mp4", 2_840 * MB, 21],
  ["IMG_4127.jpeg", 4.2 * MB, 2],
  ["IMG_4128.jpeg", 3.9 * MB, 2],
  ["Packing list.txt", 1_312, 5],
  ["Piano recital – Ella.m4a", 38.6 * MB, 75],
  ["Scan passport Jonas.pdf", 0.84 * MB, 700],
  ["Tax return 2025.ods", 0.126 * MB, 260],
];

const HOLIDAY = ["Beach.jpeg", "Ferry.jpeg", "Lighthouse at night.jpeg", "Sandcastle.mov"];

export async function makeFamily(share) {
  const now = Date.now();
  for (const [name, bytes, hours] of FAMILY) {
    const full = path.join(share, name);
    if (bytes === null) await mkdir(full);
    else await makeHole(full, bytes);
    if (name.startsWith("Holiday")) {
      for (const photo of HOLIDAY) await makeHole(path.join(full, photo), 4.4 * MB);
    }
    const modified = new Date(now - hours * HOUR_MS);
    await utimes(full, modified, modified);
  }
}

export async function makeHole(file, bytes) {
  await writeFile(file, "");
  await truncate(file, Math.round(bytes));
}
