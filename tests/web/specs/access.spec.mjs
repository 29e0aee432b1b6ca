// Who gets in by the page, and what a page of somebody else can do by the browser of somebody who
// is in: nothing.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import http from "node:http";
import path from "node:path";

import { expect, test } from "../fixtures.mjs";
import { listDisk, makeFile } from "../disk.mjs";

const hash = execFileSync(process.env.LIVEDROP_BIN, ["--hash-password"], { input: "secret\n" });
const account = `ann:${hash.toString().trim()}`;

async function signIn(page, password) {
  const form = page.getByRole("dialog", { name: "Sign in" });
  await form.getByLabel("Name").fill("ann");
  await form.getByLabel("Password").fill(password);
  await form.getByRole("button", { name: "Sign in" }).click();
}

test.describe("with accounts", () => {
  test.use({ options: ["--auth", account] });

  test("the page asks for a name and a password, stays signed in, and lets one out", async ({
    complaints, context, home, server, share,
  }) => {
    complaints.allow(/401/);
    await writeFile(path.join(share, "letter.txt"), "letter");
    const page = await context.newPage();
    await page.goto(server.url);
    const form = page.getByRole("dialog", { name: "Sign in" });
    await expect(form).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(form).toBeVisible();
    await signIn(page, "wrong");
    await expect(form.getByRole("alert")).toHaveText(/do not belong together/);
    await signIn(page, "secret");
    await expect(form).toBeHidden();
    await expect(page.locator('[data-key="letter.txt"]')).toBeVisible();
    await expect(page.getByRole("status").filter({ hasText: /^\s*Live\s*$/ })).toBeVisible();

    const [cookie] = await context.cookies(server.url);
    expect(cookie).toMatchObject({
      name: `livedrop-${new URL(server.url).port}`, httpOnly: true, sameSite: "Strict",
    });
    await page.reload();
    await expect(page.locator('[data-key="letter.txt"]')).toBeVisible();
    await expect(page.locator(".account")).toContainText("ann");
    await makeFile(path.join(home, "note.txt"), 100);
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("banner").getByRole("button", { name: "Upload" }).click();
    await (await chooser).setFiles(path.join(home, "note.txt"));
    await expect(page.locator('[data-key="note.txt"]:not(.is-arriving)')).toBeVisible();

    // Another page of the same person learns of it by its stream, which ends.
    const other = await context.newPage();
    await other.goto(server.url);
    await expect(other.locator('[data-key="letter.txt"]')).toBeVisible();
    await page.getByRole("button", { name: "Sign out" }).click();
    await expect(page.getByRole("dialog", { name: "Sign in" })).toBeVisible();
    await expect(other.getByRole("dialog", { name: "Sign in" })).toBeVisible();
    await expect(page.locator('[data-key="letter.txt"]')).toHaveCount(0);
  });
});

test.describe("a drop box", () => {
  test.use({ options: ["--upload-only"] });

  test("files go in by the page and nothing is to be seen", async ({
    complaints, context, home, server, share,
  }) => {
    complaints.allow(/403/);
    await writeFile(path.join(share, "letter.txt"), "mine");
    const page = await context.newPage();
    await page.goto(server.url);
    await expect(page.getByRole("heading", { name: "Leave files here" })).toBeVisible();
    const letter = path.join(home, "letter.txt");
    await makeFile(letter, 100);
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("banner").getByRole("button", { name: "Upload" }).click();
    await (await chooser).setFiles(letter);
    await expect(page.getByText("1 file uploaded")).toBeVisible();
    expect(await listDisk(share)).toEqual(["letter (2).txt", "letter.txt"]);
    expect(await readFile(path.join(share, "letter.txt"), "utf8")).toBe("mine");
  });
});

