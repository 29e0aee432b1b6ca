// What every browser test gets: a share, a server over it, a folder beside it, and pages that may
// not complain. A console error, a script error, a dialog or a breach of the page's own security
// policy fails the test that met it, unless the test said beforehand that it will come.
import { test as base, expect } from "@playwright/test";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { ListingPage } from "./listing.mjs";
import { Server } from "./server.mjs";

export { expect };

/** What a browser writes of each request while the server is gone, alone or behind a proxy. */
export const SERVER_GONE = /net::ERR_|502 \(Bad Gateway\)/;

/** Runs curl and resolves to what it printed; an HTTP error is an error here too. */
export async function curl(...args) {
  const strict = ["--silent", "--show-error", "--fail"];
  const { stdout } = await promisify(execFile)("curl", [...strict, ...args]);
  return stdout;
}

class Complaints {
  #allowed = [];
  #heard = [];

  /** From now on what matches is expected: the browser's own word on a server that is gone, say. */
  allow(pattern) {
    this.#allowed.push(pattern);
  }

  add(text) {
    if (!this.#allowed.some((pattern) => pattern.test(text))) this.#heard.push(text);
  }

  get heard() {
    return this.#heard;
  }

  async listen(page) {
    page.on("console", (message) => {
      if (message.type() !== "error") return;
      this.add(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.add(`script: ${error.stack ?? error}`));
    page.on("dialog", async (dialog) => {
      this.add(`dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
    await page.exposeFunction("tellPolicyBreach", (text) => this.add(`policy: ${text}`));
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) =>
        window.tellPolicyBreach(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
      );
    });
  }
}

async function temporaryFolder(use, prefix) {
  const folder = await mkdtemp(path.join(os.tmpdir(), prefix));
  await use(folder);
  await rm(folder, { recursive: true, force: true });
}

export const test = base.extend({
  /** The shared folder, empty. */
  share: async ({}, use) => temporaryFolder(use, "livedrop-share-"),

  /** A folder of the person at the browser: files to send, files that were fetched. */
  home: async ({}, use) => temporaryFolder(use, "livedrop-home-"),

  /** The command line's further options; a spec sets them with `test.use({ options: [...] })`. */
  options: [[], { option: true }],

  server: async ({ share, options }, use, info) => {
    const server = new Server(share, options);
    await server.start();
    try {
      await use(server);
    } finally {
      const code = await server.stop();
      await server.uncover();
      if (info.status !== info.expectedStatus) {
        await info.attach("server's standard error", { body: server.stderr });
      }
      expect(code, `the server's exit code after SIGTERM; it said:\n${server.stderr}`).toBe(0);
    }
  },

  complaints: async ({}, use) => {
    const complaints = new Complaints();
    await use(complaints);
    expect(complaints.heard, "what the pages complained about").toEqual([]);
  },

  /** Opens one more page of the server, each in a browser profile of its own. */
  openPage: async ({ browser, server, complaints }, use) => {
    const contexts = [];
    await use(async (query = "", { beside, ...settings } = {}) => {
      // Another tab of the same browser, or a browser of its own.
      const context = beside?.page.context() ?? await browser.newContext(settings);
      if (beside === undefined) contexts.push(context);
      const page = await context.newPage();
      await complaints.listen(page);
      await page.goto(server.url + query);
      return new ListingPage(page);
    });
    // The pages go first: an open event stream would hold up a server that stops politely.
    for (const context of contexts) await context.close();
  },
});
