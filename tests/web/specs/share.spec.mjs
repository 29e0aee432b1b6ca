// Handing over: the page's address as a code for a camera and as a link, and the page for browsers
// that run no script.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { curl, expect, test } from "../fixtures.mjs";
import { listDisk } from "../disk.mjs";

test("Share shows a code and copies the link", async ({ openPage, server, share }) => {
  await mkdir(path.join(share, "Holiday #1"));
  const { page } = await openPage("?dir=Holiday%20%231");
  await page.getByRole("button", { name: "Share" }).click();
  const box = page.getByRole("dialog", { name: "Share" });
  const code = box.getByRole("img", { name: "QR code of the link" });
  await expect.poll(() => code.evaluate((img) => img.naturalWidth)).toBeGreaterThan(0);
  const link = await box.getByRole("textbox").inputValue();
  const { pathname, port } = new URL(server.url);
  expect(link).toMatch(/^http:\/\/[^/]+\/(?:drop\/)?\?dir=Holiday%20%231$/);
  expect([new URL(link).port, new URL(link).pathname]).toEqual([port, pathname]);
  // Over plain HTTP and without leave there is no clipboard API: the old way has to do.
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error("not allowed"));
    document.addEventListener("copy", () => {
      window.copied = document.activeElement.value;
    });
  });
  await box.getByRole("button", { name: "Copy link" }).click();
  await expect(box.getByRole("button", { name: "Copied" })).toBeVisible();
  expect(await page.evaluate(() => window.copied ?? getSelection().toString())).toBe(link);
  await page.keyboard.press("Escape");
  await expect(box).toBeHidden();
});

test("a page opened by a name of the network shares that name", async ({ server }) => {
  const { pathname, port } = new URL(server.url);
  const head = await curl("-i", "-H", `Host: nas.local:${port}`,
    `${server.url}api/qr.svg?dir=a%20b`);
  expect(head).toContain(`Livedrop-Url: http://nas.local:${port}${pathname}?dir=a%20b\r\n`);
  expect(head).toContain("image/svg+xml");
});

test.describe("without JavaScript", () => {
  const plain = { javaScriptEnabled: false };

  test("folders open, files are fetched and sent", async ({ browser, home, server, share }) => {
    await mkdir(path.join(share, "a b", "ü"), { recursive: true });
    await writeFile(path.join(share, "a b", `<b>"x"&.txt`), "content");
    const context = await browser.newContext(plain);
    const page = await context.newPage();
    await page.goto(server.url);
    await page.getByRole("link", { name: "a b/" }).click();
    await expect(page.getByRole("heading", { name: "a b" })).toBeVisible();
    await expect(page.getByRole("link", { name: "ü/" })).toBeVisible();
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: /^Download <b>"x"&/ }).click();
    expect(await readFile(await (await download).path(), "utf8")).toBe("content");

    const file = path.join(home, "sent.txt");
    await writeFile(file, "sent");
    await page.getByLabel("Files").setInputFiles(file);
    await page.getByRole("button", { name: "Upload" }).click();
    await expect(page.getByRole("link", { name: "sent.txt", exact: true })).toBeVisible();
    expect(await listDisk(share, "a b")).toContain("sent.txt");
    await page.getByRole("link", { name: "Up" }).click();
    await expect(page.getByRole("link", { name: "a b/" })).toBeVisible();
    await page.screenshot({ path: "results/plain.png" });
    await context.close();
  });

  test("it speaks Chinese to those who read it", async ({ browser, server }) => {
    const context = await browser.newContext({ ...plain, locale: "zh-CN" });
    const page = await context.newPage();
    await page.goto(server.url);
    await expect(page.getByText("这里还没有文件。")).toBeVisible();
    await context.close();
  });

  test("a large folder comes in pieces, and all of it", async ({ browser, server, share }) => {
    for (let i = 0; i < 450; i += 1) await writeFile(path.join(share, `${i}.txt`), "");
    const context = await browser.newContext(plain);
    const page = await context.newPage();
    await page.goto(server.url);
    const names = new Set();
    for (;;) {
      const links = await page.locator(".plain li > a:first-child").allTextContents();
      links.forEach((name) => names.add(name));
      const more = page.getByRole("link", { name: "More" });
      if (await more.count() === 0) break;
      await more.click();
    }
    expect(names.size).toBe(450);
    await context.close();
  });
});
