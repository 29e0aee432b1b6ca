// A large file arrives whatever happens on the way: the line breaks, the page is closed, the server
// is restarted, the sender pauses.
import { readdir, stat } from "node:fs/promises";
import path from "node:path";

import { SERVER_GONE, curl, expect, test } from "../fixtures.mjs";
import { makeFile, sha256 } from "../disk.mjs";

const BYTES = 120 * 1024 * 1024;
/** So many pieces pass before the line is held: about a fifth of the file. */
const PIECES = 3;

/** Lets some pieces of an upload pass, and the rest once it is told to. */
async function hold(page) {
  let passed = 0;
  let release;
  const released = new Promise((done) => { release = done; });
  await page.page.route("**/uploads/*", async (route) => {
    if (route.request().method() === "PATCH") {
      passed += 1;
      if (passed > PIECES) await released;
    }
    // Whoever waited may have been given up meanwhile.
    await route.continue().catch(() => {});
  });
  return { release: async () => {
    release();
    await page.page.unrouteAll({ behavior: "ignoreErrors" });
  } };
}

/** The upload's row, once all has arrived that is to pass. */
async function underWay(page, name) {
  const row = page.page.locator(".uploads .upload").filter({ hasText: name });
  await expect(row.locator(".detail")).toContainText(/(19|2\d) ?% of/, { timeout: 60_000 });
  return row;
}

async function film(home) {
  const file = path.join(home, "film.mkv");
  return { file, sum: await makeFile(file, BYTES) };
}

test("it goes on by itself when the line is back", async ({
  complaints, home, openPage, share,
}) => {
  complaints.allow(SERVER_GONE);
  const { file, sum } = await film(home);
  const page = await openPage();
  const line = await hold(page);
  await page.upload([file]);
  const row = await underWay(page, "film.mkv");
  await page.page.context().setOffline(true);
  await line.release();
  await expect(row.locator(".detail")).toContainText("Waiting for the connection");
  await page.page.context().setOffline(false);
  await expect(page.row("film.mkv")).toBeVisible({ timeout: 60_000 });
  expect(await sha256(path.join(share, "film.mkv"))).toBe(sum);
});

test("it is paused, gone on with, and given up", async ({ home, openPage, server, share }) => {
  const { file, sum } = await film(home);
  const page = await openPage();
  const line = await hold(page);
  await page.upload([file]);
  const row = await underWay(page, "film.mkv");
  await row.getByRole("button", { name: /^Pause/ }).click();
  await expect(row.locator(".detail")).toContainText("Paused");
  const status = JSON.parse(await curl(new URL("api/status", server.url).href));
  await expect.poll(async () => {
    const now = JSON.parse(await curl(new URL("api/status", server.url).href));
    return now.uploads[0].state;
  }).toBe("paused");
  expect(status.uploads[0].path).toBe("film.mkv");
  await line.release();
  await row.getByRole("button", { name: /^Go on/ }).click();
  await expect(page.row("film.mkv")).toBeVisible({ timeout: 60_000 });
  expect(await sha256(path.join(share, "film.mkv"))).toBe(sum);

  await hold(page);
  await page.upload([file]);
  const again = await underWay(page, "film.mkv");
  await again.getByRole("button", { name: /^Cancel/ }).click();
  await expect(again).toHaveCount(0);
  await expect.poll(async () => (
    JSON.parse(await curl(new URL("api/status", server.url).href)).uploads.length)).toBe(0);
  expect((await readdir(share)).filter((name) => !name.startsWith("."))).toEqual(["film.mkv"]);
});

test("after the page was closed, the same file chosen again goes on where it was", async ({
  complaints, home, openPage, share,
}) => {
  complaints.allow(SERVER_GONE);
  const { file, sum } = await film(home);
  const page = await openPage();
  const beside = await openPage("", { beside: page });
  await hold(page);
  await page.upload([file]);
  await underWay(page, "film.mkv");
  await page.page.close();

  await beside.page.reload();
  const rest = beside.page.getByRole("region", { name: "Not finished yet" });
  await expect(rest).toContainText("film.mkv");
  await expect(rest).toContainText(/[1-9]\d? ?% of/);
  const requests = [];
  beside.page.on("request", (request) => requests.push(request));
  const chooser = beside.page.waitForEvent("filechooser");
  await rest.getByRole("button", { name: /^Choose/ }).click();
  await (await chooser).setFiles([file]);
  await expect(beside.row("film.mkv")).toBeVisible({ timeout: 60_000 });
  expect(await sha256(path.join(share, "film.mkv"))).toBe(sum);
  const pieces = requests.filter((request) => request.method() === "PATCH");
  expect(pieces.length).toBeLessThanOrEqual(16 - PIECES);
  expect(Number(pieces[0].headers()["upload-offset"])).toBeGreaterThan(0);
  await expect(rest).toBeHidden();
});

test("it goes on after the server was killed and started again", async ({
  complaints, home, openPage, server, share,
}) => {
  complaints.allow(SERVER_GONE);
  const { file, sum } = await film(home);
  const page = await openPage();
  const line = await hold(page);
  await page.upload([file]);
  await underWay(page, "film.mkv");
  await server.kill();
  await server.start();
  await line.release();
  await expect(page.row("film.mkv")).toBeVisible({ timeout: 60_000 });
  expect(await sha256(path.join(share, "film.mkv"))).toBe(sum);
});

test("three hundred files dropped at once all arrive", async ({ home, openPage, share }) => {
  const files = [];
  for (let n = 0; n < 300; n += 1) {
    const file = path.join(home, `photo ${n}.jpg`);
    await makeFile(file, 2000 + n);
    files.push(file);
  }
  const page = await openPage();
  await page.upload(files);
  await expect.poll(async () => (await readdir(share)).filter((name) => name[0] !== ".").length,
    { timeout: 60_000 }).toBe(300);
  expect((await stat(path.join(share, "photo 299.jpg"))).size).toBe(2299);
  await expect(page.page.getByRole("main")).toContainText("300 items", { timeout: 30_000 });
});
