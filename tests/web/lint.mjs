// What `make lint` asks of JavaScript, HTML and CSS: that they parse, and the few house rules that
// a machine can see. It is no style checker and fixes nothing; a finding is `file:line: sentence`.
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LINES_MAX = 400;
const COLUMNS_MAX = 100;
const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));

const findings = [];

function complain(file, line, sentence) {
  findings.push(`${path.relative(ROOT, file)}:${line}: ${sentence}`);
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      return ["node_modules", "results"].includes(entry.name) ? [] : filesBelow(full);
    }
    return [full];
  });
}

/** Calls `each(line text, line number)`. */
function eachLine(text, each) {
  for (const [index, line] of text.split("\n").entries()) each(line, index + 1);
}

function lintShape(file, text) {
  const lines = text.split("\n").length - 1;
  if (lines > LINES_MAX) complain(file, lines, `a file has at most ${LINES_MAX} lines`);
  if (!text.endsWith("\n")) complain(file, lines, "the last line has no end");
  eachLine(text, (line, number) => {
    // A drawing's path is one long word; broken up it would be no clearer.
    const drawing = /<(symbol|svg|path)\b/.test(line);
    if (!drawing && [...line].length > COLUMNS_MAX) {
      complain(file, number, `over ${COLUMNS_MAX} columns`);
    }
    if (/[ \t]$/.test(line)) complain(file, number, "white space at the end");
    if (line.includes("\t")) complain(file, number, "a tab");
  });
}

function lintScript(file, text) {
  // From standard input, since `node --check file.js` lets errors in modules through.
  const check = spawnSync(process.execPath, ["--check", "--input-type=module", "-"], {
    input: text,
    encoding: "utf8",
  });
  if (check.status !== 0) {
    const [, line = "1"] = /\[stdin\]:(\d+)/.exec(check.stderr) ?? [];
    complain(file, line, check.stderr.match(/^\w*Error: .*$/m)?.[0] ?? "does not parse");
  }
  if (!/^(\/\/|\/\*)/.test(text)) complain(file, 1, "opens without saying what the file is");
  eachLine(text, (line, number) => {
    const data = /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write)\b/.exec(line);
    if (data && !file.startsWith(path.join(ROOT, "tests"))) {
      complain(file, number, `${data[0]} turns data into HTML; use textContent and <template>`);
    }
  });
}

function lintHtml(file, text) {
  const open = [];
  const ids = new Set();
  const plain = text.replace(/<!--[^]*?-->/g, (comment) => comment.replace(/[^\n]/g, " "));
  const tag = /<(\/?)([a-zA-Z][\w-]*)((?:"[^"]*"|'[^']*'|[^"'>])*?)(\/?)>/g;
  for (const match of plain.matchAll(tag)) {
    const line = plain.slice(0, match.index).split("\n").length;
    const [, closing, name, attributes, selfClosing] = match;
    for (const [, id] of attributes.matchAll(/\sid="([^"]*)"/g)) {
      if (ids.has(id)) complain(file, line, `a second id="${id}"`);
      ids.add(id);
    }
    const inline = /\s(on\w+|style)\s*=/.exec(attributes);
    if (inline) complain(file, line, `${inline[1]}= is forbidden by the page's own policy`);
    if (closing) {
      const expected = open.pop();
      if (expected !== name) complain(file, line, `</${name}> closes <${expected ?? "nothing"}>`);
    } else if (!VOID.has(name) && !selfClosing) {
      open.push(name);
    }
  }
  for (const name of open) complain(file, 1, `<${name}> is never closed`);
}

function lintCss(file, text) {
  let depth = 0;
  const plain = text
    .replace(/\/\*[^]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (string) => " ".repeat(string.length));
  eachLine(plain, (line, number) => {
    for (const character of line) {
      if (character === "{") depth += 1;
      if (character === "}") depth -= 1;
      if (depth < 0) complain(file, number, "a } without its {");
      depth = Math.max(depth, 0);
    }
    if (/@import|url\(\s*["']?(https?:)?\/\//.test(line)) {
      complain(file, number, "fetches from elsewhere; the page lives on one server");
    }
  });
  if (depth !== 0) complain(file, plain.split("\n").length, `${depth} { never closed`);
}

const LINTS = {
  ".js": [lintShape, lintScript],
  ".mjs": [lintShape, lintScript],
  ".html": [lintShape, lintHtml],
  ".css": [lintShape, lintCss],
};

let count = 0;
for (const file of ["assets", "tests"].flatMap((name) => filesBelow(path.join(ROOT, name)))) {
  const lints = LINTS[path.extname(file)];
  if (!lints) continue;
  const text = readFileSync(file, "utf8");
  for (const lint of lints) lint(file, text);
  count += 1;
}
for (const finding of findings) console.error(finding);
console.log(`lint: ${count} files of the page and its tests, ${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
