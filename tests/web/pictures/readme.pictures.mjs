// Takes the pictures of the README, 1280 x 800 in light, of the real page over a family's folder.
// `make pictures` runs it and then makes the files small.
import path from "node:path";

import { expect, test } from "../fixtures.mjs";
import { makeFamily, makeHole } from "../family.mjs";

const PICTURES = "../../assets/pictures";
const UPLOAD_BYTES = 120_000_000;
// So slow that the bar is caught on its way.
const UPLOAD_BYTES_PER_SECOND = 12_000_000;

test.use({ colorScheme: "light" });

test("the listing", async ({ openPage, share }) => {
  await makeFamily(share);
  const { page, rows } = await openPage();
  await expect(rows).toHaveCount(12);
  await page.screenshot({ path: `${PICTURES}/listing.png` });
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
