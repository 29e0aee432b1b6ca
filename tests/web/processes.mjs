// The processes of a test's browser, as ps sees them.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** Those that descend from one: `{pid, kib, name, words}`, its memory and its command line. */
export async function descendants(root) {
  const columns = "pid=,ppid=,rss=,comm=,args=";
  const { stdout } = await promisify(execFile)("ps", ["-e", "-ww", "-o", columns]);
  const rows = stdout.trim().split("\n").map((line) => line.trim().split(/\s+/));
  const family = new Set([String(root)]);
  // Parents come before their children often, not always.
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const [pid, parent] of rows) if (family.has(parent)) family.add(pid);
  }
  return rows.filter(([pid]) => family.has(pid)).map(([pid, , kib, name, ...words]) => (
    { pid: Number(pid), kib: Number(kib), name, words }));
}
