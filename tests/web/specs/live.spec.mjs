// Two people with one folder open: what one of them does, what curl does and what happens to the
// server, the other sees without touching anything.
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { SERVER_GONE, curl, expect, test } from "../fixtures.mjs";
import { fileUrl, listDisk, makeFile, sha256 } from "../disk.mjs";

const BIG_BYTES = 200 * 1024 * 1024;
// A running transfer may hold up a stop for ten seconds; an open page is none and may not.
const STOP_WITH_PAGES_MS_MAX = 5_000;

test("a 200 MB file dropped on one page reaches the other whole", async ({
  home, openPage, server, share,
}) => {
  // It ends when the file is there; a slow machine takes a minute for it.
  test.slow();
  const film = path.join(home, "film.mkv");
  const sum = await makeFile(film, BIG_BYTES);
  const sender = await openPage();
  const watcher = await openPage();
  await sender.mark();
  await watcher.mark();

  await sender.watchProgress();
  await sender.drop([film]);
  await expect(watcher.row("film.mkv")).toBeVisible({ timeout: 180_000 });
  const between = (await sender.seenProgress()).filter((percent) => percent > 0 && percent < 100);
  expect(between.length, "how often the bar stood between its ends").toBeGreaterThan(0);
  expect(await sha256(path.join(share, "film.mkv"))).toBe(sum);
  expect(await sha256(await watcher.download("film.mkv"))).toBe(sum);

  await expect(watcher.size("film.mkv")).toHaveText("210 MB");
  const short = path.join(home, "short");
  await makeFile(short, 12_345);
  await curl("-T", short, fileUrl(server.url, "film.mkv"));
  await expect(watcher.size("film.mkv")).toHaveText("12 kB");

  await curl("-X", "DELETE", fileUrl(server.url, "film.mkv"));
  await expect(watcher.row("film.mkv")).toHaveCount(0);
  await expect(sender.row("film.mkv")).toHaveCount(0);
  expect(await listDisk(share)).toEqual([]);
  await sender.expectNoReload();
  await watcher.expectNoReload();
});

test("both pages come back by themselves after the server was killed", async ({
  complaints, openPage, server, share,
}) => {
  await writeFile(path.join(share, "stays.txt"), "stays");
  await writeFile(path.join(share, "goes.txt"), "goes");
  const pages = [await openPage(), await openPage()];
  for (const page of pages) {
    await expect(page.row("goes.txt")).toBeVisible();
    await page.mark();
  }

  // The browser itself writes a line for every request that finds nobody.
  complaints.allow(SERVER_GONE);
  await server.kill();
  await rm(path.join(share, "goes.txt"));
  await writeFile(path.join(share, "came.txt"), "came");
  await server.start();

  for (const page of pages) {
    await expect(page.row("came.txt")).toBeVisible({ timeout: 30_000 });
    await expect(page.row("goes.txt")).toHaveCount(0);
    await expect(page.row("stays.txt")).toBeVisible();
    await page.expectNoReload();
  }
  await curl("-T", path.join(share, "came.txt"), fileUrl(server.url, "live again.txt"));
  for (const page of pages) await expect(page.row("live again.txt")).toBeVisible();
  expect(await readFile(path.join(share, "live again.txt"), "utf8")).toBe("came");
});

test("open pages do not hold up a polite stop, and notice the new start", async ({
  complaints, openPage, server,
}) => {
  const pages = [await openPage(), await openPage()];
  for (const page of pages) await expect(page.live).toBeVisible();

  complaints.allow(SERVER_GONE);
  const asked = performance.now();
  expect(await server.stop()).toBe(0);
  expect(performance.now() - asked).toBeLessThan(STOP_WITH_PAGES_MS_MAX);
  for (const page of pages) await expect(page.live).toBeHidden();

  await server.start();
  for (const page of pages) await expect(page.live).toBeVisible({ timeout: 30_000 });
});
