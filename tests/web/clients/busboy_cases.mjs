// Prints the cases of busboy's own suite as JSON: what each is about, the form, and the files that
// busboy finds in it. `node busboy_cases.mjs FOLDER`, where the source of the package lies.
import { readFile } from "node:fs/promises";
import path from "node:path";

const file = path.join(process.argv[2], "test/test-types-multipart.js");
const source = await readFile(file, "utf8");
// What follows the table runs it, by a library that need not be there.
const begins = source.indexOf("const tests = [");
const ends = source.indexOf("\n];\n", begins) + 3;
const cases = new Function("Buffer", `${source.slice(begins, ends)} return tests;`)(Buffer);

const base64 = (text) => Buffer.from(text).toString("base64");

console.log(JSON.stringify(cases.map(({ what, boundary, source: pieces, expected, limits }) => {
  const bodies = pieces.map((piece) => Buffer.from(piece));
  const files = expected.filter(({ type }) => type === "file");
  return {
    what,
    boundary,
    body: base64(Buffer.concat(bodies)),
    is_limited: limits !== undefined,
    is_broken: expected.some(({ error, err }) => error !== undefined || err !== undefined),
    files: files.map(({ data, info }) => ({
      filename: info.filename ?? null, data: base64(data ?? ""),
    })),
  };
})));
