// What sleeps and wakes: the machine of the server, that of the browser, and a tab nobody looks at.
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { curl, expect, test } from "../fixtures.mjs";
import { fileUrl } from "../disk.mjs";
import { descendants } from "../processes.mjs";

/** Three beats are missed by then. */
const SILENCE_MS = 45_000;

async function streams(server) {
  return JSON.parse(await curl(new URL("api/status", server.url).href)).streams;
}

test("a server that falls asleep is noticed, and what happened is seen when it wakes", async ({
  complaints, openPage, server, share,
}) => {
  test.setTimeout(180_000);
  complaints.allow(/net::ERR_|50\d/);
  const page = await openPage();
  await expect(page.live).toBeVisible();
  await page.mark();
  server.sleep();
  await writeFile(path.join(share, "meanwhile.txt"), "1");
  await expect(page.live).toBeHidden({ timeout: SILENCE_MS + 15_000 });
  server.wake();
  await expect(page.row("meanwhile.txt")).toBeVisible({ timeout: 60_000 });
  await expect(page.live).toBeVisible({ timeout: 60_000 });
  await curl("-T", path.join(share, "meanwhile.txt"), fileUrl(server.url, "after.txt"));
  await expect(page.row("after.txt")).toBeVisible();
  await page.expectNoReload();
});

test("a browser that falls asleep shows what happened when it wakes", async ({
  openPage, server, share,
}) => {
  const page = await openPage();
  await expect(page.live).toBeVisible();
  await page.mark();
  const asleep = (await descendants(process.pid)).filter(({ name }) => name.startsWith("chrom"));
  expect(asleep.length).toBeGreaterThan(1);
  for (const { pid } of asleep) process.kill(pid, "SIGSTOP");
  try {
    // More than the kernel holds of a stream that nobody reads: the server gives it up.
    await writeFile(path.join(share, "one.txt"), "1");
    for (let number = 0; number < 400; number += 1) {
      await curl("-T", path.join(share, "one.txt"), fileUrl(server.url, `new ${number}.txt`));
    }
    await curl("-T", path.join(share, "one.txt"), fileUrl(server.url, "0 the last.txt"));
  } finally {
    for (const { pid } of asleep) process.kill(pid, "SIGCONT");
  }
  await expect(page.row("0 the last.txt")).toBeVisible({ timeout: 60_000 });
  await expect(page.live).toBeVisible({ timeout: 60_000 });
  await page.expectNoReload();
});

test("a tab without a shared worker gives its stream back while nobody looks at it", async ({
  openPage, server, share,
}) => {
  const page = await openPage();
  await page.page.addInitScript(() => {
    delete globalThis.SharedWorker;
    let state = "visible";
    Object.defineProperty(document, "visibilityState", { get: () => state });
    Object.defineProperty(document, "hidden", { get: () => state === "hidden" });
    globalThis.look = (at) => {
      state = at;
      document.dispatchEvent(new Event("visibilitychange"));
    };
  });
  await page.page.reload();
  await expect(page.live).toBeVisible();
  await expect.poll(() => streams(server)).toBe(1);
  await page.page.evaluate(() => globalThis.look("hidden"));
  await expect.poll(() => streams(server)).toBe(0);
  await writeFile(path.join(share, "meanwhile.txt"), "1");
  await page.page.evaluate(() => globalThis.look("visible"));
  await expect(page.row("meanwhile.txt")).toBeVisible();
  await expect.poll(() => streams(server)).toBe(1);
});
