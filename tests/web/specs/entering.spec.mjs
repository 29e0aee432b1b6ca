// The ways in, and pictures side by side: what is pasted, chosen as a folder or dropped becomes
// files; the grid loads the pictures that are seen, three at a time.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { expect, test } from "../fixtures.mjs";
import { listDisk } from "../disk.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const LOADING_MAX = 3;
// One dot.
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
  + "DwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Pastes what a browser would hand over; its clipboard cannot hold files without a leave. */
const paste = (page, { text, image }) => page.evaluate(({ text, image }) => {
  const data = new DataTransfer();
  if (text !== undefined) data.setData("text/plain", text);
  if (image !== undefined) {
    data.items.add(new File([Uint8Array.from(image)], "image.png", { type: "image/png" }));
  }
  document.body.dispatchEvent(new ClipboardEvent("paste", {
    clipboardData: data, bubbles: true, cancelable: true,
  }));
}, { text, image });

test("pasted text and screenshots become files", async ({ openPage, share }) => {
  const { page, rows, emptyMessage } = await openPage();
  await expect(emptyMessage).toBeVisible();
  await paste(page, { text: "a word\n" });
  await expect(rows).toHaveCount(1);
  const [name] = await listDisk(share);
  expect(name).toMatch(/^Pasted \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.txt$/);
  expect(await readFile(path.join(share, name), "utf8")).toBe("a word\n");
  await paste(page, { image: [...PNG] });
  await expect(rows).toHaveCount(2);
  const image = (await listDisk(share)).find((other) => other.endsWith(".png"));
  expect(image).toMatch(/^Pasted /);
  expect(await readFile(path.join(share, image))).toEqual(PNG);
});

test("what is pasted into a field stays there", async ({ openPage, share }) => {
  await writeFile(path.join(share, "a.txt"), "a");
  const { page, rows } = await openPage();
  await expect(rows).toHaveCount(1);
  await page.getByRole("searchbox").evaluate((field) => {
    const data = new DataTransfer();
    data.setData("text/plain", "words");
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
  });
  await paste(page, { text: "beside it" });
  await expect(rows).toHaveCount(2);
  const [pasted] = (await listDisk(share)).filter((name) => name !== "a.txt");
  expect(await readFile(path.join(share, pasted), "utf8")).toBe("beside it");
});

test("a whole folder is chosen by the menu", async ({ home, openPage, share }) => {
  await mkdir(path.join(home, "Trip", "Day 1"), { recursive: true });
  await writeFile(path.join(home, "Trip", "Day 1", "map.txt"), "map");
  await writeFile(path.join(home, "Trip", "list.txt"), "list");
  const listing = await openPage();
  await expect(listing.emptyMessage).toBeVisible();
  await listing.page.getByRole("button", { name: "More ways to add" }).click();
  const chooser = listing.page.waitForEvent("filechooser");
  await listing.page.getByRole("menuitem", { name: "A whole folder" }).click();
  await (await chooser).setFiles(path.join(home, "Trip"));
  await expect(listing.row("Trip")).toBeVisible();
  await expect.poll(() => listDisk(share, "Trip/Day 1")).toEqual(["map.txt"]);
  expect(await listDisk(share, "Trip")).toEqual(["Day 1", "list.txt"]);
});

test("a phone's big button asks for photos", async ({ openPage }) => {
  const { page, emptyMessage } = await openPage("", PHONE);
  await expect(emptyMessage).toBeVisible();
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Upload photos" }).tap();
  const input = (await chooser).element();
  expect(await input.getAttribute("accept")).toBe("image/*,video/*");
});

test("no row's button lies below another thing on a phone", async ({ openPage, share }) => {
  for (let i = 0; i < 40; i += 1) {
    await writeFile(path.join(share, `a rather long name of a photo ${i} of summer.jpeg`), "");
  }
  const { page, rows } = await openPage("", PHONE);
  await expect(rows.first()).toBeVisible();
  const covered = () => page.evaluate(() => {
    const low = document.querySelector(".dock").getBoundingClientRect().top;
    return [...document.querySelectorAll(".row .more-acts")].filter((button) => {
      const box = button.getBoundingClientRect();
      const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
      if (y < 60 || y > low) return false;
      return !button.contains(document.elementFromPoint(x, y));
    }).length;
  });
  expect(await covered()).toBe(0);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await expect(page.locator(`.row[aria-posinset="40"] .more-acts`)).toBeVisible();
  expect(await covered()).toBe(0);
  const last = await page.locator(`.row[aria-posinset="40"]`).boundingBox();
  const dock = await page.locator(".dock").boundingBox();
  expect(last.y + last.height, "the last row can be seen whole").toBeLessThanOrEqual(dock.y);
  const shown = await page.locator(`.row[aria-posinset="40"] .extension`).boundingBox();
  expect(shown.x + shown.width, "the extension stays in sight").toBeLessThan(390);
});

test("every target is 44 pixels where fingers aim", async ({ openPage, share }) => {
  await writeFile(path.join(share, "a.jpeg"), "");
  const { page, rows } = await openPage("", PHONE);
  await expect(rows).toHaveCount(1);
  const small = await page.evaluate(() => [...document.querySelectorAll("button, a, select, input")]
    .filter((target) => target.checkVisibility({ visibilityProperty: true }))
    .map((target) => {
      const box = target.getBoundingClientRect();
      const more = Math.min(0, parseFloat(getComputedStyle(target, "::after").inset) || 0);
      const whole = getComputedStyle(target, "::after").position === "absolute";
      const [width, height] = whole && more === 0 ? [44, 44]
        : [box.width - 2 * more, box.height - 2 * more];
      return { what: target.outerHTML.slice(0, 80), width, height };
    })
    .filter(({ width, height }) => width < 43.9 || height < 43.9));
  expect(small).toEqual([]);
});

test("pictures load three at a time, those in sight", async ({ openPage, share }) => {
  const COUNT = 120;
  for (let i = 0; i < COUNT; i += 1) await writeFile(path.join(share, `${i}.png`), PNG);
  const { page, rows } = await openPage();
  await expect(rows.first()).toBeVisible();
  let loading = 0;
  let most = 0;
  let asked = 0;
  await page.route("**/files/*.png*", async (route) => {
    loading += 1;
    asked += 1;
    most = Math.max(most, loading);
    await new Promise((done) => { setTimeout(done, 30); });
    loading -= 1;
    await route.continue();
  });
  await page.getByRole("button", { name: "Pictures" }).click();
  await expect(page.locator(".row").first().locator(".thumb img")).toBeVisible();
  await expect.poll(() => page.locator(".thumb img").count()).toBeGreaterThan(20);
  await expect.poll(() => loading).toBe(0);
  expect(most).toBeLessThanOrEqual(LOADING_MAX);
  expect(asked, "not all of them").toBeLessThan(COUNT);
  await page.screenshot({ path: "results/grid.png" });
});
