// Takes the pictures of the README of the real page over a family's folder. `make pictures` runs it
// and then makes the files small.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect, test } from "../fixtures.mjs";
import { makeFamily, makeHole } from "../family.mjs";

const PICTURES = "../../assets/pictures";
const UPLOAD_BYTES = 120_000_000;
// So slow that the bar is caught on its way.
const UPLOAD_BYTES_PER_SECOND = 12_000_000;
const PHOTOS = 10;

test.use({ colorScheme: "light" });

/** Photos of hills and a sun, drawn by the browser itself. */
async function makePhotos(page, folder) {
  await mkdir(folder, { recursive: true });
  for (let i = 0; i < PHOTOS; i += 1) {
    const bytes = await page.evaluate(async (i) => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 900, height: 675 });
      const to = canvas.getContext("2d");
      const sky = to.createLinearGradient(0, 0, 0, 520);
      sky.addColorStop(0, `hsl(${195 + i * 16} 60% ${38 + (i % 4) * 9}%)`);
      sky.addColorStop(1, `hsl(${28 + i * 9} 85% 76%)`);
      to.fillStyle = sky;
      to.fillRect(0, 0, 900, 675);
      to.fillStyle = `hsl(${44 - i * 2} 96% 84%)`;
      to.beginPath();
      to.arc(160 + ((i * 211) % 600), 230 - (i % 3) * 50, 46 + (i % 3) * 10, 0, 7);
      to.fill();
      for (let hill = 0; hill < 4; hill += 1) {
        to.fillStyle = `hsl(${165 + i * 13} ${28 + hill * 7}% ${50 - hill * 11}%)`;
        to.beginPath();
        to.moveTo(0, 675);
        for (let x = 0; x <= 900; x += 10) {
          const wave = Math.sin(x / (120 + hill * 40) + i * 1.7 + hill * 2.1);
          to.lineTo(x, 380 + hill * 72 - wave * (58 - hill * 9));
        }
        to.lineTo(900, 675);
        to.fill();
      }
      const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.8); });
      return [...new Uint8Array(await blob.arrayBuffer())];
    }, i);
    await writeFile(path.join(folder, `Coast ${i + 1}.jpeg`), Buffer.from(bytes));
  }
}

test("the listing", async ({ openPage, share }) => {
  await makeFamily(share);
  const { page, rows } = await openPage();
  await expect(rows).toHaveCount(12);
  await page.screenshot({ path: `${PICTURES}/listing.png` });
});

test("pictures side by side, one of them large", async ({ openPage, share }) => {
  const drawing = await openPage();
  await makePhotos(drawing.page, path.join(share, "Denmark"));
  const { page } = await openPage("?dir=Denmark", { colorScheme: "dark" });
  await page.getByRole("button", { name: "Pictures" }).click();
  await expect(page.locator(".thumb img")).toHaveCount(PHOTOS);
  await page.mouse.move(1, 1);
  await page.screenshot({ path: `${PICTURES}/grid.png` });
});

test("a phone", async ({ openPage, share }) => {
  await makeFamily(share);
  const { page, rows } = await openPage("", {
    viewport: { width: 390, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true,
    colorScheme: "light",
  });
  await expect(rows.first()).toBeVisible();
  for (const at of [4, 6]) await page.locator(".row .tile").nth(at).tap();
  await page.screenshot({ path: `${PICTURES}/phone.png` });
});

test("an upload on its way", async ({ home, openPage, share }) => {
  await makeFamily(share);
  const film = path.join(home, "Sandcastle competition.mov");
  await makeHole(film, UPLOAD_BYTES);
  const listing = await openPage();
  await expect(listing.rows).toHaveCount(12);
  const devtools = await listing.page.context().newCDPSession(listing.page);
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: UPLOAD_BYTES_PER_SECOND,
  });
  await listing.watchProgress();
  await listing.drop([film]);
  // No row should look as if a pointer stood on it.
  await listing.page.mouse.move(1, 1);
  await expect
    .poll(async () => (await listing.seenProgress()).at(-1) ?? 0, { intervals: [50] })
    .toBeGreaterThan(60);
  await listing.page.screenshot({ path: `${PICTURES}/uploading.png` });
});
