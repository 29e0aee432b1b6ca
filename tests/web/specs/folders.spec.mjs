// What a person does all day: send some files, walk through folders and back, throw something away.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

import { curl, expect, test } from "../fixtures.mjs";
import { fileUrl, listDisk, makeFile, sha256 } from "../disk.mjs";

test("ten files sent by the button arrive whole", async ({ home, openPage, share }) => {
  const names = Array.from({ length: 10 }, (_, i) => `photo ${i + 1}.jpg`);
  const sums = new Map();
  for (const [i, name] of names.entries()) {
    sums.set(name, await makeFile(path.join(home, name), 1 + i * 100_000));
  }
  const page = await openPage();
  await page.upload(names.map((name) => path.join(home, name)));

  for (const name of names) await expect(page.row(name)).toBeVisible();
  expect(await listDisk(share)).toEqual([...names].sort());
  for (const [name, sum] of sums) expect(await sha256(path.join(share, name))).toBe(sum);
});

test("a file sent inside a folder lands in that folder", async ({ home, openPage, share }) => {
  await mkdir(path.join(share, "Holiday"));
  const file = path.join(home, "beach.jpg");
  await makeFile(file, 5_000);
  const page = await openPage("?dir=Holiday");
  await page.upload([file]);
  await expect(page.row("Holiday/beach.jpg")).toBeVisible();
  expect(await listDisk(share, "Holiday")).toEqual(["beach.jpg"]);
  expect(await listDisk(share)).toEqual(["Holiday"]);
});

test("folders open, and back and forward work", async ({ openPage, share }) => {
  await mkdir(path.join(share, "a b", "ü #1"), { recursive: true });
  await writeFile(path.join(share, "a b", "ü #1", "deep.txt"), "deep");
  await writeFile(path.join(share, "top.txt"), "top");
  const page = await openPage();
  await page.mark();
  await page.openFolder("a b");
  await page.openFolder("a b/ü #1");
  await expect(page.row("a b/ü #1/deep.txt")).toBeVisible();
  expect(new URL(page.page.url()).searchParams.get("dir")).toBe("a b/ü #1");

  await page.page.goBack();
  await expect(page.row("a b/ü #1")).toBeVisible();
  await page.page.goBack();
  await expect(page.row("top.txt")).toBeVisible();
  await page.page.goForward();
  await expect(page.row("a b/ü #1")).toBeVisible();
  await expect(page.row("top.txt")).toHaveCount(0);
  await page.expectNoReload();

  await page.page.reload();
  await expect(page.row("a b/ü #1")).toBeVisible();
});

test("an empty folder says so, until something comes", async ({ home, openPage, server }) => {
  const page = await openPage();
  await expect(page.emptyMessage).toBeVisible();
  const file = path.join(home, "file");
  await writeFile(file, "first");
  await curl("-T", file, fileUrl(server.url, "first.txt"));
  await expect(page.row("first.txt")).toBeVisible();
  await expect(page.emptyMessage).toBeHidden();
});

test("a folder that is not there says so", async ({ complaints, openPage }) => {
  complaints.allow(/404/);
  const page = await openPage("?dir=nowhere");
  await expect(page.missingMessage).toBeVisible();
  await expect(page.rows).toHaveCount(0);
});

test("what is deleted goes from the page and from the disk", async ({ openPage, share }) => {
  await mkdir(path.join(share, "Old", "inner"), { recursive: true });
  await writeFile(path.join(share, "Old", "inner", "x"), "x");
  await writeFile(path.join(share, "old.txt"), "old");
  await writeFile(path.join(share, "keep.txt"), "keep");
  const page = await openPage();
  await page.remove("Old");
  await page.remove("old.txt");
  await expect(page.row("Old")).toHaveCount(0);
  await expect(page.row("old.txt")).toHaveCount(0);
  await expect(page.row("keep.txt")).toBeVisible();
  await expect.poll(() => listDisk(share)).toEqual(["keep.txt"]);
});
