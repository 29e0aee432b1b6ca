// Every state in which a page can be, in both languages, light and dark, on a desk and in a hand:
// each says what is the case, none has an accessibility violation that axe can see. Pictures of all
// go to results/, for people to look at.
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

import { expect, test } from "../fixtures.mjs";
import { makeFamily } from "../family.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const LOOKS = [
  ["desk-light-en", { locale: "en-GB", colorScheme: "light" }],
  ["desk-dark-zh", { locale: "zh-CN", colorScheme: "dark" }],
  ["phone-dark-en", { locale: "en-GB", colorScheme: "dark", ...PHONE }],
  ["phone-light-zh", { locale: "zh-CN", colorScheme: "light", ...PHONE }],
];

const refusal = (status, code) => ({
  status, contentType: "application/json",
  body: JSON.stringify({ error: { code, message: "" } }),
});
const answer = (url, how) => (page) => page.route(url, how);
const list = (how) => answer("**/api/list/**", how);
const status = (change) => answer("**/api/status", async (route) => {
  const response = await route.fetch();
  await route.fulfill({ json: { ...await response.json(), ...change } });
});

/** [name, what stands in the share, what is done to the page, before it opens and after] */
const STATES = [
  ["empty", null],
  ["listing", makeFamily],
  ["grid", makeFamily, null, (page) => page.locator(".tools .grid").click()],
  ["chosen", makeFamily, null, async (page) => {
    await page.locator(".row .tile").nth(1).click();
    await page.locator(".row .tile").nth(4).click();
  }],
  ["menu", makeFamily, null, (page) => page.locator(".row").nth(4).click({ button: "right" })],
  ["add", makeFamily, null, (page) => page.locator("#more").click()],
  ["new-folder", makeFamily, null, async (page) => {
    await page.locator(".make").click();
    await page.locator("#ask input").fill("a/b");
    await page.keyboard.press("Enter");
  }],
  ["rename", makeFamily, null, async (page) => {
    await page.locator(".row .name").nth(5).focus();
    await page.keyboard.press("F2");
  }],
  ["choose", makeFamily, null, async (page) => {
    await page.locator(".row .tile").nth(5).click();
    await page.locator(".chosen .move").click();
    await page.locator(".folder").first().waitFor();
  }],
  ["share", makeFamily, null, async (page) => {
    await page.locator("#share").click();
    await page.locator(".qr").waitFor();
  }],
  ["text", (share) => writeFile(path.join(share, "note.md"), "# Title\n\nWords.\n"), null,
    (page) => page.locator(".row .name").click()],
  ["unseeable", (share) => writeFile(path.join(share, "all.zip"), "PK"), null,
    (page) => page.locator(".row .name").click()],
  ["nothing-found", makeFamily, answer("**/api/search**", (route) => (
    route.fulfill({ json: { entries: [], truncated: false } }))),
  (page) => page.getByRole("searchbox").fill("nothing")],
  ["read-only", makeFamily, status({ read_only: true })],
  ["loading", null, list(() => {})],
  ["missing", null, list((route) => route.fulfill(refusal(404, "not_found")))],
  ["offline", null, list((route) => route.abort())],
  ["busy", null, list((route) => route.fulfill(refusal(503, "busy")))],
  ["drop-box", null, list((route) => route.fulfill(refusal(403, "forbidden")))],
  ["signed-out", null, list((route) => route.fulfill(refusal(401, "unauthorized")))],
  // A worker's requests cannot be answered by a test.
  ["crowded", makeFamily, async (page) => {
    await page.addInitScript(() => { delete window.SharedWorker; });
    await answer("**/events**", (route) => route.fulfill(refusal(503, "busy")))(page);
  },
    (page) => page.locator('.sign[data-link="crowded"]').waitFor({ timeout: 30_000 })],
];

async function violations(page) {
  await page.addScriptTag({ path: AXE });
  const { violations: found } = await page.evaluate(() => window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }));
  return found.map(({ id, nodes }) => (
    `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => (
      `${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`)).join(" | ")}`));
}

// A proxy changes what comes, and no colour of it.
const SEEN = process.env.LIVEDROP_FRONT ? LOOKS.slice(0, 1) : LOOKS;

for (const [look, settings] of SEEN) {
  for (const [name, fill, before, after] of STATES) {
    test(`${name} is in order: ${look}`, async ({ browser, server, share }) => {
      await fill?.(share);
      // The page's own policy lets no tester's script in.
      const context = await browser.newContext({ ...settings, bypassCSP: true });
      const page = await context.newPage();
      await before?.(page);
      await page.goto(server.url);
      if (fill !== null) await page.locator(".row").first().waitFor();
      await after?.(page);
      await page.locator(".row, .notice:visible, .skeleton:visible").first().waitFor();
      // What moves has come to rest.
      await page.evaluate(() => Promise.all(document.getAnimations()
        .filter(({ effect }) => effect.getComputedTiming().iterations < 99)
        .map(({ finished }) => finished.catch(() => {}))));
      await page.screenshot({ path: `results/states/${name}-${look}.png` });
      expect(await violations(page)).toEqual([]);
      const { content, window } = await page.evaluate(() => ({
        content: document.documentElement.scrollWidth,
        window: document.documentElement.clientWidth,
      }));
      expect(content, "it does not scroll sideways").toBeLessThanOrEqual(window);
      await context.close();
    });
  }
}

test("colours are switched and remembered", async ({ openPage }) => {
  const { page } = await openPage("", { colorScheme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement)
    .backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Dark colours" }).click();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await ground()).toBe(dark);
  await page.getByRole("button", { name: "Light colours" }).click();
  expect(await ground()).toBe(light);
});

test("what may not be changed offers no change", async ({ openPage, share }) => {
  await writeFile(path.join(share, "a.txt"), "a");
  const listing = await openPage();
  await status({ read_only: true })(listing.page);
  await listing.page.reload();
  await expect(listing.page.getByText("Read only")).toBeVisible();
  await expect(listing.page.getByRole("button", { name: "Upload" })).toHaveCount(0);
  await expect(listing.page.getByRole("button", { name: "New folder" })).toHaveCount(0);
  await listing.row("a.txt").locator("a.name").click({ button: "right" });
  await expect(listing.page.getByRole("menuitem", { name: "Download" })).toBeVisible();
  for (const name of ["Rename", "Move to…", "Copy to…", "Delete"]) {
    await expect(listing.page.getByRole("menuitem", { name })).toHaveCount(0);
  }
});

test("at 200 % nothing is lost", async ({ openPage, share }) => {
  await makeFamily(share);
  await mkdir(path.join(share, "תיקייה עם שם ארוך מאוד בעברית"));
  // What a desk of 1280 pixels is at twice the size.
  const { page, rows } = await openPage("", { viewport: { width: 640, height: 400 } });
  await expect(rows.first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Upload" }).first()).toBeVisible();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(640);
});
