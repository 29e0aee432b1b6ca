// Files managed in the page: made, renamed, moved, copied, thrown away and taken back, found again;
// by mouse, by keys and by fingers, while somebody else looks on.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { curl, expect, test } from "../fixtures.mjs";
import { fileUrl, listDisk } from "../disk.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

async function fill(share) {
  await mkdir(path.join(share, "Box"));
  for (const name of ["a.txt", "b.txt", "c.txt"]) await writeFile(path.join(share, name), name);
}

const menuItem = ({ page }, name) => page.getByRole("menuitem", { name });
const said = ({ page }) => page.locator("#message");

/** Presses a key until something has the focus. */
async function reach(listing, key, locator) {
  await expect(locator).toBeVisible();
  const is_there = () => locator.evaluate((element) => element === document.activeElement);
  for (let n = 0; n < 30 && !await is_there(); n += 1) await listing.page.keyboard.press(key);
  await expect(locator).toBeFocused();
}

test("a new folder stands there for everyone", async ({ openPage, share }) => {
  const mine = await openPage();
  const theirs = await openPage();
  await expect(theirs.live).toBeVisible();
  await mine.page.getByRole("button", { name: "New folder" }).first().click();
  const box = mine.page.getByRole("dialog", { name: "New folder" });
  await box.getByRole("textbox").fill("a/b");
  await box.getByRole("button", { name: "Create" }).click();
  await expect(box.getByRole("alert")).toContainText("cannot keep");
  await box.getByRole("textbox").fill("50% off #1 ü");
  await mine.page.keyboard.press("Enter");
  await expect(box).toBeHidden();
  for (const page of [mine, theirs]) await expect(page.row("50% off #1 ü")).toBeVisible();
  expect(await listDisk(share)).toEqual(["50% off #1 ü"]);
});

test("a taken name is said at once", async ({ complaints, openPage, share }) => {
  complaints.allow(/405|412/);
  await fill(share);
  const listing = await openPage();
  const { page } = listing;
  await page.getByRole("button", { name: "New folder" }).first().click();
  const box = page.getByRole("dialog", { name: "New folder" });
  await box.getByRole("textbox").fill("Box");
  await page.keyboard.press("Enter");
  await expect(box.getByRole("alert")).toContainText("already there");
  await page.keyboard.press("Escape");

  await listing.row("a.txt").locator("a.name").focus();
  await page.keyboard.press("F2");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("b.txt");
  await page.keyboard.press("Enter");
  await expect(said(listing)).toContainText("already there");
  expect(await readFile(path.join(share, "b.txt"), "utf8")).toBe("b.txt");
  await page.keyboard.press("Escape");
  await expect(listing.row("a.txt")).toBeVisible();
});

test("a name is changed in its row, by keys alone", async ({ openPage, share }) => {
  await fill(share);
  const mine = await openPage();
  const theirs = await openPage();
  await expect(theirs.live).toBeVisible();
  await mine.row("a.txt").locator("a.name").focus();
  await mine.page.keyboard.press("F2");
  const field = mine.page.getByRole("textbox", { name: "New name for a.txt" });
  // The extension is not selected.
  await mine.page.keyboard.type("zebra");
  await expect(field).toHaveValue("zebra.txt");
  await mine.page.keyboard.press("Enter");
  for (const page of [mine, theirs]) {
    await expect(page.row("zebra.txt")).toBeVisible();
    await expect(page.row("a.txt")).toHaveCount(0);
  }
  await expect(mine.row("zebra.txt").locator("a.name")).toBeFocused();
  expect(await listDisk(share)).toEqual(["Box", "b.txt", "c.txt", "zebra.txt"]);
});

test("a row that is being renamed stays, whatever comes", async ({ openPage, server, share }) => {
  await fill(share);
  const listing = await openPage();
  await expect(listing.live).toBeVisible();
  const before = await listing.row("b.txt").boundingBox();
  await listing.row("b.txt").locator("a.name").focus();
  await listing.page.keyboard.press("F2");
  await listing.page.keyboard.type("half a na");
  await curl("-T", path.join(share, "a.txt"), fileUrl(server.url, "0.txt"));
  await curl("-X", "DELETE", fileUrl(server.url, "a.txt"));
  await expect(listing.page.locator('.row[data-key="a.txt"]')).toHaveClass(/is-gone/);
  await expect(listing.page.locator(".renaming")).toHaveValue("half a na.txt");
  expect((await listing.page.locator('.row[data-key="b.txt"]').boundingBox()).y).toBe(before.y);
  await listing.page.keyboard.press("Escape");
  await expect(listing.row("0.txt")).toBeVisible();
  await expect(listing.row("a.txt")).toHaveCount(0);
});

