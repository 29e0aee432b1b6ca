// livedrop's page as a person sees it: rows, buttons, progress. The one file of these tests that
// knows the page's roles and attributes; it decides nothing and expects little.
import { expect } from "@playwright/test";

import { keyOf } from "./disk.mjs";

export class ListingPage {
  constructor(page) {
    this.page = page;
    // A row on its way out, or of a file that is still on its way in, is no file that stands there.
    this.rows = page.locator(".row:not(.is-leaving, .is-arriving)");
    this.emptyMessage = page.getByRole("heading", { name: "Nothing here yet" });
    this.missingMessage = page.getByRole("heading", { name: "This folder is not here" });
    this.live = page.getByRole("status").filter({ hasText: /^\s*Live\s*$/ });
  }

  /** The row of one file or folder, by its path relative to the share. */
  row(path) {
    return this.rows.and(this.page.locator(`[data-key="${keyOf(path)}"]`));
  }

  /** Sends files by the button: paths on the disk, or `{name, mimeType, buffer}`. */
  async upload(files) {
    const chooser = this.page.waitForEvent("filechooser");
    await this.page.getByRole("banner").getByRole("button", { name: "Upload" }).click();
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
    await this.row(path).getByRole("link", { name: /^Download / }).click();
    return (await download).path();
  }

  /** Deletes by the row's button. */
  async remove(path) {
    await this.row(path).getByRole("button", { name: /^Delete / }).click();
  }

  async openFolder(path) {
    await this.row(path).locator("a.name").click();
  }

  /** The name that a row shows, to the letter: no white space is folded. */
  shownName(path) {
    return this.row(path).locator("a.name").evaluate((element) => element.textContent);
  }

  /** The size that a row shows. */
  size(path) {
    return this.row(path).locator(".size");
  }

  /** Leaves a mark that only a reload takes away. */
  async mark() {
    await this.page.evaluate(() => (window.markOfTheTest = true));
  }

  async expectNoReload() {
    const mark = await this.page.evaluate(() => window.markOfTheTest);
    expect(mark, "a reload has taken the mark away").toBe(true);
  }

  /** Starts to note every percentage that a visible bar shows; `seenProgress` tells them. */
  async watchProgress() {
    await this.page.evaluate(() => {
      window.progressSeen = [];
      const look = () => {
        for (const bar of document.querySelectorAll("progress[value]")) {
          if (bar.checkVisibility()) window.progressSeen.push((100 * bar.value) / bar.max);
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
