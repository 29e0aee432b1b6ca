// Ten thousand files: drawn where they are seen, scrolled without a stutter, changed in place.
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { curl, expect, test } from "../fixtures.mjs";
import { fileUrl } from "../disk.mjs";

// What watches the page for the report would itself be in the trace.
test.use({ trace: "off", screenshot: "off" });

const FILES = 10_000;
const FRAME_MS_MAX = 32;
const SCROLLS = 4;
/** What `slowness` takes where nothing else runs. */
const QUIET_MS = 12;
/** Less than the page could ever need to draw. */
const ROWS_MAX = 100;
const nameOf = (i) => `file ${String(i).padStart(5, "0")}.txt`;

async function fill(share, count) {
  for (let i = 0; i < count; i += 500) {
    const some = Array.from({ length: Math.min(500, count - i) }, (_, j) => nameOf(i + j));
    await Promise.all(some.map((name) => writeFile(path.join(share, name), "")));
  }
}

/**
 * Scrolls from top to bottom by the wheel, and tells how long each frame's work took: as time of
 * the processor, since a machine that tests has other work too.
 */
async function trace(page) {
  const devtools = await page.context().newCDPSession(page);
  const events = [];
  devtools.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const done = new Promise((end) => devtools.on("Tracing.tracingComplete", end));
  await devtools.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["disabled-by-default-devtools.timeline"] },
  });
  await page.mouse.move(400, 400);
  for (let i = 0; i < 60; i += 1) await page.mouse.wheel(0, i < 40 ? 900 : 15_000);
  await page.evaluate(() => new Promise((end) => requestAnimationFrame(() => {
    requestAnimationFrame(end);
  })));
  await devtools.send("Tracing.end");
  await done;
  const main = new Set(events
    .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
    .map(({ pid, tid }) => `${pid} ${tid}`));
  return events.filter(({ name, pid, tid }) => name === "RunTask" && main.has(`${pid} ${tid}`))
    .map(({ dur, tdur }) => (tdur ?? dur ?? 0) / 1000);
}

/**
 * How many times longer than on a quiet machine a browser takes now: a processor that is shared
 * with other machines is slower at times, and does not know it.
 */
async function slowness(page) {
  const times = await page.evaluate(() => Array.from({ length: 9 }, () => {
    const before = performance.now();
    Array.from({ length: 100_000 }, (_, i) => `row ${i}`).sort().join("");
    return performance.now() - before;
  }));
  return times.sort((a, b) => a - b)[4] / QUIET_MS;
}

test("ten thousand rows scroll without a stutter", async ({ openPage, share }) => {
  await fill(share, FILES);
  const listing = await openPage();
  const { page } = listing;
  await expect(listing.row(nameOf(0))).toBeVisible();
  expect(await page.locator(".row").count()).toBeLessThan(ROWS_MAX);
  await expect(listing.live).toBeVisible();
  await page.mouse.wheel(0, 600);
  let most = FRAME_MS_MAX;
  let slowest = [];
  for (let i = 0; i < SCROLLS && !(slowest[1] < most); i += 1) {
    const before = await slowness(page);
    const tasks = await trace(page);
    most = FRAME_MS_MAX * Math.max(1, (before + await slowness(page)) / 2);
    expect(tasks.length).toBeGreaterThan(50);
    slowest = [...tasks].sort((a, b) => b - a);
    await page.evaluate(() => scrollTo(0, 0));
  }
  // The first frame of a scroll may pay for what the browser had put off.
  expect(slowest[1], `ms; the slowest were ${slowest.slice(0, 5)}`).toBeLessThan(most);
  expect(await page.locator(".row").count()).toBeLessThan(ROWS_MAX);
  await page.keyboard.press("End");
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await expect(listing.row(nameOf(FILES - 1))).toBeVisible();
});

