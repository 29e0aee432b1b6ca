// Names that were made to break a page: each is shown to the letter, fetched and deleted as itself,
// and nothing in it ever runs. What the eye cannot see is shown as a sign.
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { curl, expect, test } from "../fixtures.mjs";
import { fileUrl, listDisk } from "../disk.mjs";

// [what it is, the name, how it is shown where that is not the name itself]
const HOSTILE = [
  ["a tag that runs a script", "<img src=x onerror=alert(1)>.html"],
  ["a line break", "two\nlines.txt", "two␊lines.txt"],
  ["an encoded way up", "%2e%2e"],
  ["quotes and an emoji", `"she's" 🎉 \`$(x)\`.txt`],
  ["a leading dash", "-rf"],
  ["a fragment", "one#two.txt"],
  ["a query", "what?download=1&x.txt"],
  ["an entity", "&lt;b&gt;&amp;.txt"],
  ["a backslash", "C:\\temp\\file.txt"],
  ["white space at both ends", "  spaced  out  ", "␣␣spaced  out␣␣"],
];

// A neighbour that must survive every delete, whatever a name is mistaken for.
const NEIGHBOUR = "neighbour.txt";

for (const [what, name, shown = name] of HOSTILE) {
  test(`${what} in a name is shown, fetched and deleted as it is`, async ({ openPage, share }) => {
    const content = `the bytes of ${JSON.stringify(name)}`;
    await writeFile(path.join(share, name), content);
    await writeFile(path.join(share, NEIGHBOUR), "neighbour");
    const page = await openPage();

    await expect(page.rows).toHaveCount(2);
    expect(await page.shownName(name)).toBe(shown);
    expect(await readFile(await page.download(name), "utf8")).toBe(content);

    await page.remove(name);
    await expect(page.row(name)).toHaveCount(0);
    await expect(page.row(NEIGHBOUR)).toBeVisible();
    await expect.poll(() => listDisk(share)).toEqual([NEIGHBOUR]);
  });
}

test("hostile names come live and go live", async ({ home, openPage, server, share }) => {
  const page = await openPage();
  // The server makes no name with a control character in it; it only serves what is there.
  const names = HOSTILE.map(([, name]) => name).filter((name) => !/\p{Cc}/u.test(name));
  const file = path.join(home, "file");
  await writeFile(file, "what came live");
  for (const name of names) await curl("-T", file, fileUrl(server.url, name));
  for (const name of names) await expect(page.row(name)).toBeVisible();
  for (const name of names) await page.remove(name);
  await expect(page.rows).toHaveCount(0);
  await expect.poll(() => listDisk(share)).toEqual([]);
});

test("a name that is a tag is uploaded as it is", async ({ openPage, share }) => {
  const page = await openPage();
  const name = `<svg onload="alert(1)"> 100%25 #1?.svg`;
  await page.upload([{ name, mimeType: "image/svg+xml", buffer: Buffer.from("<svg/>") }]);
  await expect(page.row(name)).toBeVisible();
  expect(await listDisk(share)).toEqual([name]);
});