test("what goes can be taken back, by whoever saw it go", async ({ openPage, share }) => {
  await fill(share);
  const mine = await openPage();
  const theirs = await openPage();
  await expect(theirs.live).toBeVisible();
  await mine.remove("a.txt");
  await expect(theirs.row("a.txt")).toHaveCount(0);
  for (const { page } of [mine, theirs]) {
    await expect(page.locator("#offer")).toContainText("a.txt was deleted");
  }
  await theirs.page.getByRole("button", { name: "Undo" }).click();
  for (const page of [mine, theirs]) await expect(page.row("a.txt")).toBeVisible();
  await expect(mine.page.getByRole("button", { name: "Undo" }), "it is back").toBeHidden();
  expect(await readFile(path.join(share, "a.txt"), "utf8")).toBe("a.txt");
});

test.describe("where nothing can be undone", () => {
  test.use({ options: ["--undo-minutes", "0"] });

  test("the page asks before it deletes", async ({ complaints, openPage, share }) => {
    await fill(share);
    const listing = await openPage();
    await expect(listing.live).toBeVisible();
    // The fixture says no to every question, and notes it.
    complaints.allow(/Delete a\.txt for good\?/);
    await listing.remove("a.txt");
    await expect(listing.row("a.txt")).toBeVisible();
    expect(await listDisk(share)).toContain("a.txt");
  });
});

test("many are selected by click, shift and keys, deleted and undone", async ({
  openPage, share,
}) => {
  await fill(share);
  const listing = await openPage();
  const theirs = await openPage();
  await expect(theirs.live).toBeVisible();
  const { page } = listing;
  await listing.row("a.txt").locator("a.name").click({ modifiers: ["Control"] });
  await listing.row("c.txt").locator("a.name").click({ modifiers: ["Shift"] });
  await expect(page.getByText("3 selected")).toBeVisible();
  await listing.row("b.txt").getByRole("checkbox").click();
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.keyboard.press("Escape");
  await listing.row("a.txt").locator("a.name").focus();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("toolbar")).toBeHidden();
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.keyboard.press("Control+a");
  await expect(page.getByText("4 selected")).toBeVisible();
  await page.keyboard.press("Delete");
  for (const each of [listing, theirs]) await expect(each.rows).toHaveCount(0);
  await expect.poll(() => listDisk(share)).toEqual([]);
  await expect(page.locator("#offer")).toContainText("4 items were deleted");
  await page.getByRole("button", { name: "Undo" }).click();
  for (const each of [listing, theirs]) await expect(each.rows).toHaveCount(4);
  expect(await listDisk(share)).toEqual(["Box", "a.txt", "b.txt", "c.txt"]);
});

test("rows are dragged into a folder and up again", async ({ openPage, share }) => {
  await fill(share);
  const listing = await openPage();
  const theirs = await openPage();
  await expect(theirs.live).toBeVisible();
  const { page } = listing;
  await listing.row("a.txt").getByRole("checkbox").click();
  await listing.row("b.txt").getByRole("checkbox").click();
  await listing.row("a.txt").locator("a.name").dragTo(listing.row("Box").locator("a.name"));
  for (const each of [listing, theirs]) await expect(each.row("a.txt")).toHaveCount(0);
  await expect(said(listing)).toContainText("2 items moved to Box");
  expect(await listDisk(share, "Box")).toEqual(["a.txt", "b.txt"]);
  await listing.openFolder("Box");
  await listing.row("Box/a.txt").locator("a.name")
    .dragTo(page.getByRole("navigation").getByRole("link", { name: "Shared files" }));
  await expect(listing.row("Box/a.txt")).toHaveCount(0);
  await expect(theirs.row("a.txt")).toBeVisible();
  expect(await listDisk(share)).toEqual(["Box", "a.txt", "c.txt"]);
});

test("the menu moves and copies to a folder that one walks to", async ({ openPage, share }) => {
  await fill(share);
  await mkdir(path.join(share, "Box", "Inner"));
  const listing = await openPage();
  const theirs = await openPage();
  await expect(theirs.live).toBeVisible();
  const { page } = listing;
  const choose = page.getByRole("dialog");
  await listing.row("a.txt").click({ button: "right" });
  await menuItem(listing, "Move to…").click();
  await choose.getByRole("button", { name: "Box" }).click();
  await choose.getByRole("button", { name: "Inner" }).click();
  await choose.getByRole("button", { name: "Move here" }).click();
  for (const each of [listing, theirs]) await expect(each.row("a.txt")).toHaveCount(0);
  expect(await listDisk(share, "Box/Inner")).toEqual(["a.txt"]);

  await listing.row("b.txt").getByRole("button", { name: "More for b.txt" }).click();
  await menuItem(listing, "Copy to…").click();
  await choose.getByRole("button", { name: "Copy here" }).click();
  for (const each of [listing, theirs]) await expect(each.row("b (2).txt")).toBeVisible();
  expect(await readFile(path.join(share, "b (2).txt"), "utf8")).toBe("b.txt");

  await listing.row("Box").getByRole("button", { name: "More for Box" }).click();
  await menuItem(listing, "Move to…").click();
  await expect(choose.getByRole("button", { name: "Box" }), "not into itself").toBeDisabled();
  await page.keyboard.press("Escape");
});