test("no row is moved among the others while they scroll", async ({ openPage, share }) => {
  await fill(share, 400);
  const listing = await openPage();
  const { page } = listing;
  await expect(listing.live).toBeVisible();
  // Past the top, where fewer rows are drawn.
  await page.evaluate(() => scrollTo(0, 2000));
  const put = await page.evaluate(async () => {
    const list = document.querySelector(".rows");
    const drawn = () => new Promise((end) => requestAnimationFrame(() => {
      requestAnimationFrame(end);
    }));
    await drawn();
    // What is held keeps the list from coming to rest, which a slow machine's frames look like.
    list.querySelector(".row").dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
    // What the first frames of a scroll have to add is there then. No step is a whole row, so that
    // one more of them is cut by the edge at times.
    for (let i = 0; i < 5; i += 1) {
      scrollBy(0, 75);
      await drawn();
    }
    let moved = 0;
    const watch = new MutationObserver((records) => { moved += records.length; });
    watch.observe(list, { childList: true });
    const first = list.querySelector(".row .stem").textContent;
    for (let i = 0; i < 40; i += 1) {
      scrollBy(0, 75);
      await drawn();
    }
    moved += watch.takeRecords().length;
    return { moved, filled: list.querySelector(".row .stem").textContent !== first };
  });
  expect(put).toEqual({ moved: 0, filled: true });
});

/** Rows of which something is told that is not of their file. */
function misnamed(page) {
  return page.locator(".row").evaluateAll((rows) => rows.flatMap((row) => {
    const name = decodeURIComponent(row.dataset.key);
    const words = [".tile", ".download", ".delete", ".more-acts"]
      .map((which) => row.querySelector(which).getAttribute("aria-label"));
    const title = row.querySelector(".name").title;
    return title === name && words.every((said) => said?.includes(name)) ? [] : [name];
  }));
}

test("after a scroll, Tab goes on by the order of the eye", async ({ openPage, share }) => {
  await fill(share, 400);
  const listing = await openPage();
  const { page } = listing;
  await expect(listing.live).toBeVisible();
  const link = listing.row(nameOf(12)).locator("a.name");
  await link.focus();
  const places = () => page.locator(".row").evaluateAll((rows) => (
    rows.map((row) => Number(row.getAttribute("aria-posinset")))));
  const in_order = async () => {
    const found = await places();
    return found.length > 10 && found.every((place, i) => i === 0 || place > found[i - 1]);
  };
  for (const y of [300, 700, 500, 9000, 8700, 0, 420]) {
    await page.evaluate((to) => scrollTo(0, to), y);
    await expect.poll(in_order, `at ${y}`).toBe(true);
    await expect.poll(() => misnamed(page), `at ${y}`).toEqual([]);
    await expect(link, `at ${y}`).toBeFocused();
  }
  await expect(listing.row(nameOf(18))).toBeVisible();
  // Through the acts of its row to the next one.
  const next = listing.row(nameOf(13)).locator("a.name");
  await expect(async () => {
    await page.keyboard.press("Tab");
    await expect(next).toBeFocused({ timeout: 100 });
  }).toPass();
});

test("what comes above does not move what is being read", async ({ openPage, server, share }) => {
  await fill(share, 400);
  const listing = await openPage();
  const { page } = listing;
  await expect(listing.live).toBeVisible();
  await page.evaluate(() => scrollTo(0, 9000));
  await expect(listing.row(nameOf(170))).toBeVisible();
  const top = () => listing.row(nameOf(170)).evaluate((row) => row.getBoundingClientRect().top);
  const before = await top();
  const file = path.join(share, nameOf(0));
  for (const name of ["aaa.txt", "bbb.txt"]) await curl("-T", file, fileUrl(server.url, name));
  await expect(page.locator(".total")).toContainText("402");
  await expect.poll(top).toBeCloseTo(before, 0);
  await expect(page.getByRole("button", { name: "2 new" })).toBeVisible();
  await curl("-X", "DELETE", fileUrl(server.url, "aaa.txt"));
  await expect(page.locator(".total")).toContainText("401");
  await expect.poll(top).toBeCloseTo(before, 0);
  await page.getByRole("button", { name: "1 new" }).click();
  await expect(listing.row("bbb.txt").locator("a.name")).toBeFocused();
  await expect(page.locator(".hint")).toBeHidden();
});

