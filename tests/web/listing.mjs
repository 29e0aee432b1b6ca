// livedrop's page as a person sees it: rows, buttons, progress. The one file of these tests that
// knows the page's roles and attributes; it decides nothing and expects little.
import { expect } from "@playwright/test";

/** Quotes `text` as a CSS string, line breaks included (CSS Syntax 3, section 4.3.7). */
function cssString(text) {
  const escaped = text.replace(/[\\"\p{Cc}]/gu, (c) => `\\${c.codePointAt(0).toString(16)} `);
  return `"${escaped}"`;
}

export class ListingPage {
  constructor(page) {
    this.page = page;
    this.rows = page.locator("[data-path]");
    this.progress = page.getByRole("progressbar");
  }

  /** The row of one file or folder, by its path relative to the share. */
  row(path) {
    return this.page.locator(`[data-path=${cssString(path)}]`);
  }

  /** Sends files by the button: paths on the disk, or `{name, mimeType, buffer}`. */
  async upload(files) {
    const chooser = this.page.waitForEvent("filechooser");
    await this.page.getByRole("button", { name: /upload|add files/i }).first().click();
    await (await chooser).setFiles(files);
  }

  /** Drags files of the disk over the page and lets them go, as a desktop tells a browser. */
  async drop(files) {
    const devtools = await this.page.context().newCDPSession(this.page);
    const { width, height } = this.page.viewportSize();
    const data = { items: [], files, dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) {
      await devtools.send("Input.dispatchDragEvent", { type, x: width / 2, y: height / 2, data });
    }
    await devtools.detach();
  }

  /** Fetches a file by its row's button; resolves to where the browser put it. */
  async download(path) {
    const download = this.page.waitForEvent("download");
    await this.row(path).getByRole("link", { name: /download/i }).click();
    return (await download).path();
  }

  async remove(path) {
    await this.row(path).getByRole("button", { name: /delete/i }).click();
  }

  async openFolder(path) {
    await this.row(path).getByRole("link").first().click();
  }

  /** The name that a row shows, to the letter: no white space is folded. */
  shownName(path) {
    return this.row(path).locator(".name").evaluate((element) => element.textContent);
  }

  /** Leaves a mark that only a reload takes away. */
  async mark() {
    await this.page.evaluate(() => (window.markOfTheTest = true));
  }

  async expectNoReload() {
    const mark = await this.page.evaluate(() => window.markOfTheTest);
    expect(mark, "a reload has taken the mark away").toBe(true);
  }

  /** Starts to note every percentage that a progress bar shows; `seenProgress` tells them. */
  async watchProgress() {
    await this.page.evaluate(() => {
      window.progressSeen = [];
      const look = () => {
        for (const bar of document.querySelectorAll("progress, [role=progressbar]")) {
          const value = bar.getAttribute("aria-valuenow") ?? bar.value;
          const max = bar.getAttribute("aria-valuemax") ?? bar.max;
          window.progressSeen.push((100 * Number(value)) / Number(max));
        }
        requestAnimationFrame(look);
      };
      look();
    });
  }

  seenProgress() {
    return this.page.evaluate(() => window.progressSeen);
  }
}