/** A page of somebody else, on another port and under another name of this machine. */
async function stranger() {
  const server = http.createServer((request, response) => {
    response.setHeader("Content-Type", "text/html");
    response.end("<!doctype html><title>stranger</title><body></body>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Everything that a page can try; resolves to what it learned. */
async function tryAll(url) {
  const learned = [];
  const settle = (promise) => promise.then((told) => learned.push(told), () => {});
  const body = () => {
    const form = new FormData();
    form.append("file", new File(["evil"], "evil.txt"));
    return form;
  };
  for (const mode of ["cors", "no-cors"]) {
    await settle(fetch(`${url}api/list/`, { mode }).then((answer) => answer.text()
      .then((text) => text || Promise.reject())));
    await settle(fetch(`${url}upload`, { mode, method: "POST", body: body() })
      .then((answer) => answer.ok || Promise.reject()));
    await settle(fetch(`${url}api/session`, { mode, method: "POST", body: new URLSearchParams() })
      .then((answer) => answer.ok || Promise.reject()));
  }
  for (const method of ["PUT", "DELETE", "PATCH", "MKCOL"]) {
    await settle(fetch(`${url}files/letter.txt`, { method, body: method === "DELETE" ? null : "x" })
      .then((answer) => answer.status));
  }
  await settle(new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done("an image");
    image.onerror = failed;
    image.src = `${url}files/picture.svg`;
    document.body.append(image);
  }));
  await settle(new Promise((done, failed) => {
    const source = new EventSource(`${url}events`);
    source.onopen = () => done("a stream");
    source.onerror = () => { source.close(); failed(); };
  }));
  await settle(new Promise((done, failed) => {
    const script = document.createElement("script");
    script.onload = () => done("a script");
    script.onerror = failed;
    script.src = `${url}web/app.js`;
    document.body.append(script);
  }));
  return learned;
}

for (const options of [[], ["--auth", account]]) {
  test.describe(`with ${options.length === 0 ? "no accounts" : "accounts"}`, () => {
    test.use({ options });

    test("a page of another origin reads and changes nothing", async ({
      complaints, context, server, share,
    }) => {
      complaints.allow(/./);
      await writeFile(path.join(share, "letter.txt"), "mine");
      const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
      await writeFile(path.join(share, "picture.svg"), svg);
      const page = await context.newPage();
      await page.goto(server.url);
      if (options.length > 0) await signIn(page, "secret");
      await expect(page.locator('[data-key="letter.txt"]')).toBeVisible();

      const other = await stranger();
      const { port } = other.address();
      try {
        for (const host of ["127.0.0.1", "localhost"]) {
          await page.goto(`http://${host}:${port}/`);
          expect(await page.evaluate(tryAll, server.url)).toEqual([]);
          // A form needs no leave to be sent; and a frame to be shown.
          for (const [action, type] of [
            ["upload", "multipart/form-data"],
            ["uploads", "text/plain"],
            ["api/undo/0", "text/plain"],
          ]) {
            await page.goto(`http://${host}:${port}/`);
            await page.evaluate(([to, enctype]) => {
              const form = document.createElement("form");
              Object.assign(form, { action: to, method: "post", enctype });
              const field = document.createElement("input");
              field.name = "x";
              form.append(field);
              document.body.append(form);
              form.submit();
            }, [server.url + action, type]);
            await page.waitForURL(server.url + action);
            await expect(page.locator("body")).toContainText('"forbidden"');
          }
        }
        await page.goto(`http://127.0.0.1:${port}/`);
        // The browser gives up on what may stand in no frame.
        const framed = page.waitForEvent("requestfailed",
          (request) => request.url() === server.url);
        await page.evaluate((url) => {
          const frame = document.createElement("iframe");
          frame.src = url;
          document.body.append(frame);
        }, server.url);
        await framed;
        const frame = page.frames().find((each) => each !== page.mainFrame());
        await expect(frame.locator("header")).toHaveCount(0);
      } finally {
        other.close();
      }
      expect(await listDisk(share)).toEqual(["letter.txt", "picture.svg"]);
      expect(await readFile(path.join(share, "letter.txt"), "utf8")).toBe("mine");
    });
  });
}

test("a name of the web that points at this machine is told nothing", async ({
  complaints, context, server, share,
}) => {
  complaints.allow(/421/);
  await writeFile(path.join(share, "letter.txt"), "mine");
  const page = await context.newPage();
  // Browsers take every name below localhost for this machine, as a rebound name would be.
  const rebound = new URL(server.url);
  rebound.hostname = "evil.localhost";
  const answer = await page.goto(rebound.href);
  expect(answer.status()).toBe(421);
  const told = await page.evaluate(async () => {
    const answers = [
      await fetch("api/list/"),
      await fetch("files/letter.txt", { method: "DELETE" }),
    ];
    return answers.map(({ status }) => status);
  });
  expect(told).toEqual([421, 421]);
  expect(await listDisk(share)).toEqual(["letter.txt"]);
});
