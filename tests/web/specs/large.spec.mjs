// A file that no 32 bits can count goes through the page, which never holds all of it.
//
// The browser is driven by hand: the usual tools keep all that a page sends.
import { spawn } from "node:child_process";
import { mkdtemp, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { expect, test } from "../fixtures.mjs";
import { sparseFile } from "../disk.mjs";
import { descendants } from "../processes.mjs";

// Once is enough for what has 64 bits; through a proxy it is the pieces that count.
const LARGE_BYTES = (process.env.LIVEDROP_FRONT ? 1 : 5) * 1024 ** 3;
/**
 * What the page may take beyond what it took before. It lets go of each piece at once; when the
 * browser makes use of that is the browser's choice, and with much memory it waits for a gigabyte.
 */
const GROWTH_KIB_MAX = 2 * 1024 ** 2;

/** A browser with one page, and a way to command that (the DevTools protocol, over pipes). */
async function browse(url, profile, settings) {
  const child = spawn(settings.executablePath, [
    ...settings.args, "--headless=new", "--remote-debugging-pipe",
    `--user-data-dir=${profile}`, url,
  ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const gone = new Promise((done) => { child.on("exit", done); });
  const [, , , to, from] = child.stdio;
  const waiting = new Map();
  let rest = "";
  from.setEncoding("utf8").on("data", (data) => {
    const messages = (rest + data).split("\0");
    rest = messages.pop();
    for (const { id, result, error } of messages.map((text) => JSON.parse(text))) {
      const answer = waiting.get(id);
      waiting.delete(id);
      if (error) answer?.failed(new Error(error.message));
      else answer?.done(result);
    }
  });
  let number = 0;
  const send = (method, params, sessionId) => new Promise((done, failed) => {
    number += 1;
    waiting.set(number, { done, failed });
    to.write(`${JSON.stringify({ id: number, method, params, sessionId })}\0`);
  });
  const targetId = await poll(async () => {
    const { targetInfos } = await send("Target.getTargets", {});
    return targetInfos.find((each) => each.type === "page" && each.url === url)?.targetId;
  });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  return {
    pid: child.pid,
    command: (method, params = {}) => send(method, params, sessionId),
    close: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** Waits until something is there. */
async function poll(look) {
  const until = Date.now() + 20_000;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`nothing came of ${look}`);
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

/** Memory of the pages of a browser, in KiB. */
async function memory(browser) {
  const pages = (await descendants(browser)).filter(({ words }) => (
    words.includes("--type=renderer")));
  return pages.reduce((sum, { kib }) => sum + kib, 0);
}

test("a file of more than four gigabytes goes through", async ({
  home, launchOptions, server, share,
}) => {
  test.setTimeout(600_000);
  const file = path.join(home, "disk.img");
  await sparseFile(file, LARGE_BYTES);
  // Its helpers may still write there when it is gone.
  const profile = await mkdtemp(path.join(os.tmpdir(), "livedrop-profile-"));
  const browser = await browse(server.url, profile, launchOptions);
  try {
    await poll(async () => {
      const { result } = await browser.command("Runtime.evaluate", {
        expression: "document.querySelector('.place .title')?.offsetParent ? 1 : undefined",
      });
      return result.value;
    });
    const before = await memory(browser.pid);
    const { root } = await browser.command("DOM.getDocument");
    const { nodeId } = await browser.command("DOM.querySelector", {
      nodeId: root.nodeId, selector: "#picker",
    });
    await browser.command("DOM.setFileInputFiles", { nodeId, files: [file] });
    let most = before;
    await expect.poll(async () => {
      most = Math.max(most, await memory(browser.pid));
      return stat(path.join(share, "disk.img")).then(({ size }) => size, () => 0);
    }, { timeout: 580_000, intervals: [500] }).toBe(LARGE_BYTES);
    console.log(`the page took ${before} KiB before and ${most} KiB at most`);
    expect(most - before).toBeLessThan(GROWTH_KIB_MAX);
  } finally {
    await browser.close();
  }
});
