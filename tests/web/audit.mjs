// What the web's own judges say of the page as the server sends it: `make audit`. The Nu checker
// reads HTML and CSS, Lighthouse loads the page as a phone and as a desktop. Not part of the tests,
// since Lighthouse holds a clock.
//
// node audit.mjs FOLDER, in which both are installed by npm.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Server } from "./server.mjs";

const SCORE_MIN = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices"];
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-quic";

const installed = path.resolve(process.argv[2], "node_modules");
const run = promisify(execFile);
const found = [];

/** Has the Nu checker read files, and complains of whatever it has to say. */
async function checkMarkup(files) {
  const checker = path.join(installed, "vnu-jar/build/dist/vnu.jar");
  const options = ["-jar", checker, "--exit-zero-always", "--format", "json", "--also-check-css"];
  const { stderr } = await run("java", [...options, ...files]);
  const { messages } = JSON.parse(stderr);
  for (const { type, url, lastLine, message } of messages) {
    const text = `${type}: ${path.basename(url)}:${lastLine}: ${message}`;
    // Headings are empty until a language is chosen, which is worth no more than an "info" to it.
    if (type === "info") console.log(text);
    else found.push(text);
  }
  console.log(`Nu checker: ${files.length} files, ${messages.length} messages`);
}

/** Has Lighthouse load a page, and complains of a score below the least. */
async function checkScores(url, device) {
  const program = path.join(installed, "lighthouse/cli/index.js");
  const preset = device === "desktop" ? ["--preset=desktop"] : [];
  const options = ["--quiet", "--output=json", `--chrome-flags=${FLAGS}`, ...preset];
  const only = `--only-categories=${CATEGORIES.join(",")}`;
  const env = { ...process.env, CHROME_PATH: CHROMIUM };
  const settings = { env, maxBuffer: 64 << 20 };
  const { stdout } = await run(process.execPath, [program, url, ...options, only], settings);
  const { categories } = JSON.parse(stdout);
  const scores = CATEGORIES.map((id) => [id, Math.round(categories[id].score * 100)]);
  console.log(`Lighthouse, ${device}: ${scores.map((pair) => pair.join(" ")).join(", ")}`);
  for (const [id, score] of scores) {
    if (!(score >= SCORE_MIN)) found.push(`${device}: ${id} is ${score}, not ${SCORE_MIN}`);
  }
}

const folder = await mkdtemp(path.join(os.tmpdir(), "livedrop-audit-"));
const share = path.join(folder, "share");
await mkdir(path.join(share, "holiday & <b>"), { recursive: true });
for (let number = 0; number < 30; number++) {
  await writeFile(path.join(share, `photo "${number}".jpg`), "x".repeat(number));
}
const server = new Server(share);
try {
  await server.start();
  const pages = [];
  // Another name each, so that a message says which; a folder, a file, and a folder that is not.
  const folders = ["?dir=", "?dir=holiday%20%26%20%3Cb%3E", "?dir=none"];
  for (const query of ["", ...folders, "?file=photo%20%220%22.jpg"]) {
    const answer = await fetch(server.url + query);
    const page = path.join(folder, `page${pages.length}.html`);
    await writeFile(page, await answer.text());
    pages.push(page);
  }
  const sheet = path.join(folder, "page.css");
  await writeFile(sheet, await (await fetch(`${server.url}web/page.css`)).text());
  pages.push(sheet);
  await checkMarkup(pages);
  await checkScores(server.url, "phone");
  await checkScores(server.url, "desktop");
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
for (const finding of found) console.error(finding);
process.exit(found.length === 0 ? 0 : 1);