test("a row that is held stays under the finger", async ({ openPage, server, share }) => {
  await fill(share, 5);
  const listing = await openPage();
  await expect(listing.live).toBeVisible();
  const box = await listing.row(nameOf(3)).boundingBox();
  await listing.page.mouse.move(box.x + 300, box.y + 20);
  await listing.page.mouse.down();
  await curl("-T", path.join(share, nameOf(0)), fileUrl(server.url, "aaa.txt"));
  await curl("-X", "DELETE", fileUrl(server.url, nameOf(1)));
  await expect(listing.page.locator(`.row[data-key="${encodeURIComponent(nameOf(1))}"]`))
    .toHaveClass(/is-gone/);
  expect((await listing.row(nameOf(3)).boundingBox()).y).toBe(box.y);
  await listing.page.mouse.move(1, 1);
  await listing.page.mouse.up();
  await expect(listing.row("aaa.txt")).toBeVisible();
  await expect(listing.row(nameOf(1))).toHaveCount(0);
});

test("rows are named while the list is held", async ({ openPage, share }) => {
  await fill(share, 400);
  const listing = await openPage();
  const { page } = listing;
  await expect(listing.live).toBeVisible();
  const box = await listing.row(nameOf(3)).boundingBox();
  await page.mouse.move(box.x + 300, box.y + 20);
  await page.mouse.down();
  await page.evaluate(() => scrollTo(0, 9000));
  await expect(listing.row(nameOf(170))).toBeVisible();
  await expect.poll(() => misnamed(page)).toEqual([]);
  await page.mouse.up();
});

test("a row that one is about to click does not slip away", async ({
  openPage, server, share,
}) => {
  await fill(share, 5);
  const listing = await openPage();
  const { page } = listing;
  await expect(listing.live).toBeVisible();
  const box = await listing.row(nameOf(3)).boundingBox();
  const aim = () => page.mouse.move(box.x + 300 + Math.random() * 9, box.y + 20);
  await aim();
  await curl("-X", "DELETE", fileUrl(server.url, nameOf(1)));
  const gone = page.locator(`.row[data-key="${encodeURIComponent(nameOf(1))}"]`);
  await expect(gone).toHaveClass(/is-gone/);
  expect((await listing.row(nameOf(3)).boundingBox()).y).toBe(box.y);
  // A mouse that rests lets the list go on.
  await expect(gone).toHaveCount(0);
  await aim();
  await curl("-X", "DELETE", fileUrl(server.url, nameOf(0)));
  const back = page.locator(`.row[data-key="${encodeURIComponent(nameOf(0))}"]`);
  await expect(back).toHaveClass(/is-gone/);
  await aim();
  await curl("-T", path.join(share, nameOf(2)), fileUrl(server.url, nameOf(0)));
  await expect(back).not.toHaveClass(/is-gone/);
  await expect(back).toHaveCSS("opacity", "1");
});

test("nothing shifts while the page comes to be", async ({ openPage, share }) => {
  await fill(share, 60);
  const listing = await openPage();
  await expect(listing.live).toBeVisible();
  const shift = await listing.page.evaluate(() => new Promise((done) => {
    new PerformanceObserver((list) => done(
      list.getEntries().reduce((sum, entry) => sum + entry.value, 0),
    )).observe({ type: "layout-shift", buffered: true });
    setTimeout(done, 1000, 0);
  }));
  expect(shift).toBeLessThan(0.02);
});

test("the page is under 60 KB on the wire and paints at once", async ({ openPage, share }) => {
  await fill(share, 30);
  for (const locale of ["en-GB", "zh-CN"]) {
    const listing = await openPage("", { locale });
    await expect(listing.rows).not.toHaveCount(0);
    const { bytes, paint, hosts } = await listing.page.evaluate(() => {
      const all = [...performance.getEntriesByType("navigation"),
        ...performance.getEntriesByType("resource")];
      return {
        bytes: all.reduce((sum, entry) => sum + entry.transferSize, 0),
        paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
        hosts: [...new Set(all.map(({ name }) => new URL(name).host))],
      };
    });
    expect(bytes, locale).toBeGreaterThan(10_000);
    expect(bytes, locale).toBeLessThan(60_000);
    expect(hosts).toEqual([new URL(listing.page.url()).host]);
    console.log(`${locale}: ${bytes} bytes, first paint ${Math.round(paint)} ms`);
  }
});
