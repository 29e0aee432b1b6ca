// Files looked at over the list: by click, keys and fingers, by an address, and without anything in
// them ever running.
import { execFile } from "node:child_process";
import { rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { curl, expect, test } from "../fixtures.mjs";
import { fileUrl } from "../disk.mjs";

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"
  onload="document.title='ran'"><script>parent.ran = true; top.ran = true</script>
  <rect width="40" height="30" fill="teal"/></svg>`;
// One dot.
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    + "DwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** The viewer as a person sees it. */
function viewerOf({ page }) {
  const dialog = page.locator("#viewer");
  return { dialog, stage: dialog.locator(".stage"), name: dialog.getByRole("heading") };
}

async function fill(share) {
  await writeFile(path.join(share, "a.png"), PNG);
  await writeFile(path.join(share, "b.svg"), SVG);
  await writeFile(path.join(share, "c.md"), "# Title\n<b>bold</b>\n");
  await writeFile(path.join(share, "d.html"), "<script>top.ran = true; alert(1)</script><p>hello");
  await writeFile(path.join(share, "e.zip"), "PK");
}

test("keys go from file to file, the address follows, back closes", async ({ openPage, share }) => {
  await fill(share);
  const listing = await openPage();
  const { page } = listing;
  await listing.mark();
  const { dialog, name } = viewerOf(listing);
  await listing.row("a.png").locator("a.name").click();
  await expect(name).toHaveText("a.png");
  await expect(page).toHaveURL(/\?file=a\.png$/);
  await expect.poll(() => dialog.locator("img").evaluate((img) => img.naturalWidth)).toBe(1);
  for (const next of ["b.svg", "c.md", "d.html", "e.zip"]) {
    await page.keyboard.press("ArrowRight");
    await expect(name).toHaveText(next);
    await expect(page).toHaveURL(new RegExp(`file=${next}$`));
  }
  await page.keyboard.press("ArrowRight");
  await expect(name, "the last one stays").toHaveText("e.zip");
  await page.keyboard.press("ArrowLeft");
  await expect(name).toHaveText("d.html");
  await page.goBack();
  await expect(dialog).toBeHidden();
  await page.goForward();
  await expect(name).toHaveText("d.html");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(/\/$/);
  await listing.expectNoReload();
});

test("nothing in a file runs", async ({ openPage, share }) => {
  await fill(share);
  const listing = await openPage("?file=b.svg");
  const { dialog, stage } = viewerOf(listing);
  const width = () => dialog.locator("img").evaluate((img) => img.naturalWidth);
  await expect.poll(width).toBe(40);
  await listing.page.keyboard.press("ArrowRight");
  await expect(stage.locator("pre")).toHaveText("# Title\n<b>bold</b>\n", { useInnerText: true });
  await listing.page.keyboard.press("ArrowRight");
  await expect(stage.locator("pre")).toContainText("<script>top.ran = true; alert(1)</script>");
  expect(await listing.page.evaluate(() => [window.ran, document.querySelector("b")]))
    .toEqual([undefined, null]);
});

test("an address opens its file over its folder", async ({ openPage, server, share }) => {
  const file = path.join(share, "x");
  await writeFile(file, "inside");
  await curl("-T", file, fileUrl(server.url, "Holiday/ü #1?.txt"));
  const listing = await openPage(`?file=Holiday/${encodeURIComponent("ü #1?.txt")}`);
  const { dialog, stage, name } = viewerOf(listing);
  await expect(name).toHaveText("ü #1?.txt");
  await expect(stage.locator("pre")).toHaveText("inside");
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(dialog).toBeHidden();
  await expect(listing.row("Holiday/ü #1?.txt")).toBeVisible();
  await expect(listing.page).toHaveURL(/\?dir=Holiday$/);
});

test("what goes or changes while it is looked at", async ({ openPage, server, share }) => {
  await writeFile(path.join(share, "note.txt"), "first");
  const listing = await openPage("?file=note.txt");
  const { stage } = viewerOf(listing);
  await expect(stage.locator("pre")).toHaveText("first");
  await expect(listing.live).toHaveText(/Live/);
  await writeFile(path.join(share, "other"), "second");
  await curl("-T", path.join(share, "other"), fileUrl(server.url, "note.txt"));
  await expect(stage.locator("pre")).toHaveText("second");
  await curl("-X", "DELETE", fileUrl(server.url, "note.txt"));
  await expect(stage).toContainText("no longer there");
});

test("a file that is not there says so", async ({ complaints, openPage, share }) => {
  complaints.allow(/404/);
  await writeFile(path.join(share, "there.txt"), "there");
  const listing = await openPage("?file=gone.txt");
  await expect(viewerOf(listing).stage).toContainText("no longer there");
});

test("a film and a song play in it, and stop with it", async ({ openPage, share }) => {
  const make = (name, ...inputs) => promisify(execFile)("ffmpeg", [
    "-v", "error", ...inputs.flatMap((input) => ["-f", "lavfi", "-i", input]),
    path.join(share, name),
  ]);
  await make("film.webm", "testsrc=size=64x48:duration=2");
  await make("song.ogg", "sine=frequency=440:duration=2");
  const listing = await openPage();
  const { dialog } = viewerOf(listing);
  for (const [name, tag] of [["film.webm", "video"], ["song.ogg", "audio"]]) {
    await listing.row(name).locator("a.name").click();
    await expect.poll(() => dialog.locator(tag).evaluate((media) => media.readyState))
      .toBeGreaterThanOrEqual(2);
    await listing.page.keyboard.press("Escape");
    await expect(dialog.locator(tag)).toHaveCount(0);
  }
});

test("a PDF is shown by the browser's reader", async ({ openPage, share }) => {
  await writeFile(path.join(share, "paper.pdf"), `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`);
  const listing = await openPage("?file=paper.pdf");
  const frames = () => listing.page.frames().map((frame) => frame.url());
  await expect.poll(frames).toContainEqual(expect.stringMatching(/files\/paper\.pdf/));
  await expect(listing.page.locator("#viewer iframe")).toBeVisible();
});

test("a finger wipes from picture to picture", async ({ openPage, share }) => {
  await writeFile(path.join(share, "a.png"), PNG);
  await writeFile(path.join(share, "b.png"), PNG);
  const listing = await openPage("?file=a.png", {
    viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true,
  });
  const { name } = viewerOf(listing);
  await expect(name).toHaveText("a.png");
  const devtools = await listing.page.context().newCDPSession(listing.page);
  const touch = (type, ...points) => devtools.send("Input.dispatchTouchEvent", {
    type, touchPoints: points.map(([x, y]) => ({ x, y })),
  });
  await expect(listing.row("b.png")).toHaveCount(1);
  await touch("touchStart", [300, 400]);
  await touch("touchMove", [200, 404]);
  await touch("touchMove", [100, 404]);
  await touch("touchEnd");
  await expect(name).toHaveText("b.png");
});

test("names made to break a page are only names in it", async ({ openPage, share }) => {
  const hostile = ["<img src=x onerror=alert(1)>.txt", "gpj.\u202Eexe.txt", "a&lt;b.txt"];
  for (const name of hostile) await writeFile(path.join(share, name), name);
  const listing = await openPage();
  for (const name of hostile) {
    await listing.row(name).locator("a.name").click();
    await expect(viewerOf(listing).stage.locator("pre"))
      .toHaveText(name.replace("\u202E", "\uFFFD"));
    await listing.page.keyboard.press("Escape");
  }
  await rename(path.join(share, hostile[0]), path.join(share, "z"));
  await rm(path.join(share, "z"));
});
