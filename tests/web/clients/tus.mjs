// Uploads a file by tus-js-client: pauses after a third, goes on as a browser that was opened again
// does, and ends. `node tus.mjs ENDPOINT FILE`
import { readFile } from "node:fs/promises";
import path from "node:path";

import { Upload } from "tus-js-client";

const [endpoint, file] = process.argv.slice(2);
const content = await readFile(file);

/** Sends until the end, or until so many bytes have come; resolves to the upload's URL. */
function send({ pauseAt = Infinity, ...settings }) {
  return new Promise((done, failed) => {
    const upload = new Upload(content, {
      endpoint,
      metadata: { filename: path.basename(file) },
      retryDelays: Array.from({ length: 1000 }, () => 0),
      onSuccess: () => done(upload.url),
      onError: failed,
      onProgress: (sent) => {
        if (sent < pauseAt) return;
        upload.abort().then(() => done(upload.url), failed);
      },
      ...settings,
    });
    upload.start();
  });
}

const uploadUrl = await send({ pauseAt: content.length / 3 });
await send({ uploadUrl });
