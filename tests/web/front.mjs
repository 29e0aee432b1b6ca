// nginx between the browser and the server, at a path of its own, with the very lines that the
// README gives: what `LIVEDROP_FRONT=nginx` puts in front of every test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";

/** The options of a server that stands behind it. */
export const BEHIND = ["--base-path", "/drop", "--trust-proxy", "127.0.0.1"];

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function isUp(port) {
  const socket = net.connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export class Front {
  #child;
  #scratch;

  /** The URL of the page through it. */
  url = "";

  /** Starts it in front of the server with this URL. */
  async start(behind) {
    this.#scratch = await mkdtemp(path.join(os.tmpdir(), "livedrop-front-"));
    const here = this.#scratch;
    const port = await freePort();
    const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
    const [, lines] = /```nginx\n([^]*?)```/.exec(readme);
    const location = lines.replace("127.0.0.1:8080", new URL(behind).host);
    const kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${here}/${name};`);
    await writeFile(path.join(here, "conf"), `
      daemon off; master_process off; pid ${here}/pid; error_log ${here}/errors;
      events { worker_connections 512; }
      http { access_log off; ${kept.join(" ")}
        server { listen 127.0.0.1:${port}; ${location} } }`);
    this.#child = spawn("nginx", ["-c", path.join(here, "conf"), "-e", path.join(here, "errors")], {
      stdio: "ignore",
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    });
    while (!(await isUp(port))) {
      if (this.#child.exitCode !== null) {
        throw new Error(await readFile(path.join(here, "errors"), "utf8"));
      }
    }
    this.url = `http://127.0.0.1:${port}/drop/`;
  }

  async stop() {
    if (this.#child === undefined) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
    await rm(this.#scratch, { recursive: true, force: true });
    this.#child = undefined;
  }
}