test("what the menu does can be done by keys alone", async ({ openPage, share }) => {
  await fill(share);
  const listing = await openPage();
  const { keyboard } = listing.page;
  await listing.row("c.txt").locator("a.name").focus();
  await keyboard.press("Shift+F10");
  await reach(listing, "ArrowDown", menuItem(listing, "Move to…"));
  await keyboard.press("Enter");
  const choose = listing.page.getByRole("dialog");
  await reach(listing, "Tab", choose.getByRole("button", { name: "Box" }));
  await keyboard.press("Enter");
  await expect(choose.getByText("No folders in here.")).toBeVisible();
  await reach(listing, "Tab", choose.getByRole("button", { name: "Move here" }));
  await keyboard.press("Enter");
  await expect(listing.row("c.txt")).toHaveCount(0);
  expect(await listDisk(share, "Box")).toEqual(["c.txt"]);
});

test("who comes too late is told", async ({ complaints, openPage, server, share }) => {
  complaints.allow(/404|409|412/);
  await fill(share);
  const listing = await openPage();
  await expect(listing.live).toBeVisible();
  await listing.row("a.txt").locator("a.name").focus();
  await listing.page.keyboard.press("F2");
  await listing.page.keyboard.type("mine");
  await curl("-X", "DELETE", fileUrl(server.url, "a.txt"));
  await listing.page.keyboard.press("Enter");
  await expect(said(listing)).toContainText("no longer there");
  await expect(listing.row("a.txt")).toHaveCount(0);
});

test("a selection is fetched as one zip", async ({ openPage, share }) => {
  await fill(share);
  const listing = await openPage();
  for (const name of ["a.txt", "Box"]) await listing.row(name).getByRole("checkbox").click();
  const download = listing.page.waitForEvent("download");
  await listing.page.getByRole("toolbar").getByRole("button", { name: "Download" }).click();
  const saved = await download;
  expect(saved.suggestedFilename()).toMatch(/\.zip$/);
  const bytes = await readFile(await saved.path());
  expect(bytes.includes("a.txt")).toBe(true);
  expect(bytes.includes("b.txt")).toBe(false);
});

test("search finds below, and what it finds can be used", async ({ openPage, share }) => {
  await fill(share);
  await mkdir(path.join(share, "Box", "Deep"));
  await writeFile(path.join(share, "Box", "Deep", "Übersicht 2026.txt"), "found");
  const listing = await openPage();
  const { page } = listing;
  await expect(listing.row("a.txt")).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type("übersicht");
  const found = "Box/Deep/Übersicht 2026.txt";
  await expect(listing.row(found)).toBeVisible();
  await expect(listing.row(found)).toContainText("Box / Deep");
  await expect(listing.rows).toHaveCount(1);
  await listing.row(found).locator("a.name").click();
  await expect(page.locator("#viewer pre")).toHaveText("found");
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox").fill("nowhere to be seen");
  await expect(page.getByRole("heading", { name: "Nothing found" })).toBeVisible();
  await page.getByRole("searchbox").press("Escape");
  await expect(listing.row("a.txt")).toBeVisible();
});

test("rows are sorted by name, size and age", async ({ openPage, share }) => {
  for (const [name, size] of [["img10.png", 5], ["img9.png", 500], ["img1.png", 50]]) {
    await writeFile(path.join(share, name), "x".repeat(size));
  }
  const { page, rows } = await openPage();
  const names = () => rows.evaluateAll((all) => all.map((row) => row.dataset.key));
  await expect.poll(names).toEqual(["img1.png", "img9.png", "img10.png"]);
  await page.locator('[data-order="name"]').click();
  await expect.poll(names).toEqual(["img10.png", "img9.png", "img1.png"]);
  await page.locator('[data-order="size"]').click();
  await expect.poll(names).toEqual(["img9.png", "img1.png", "img10.png"]);
  await page.locator('[data-order="size"]').click();
  await expect.poll(names).toEqual(["img10.png", "img1.png", "img9.png"]);
  await page.reload();
  await expect.poll(names, "it is remembered").toEqual(["img10.png", "img1.png", "img9.png"]);
});

test("a long press selects on a phone, a tap then adds", async ({ openPage, share }) => {
  await fill(share);
  const listing = await openPage("", PHONE);
  const { page } = listing;
  const devtools = await page.context().newCDPSession(page);
  const box = await listing.row("a.txt").boundingBox();
  const point = { x: box.x + 150, y: box.y + 30 };
  await devtools.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [point] });
  await expect(page.getByText("1 selected")).toBeVisible();
  await devtools.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await expect(page.getByText("1 selected")).toBeVisible();
  await listing.row("b.txt").locator("a.name").tap();
  await expect(page.getByText("2 selected")).toBeVisible();
  await page.getByRole("toolbar").getByRole("button", { name: "Delete" }).tap();
  await expect(listing.rows).toHaveCount(2);
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
});
