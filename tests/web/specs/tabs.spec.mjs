// Eight tabs of one browser: HTTP/1.1 gives them six connections, of which their streams take one.
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { curl, expect, test } from "../fixtures.mjs";
import { fileUrl, makeFile } from "../disk.mjs";

test("eight tabs are live on one stream, and an upload goes through at once", async ({
  home, openPage, server, share,
}) => {
  const pages = [await openPage()];
  while (pages.length < 8) pages.push(await openPage("", { beside: pages[0] }));
  for (const page of pages) await expect(page.live).toBeVisible();
  const status = JSON.parse(await curl(new URL("api/status", server.url).href));
  expect(status.streams).toBe(1);

  const photo = path.join(home, "photo.jpg");
  await makeFile(photo, 100_000);
  await pages[7].drop([photo]);
  for (const page of pages) await expect(page.row("photo.jpg")).toBeVisible();

  // From outside, and in a folder that only one of them shows.
  await curl("-X", "MKCOL", fileUrl(server.url, "deep"));
  await pages[0].openFolder("deep");
  for (const page of pages) await expect(page.live).toBeVisible();
  await writeFile(path.join(share, "deep", "new.txt"), "new");
  await writeFile(path.join(share, "top.txt"), "top");
  await expect(pages[0].row("deep/new.txt")).toBeVisible();
  for (const page of pages.slice(1)) await expect(page.row("top.txt")).toBeVisible();
});
