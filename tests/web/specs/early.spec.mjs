// What is refused for its head alone: the page that sends a gibibyte hears of it at once.
import { expect, test } from "../fixtures.mjs";
import { listDisk } from "../disk.mjs";

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
