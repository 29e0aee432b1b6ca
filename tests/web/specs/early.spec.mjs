// What is refused for its head alone: the page that sends a gibibyte hears of it at once.
import path from "node:path";

import { expect, test } from "../fixtures.mjs";
import { listDisk, makeFile } from "../disk.mjs";

const UPLOAD_MIB = 1024;
const TIME_MS_MAX = 2000;
// Nobody has its password.
const ACCOUNT = `ann:$scrypt$ln=10,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

const REFUSED = [
  [401, "files/film.mkv", ["--auth", ACCOUNT]],
  [403, "files/", []],
  [404, "nothing", []],
  [413, "files/film.mkv", ["--upload-max", "1M"]],
  [507, "files/film.mkv", ["--free-min", "1000T"]],
];

for (const [status, target, options] of REFUSED) {
  test.describe(`refused with ${status}`, () => {
    test.use({ options });

    test("a gibibyte is not sent in vain", async ({ complaints, page, server, share }) => {
      complaints.allow(new RegExp(String(status)));
      await page.goto(`${server.url}health`);
      const heard = await page.evaluate(async ([url, count]) => {
        const part = new Blob([new Uint8Array(1024 * 1024)]);
        const body = new Blob(Array.from({ length: count }, () => part));
        const begun = performance.now();
        const response = await fetch(url, { method: "PUT", body });
        return { status: response.status, passed: performance.now() - begun, size: body.size };
      }, [server.url + target, UPLOAD_MIB]);
      expect(heard).toMatchObject({ status, size: UPLOAD_MIB * 1024 * 1024 });
      // A proxy hears it as soon, and reads on all the same.
      if (!process.env.LIVEDROP_FRONT) expect(heard.passed).toBeLessThan(TIME_MS_MAX);
      expect(await listDisk(share)).toEqual([]);
    });
  });
}

test.describe("on a full disk", () => {
  test.use({ options: ["--free-min", "1000T"] });

  test("the page says how much is missing", async ({ complaints, home, openPage }) => {
    complaints.allow(/507/);
    const page = await openPage();
    // What the disk of this machine has left is not known here.
    await page.page.route(/\/api\/list\//, async (route) => {
      const response = await route.fetch();
      const json = { ...await response.json(), free_bytes: 300_000 };
      await route.fulfill({ response, json });
    });
    await page.page.reload();
    await expect(page.live).toBeVisible();
    const photo = path.join(home, "photo.jpg");
    await makeFile(photo, 2_500_000);
    await page.upload([photo]);
    const said = page.page.getByText(/^The disk is full: 2\.5.MB needed, 300.kB free\.$/);
    await expect(said).toBeVisible();
  });
});
