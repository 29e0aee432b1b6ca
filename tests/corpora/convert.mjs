// Forms that others recorded or wrote for their own readers, out of their source packages, as one
// JSON file for our test: who they are from, the body, and the files that are expected of it, null
// where it is expected to be refused. What they say of fields that are no files is left out.
//
//   node convert.mjs FOLDER    reads FOLDER/*/, where the packages lie unpacked, and writes there

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const at = (start) => join(folder, readdirSync(folder).find((name) => name.startsWith(start)));
const hex = (bytes) => Buffer.from(bytes).toString("hex");

function* conformance() {
  const root = join(at("multipart_form_data_conformance-"), "src/multipart_form_data_conformance/tests");
  for (const kind of readdirSync(root)) {
    for (const name of readdirSync(join(root, kind))) {
      const read = (file) => readFileSync(join(root, kind, name, file));
      const { expected } = JSON.parse(read("test.json"));
      const isFile = (part) => part.filename || part.filename_star;
      const file = (part) => ({ name: part.filename_star ?? part.filename, size: part.body_size });
      yield {
        from: `conformance ${name}`,
        type: JSON.parse(read("headers.json"))["content-type"],
        body: hex(read("input.raw")),
        files: expected.valid ? expected.parts.filter(isFile).map(file) : null,
      };
    }
  }
}

function* werkzeug() {
  const root = join(at("werkzeug-"), "tests");
  const source = readFileSync(join(root, "test_formparser.py"), "utf8");
  for (const name of readdirSync(join(root, "multipart"))) {
    const isAlone = name.endsWith(".http");
    const path = join(root, "multipart", name);
    const body = readFileSync(isAlone ? path : join(path, "request.http"));
    const [boundary] = /(?<=^--)-*[\w-]+/m.exec(body.toString("latin1"));
    const block = source.slice(source.indexOf(`"${name}"`)).split("],")[0];
    const rows = [...block.matchAll(/\("([^"]+)", "file\d", "[^"]+", "([^"]+)"\)/g)];
    const [, lone] = /lines\[0\] == b"'([^']+)'"/.exec(source);
    const files = rows.map(([, file, saved]) => ({ name: file, content: hex(readFileSync(join(path, saved))) }));
    const type = `multipart/form-data; boundary="${boundary}"`;
    yield { from: `werkzeug ${name}`, type, body: hex(body), files: isAlone ? [{ name: lone }] : files };
  }
}

function* busboy() {
  const path = join(at("mscdex-busboy-"), "test/test-types-multipart.js");
  const source = readFileSync(path, "utf8");
  const table = source.slice(source.indexOf("const tests = ["), source.indexOf("\nfor (const test of tests)"));
  for (const test of new Function(`${table}; return tests;`)()) {
    // What they leave out because an option says so is nobody's reading of a form.
    if (test.limits || test.events) continue;
    const pieces = test.source.map((piece) => Buffer.from(piece, "utf8"));
    const isRefused = test.expected.some((row) => row.error);
    const isFile = (row) => row.type === "file";
    const file = (row) => ({ name: row.info.filename, content: hex(row.data ?? "") });
    yield {
      from: `busboy ${test.what}`,
      type: `multipart/form-data; boundary=${test.boundary}`,
      body: hex(Buffer.concat(pieces)),
      files: isRefused ? null : test.expected.filter(isFile).map(file),
    };
  }
}

const forms = [...conformance(), ...werkzeug(), ...busboy()];
writeFileSync(join(folder, "forms.json"), JSON.stringify(forms, null, 1));
console.log(`${forms.length} forms of others`);
