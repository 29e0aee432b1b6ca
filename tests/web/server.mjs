// One livedrop process for one test: the real binary on a free port of the loopback, over a folder
// of the test's own. It does not speak HTTP; the specs do, through a page or through curl.
import { spawn } from "node:child_process";
import { once } from "node:events";
import readline from "node:readline";

import { BEHIND, Front } from "./front.mjs";

// Ten seconds are what the server grants running transfers when it stops; the rest is slack.
const STOP_MS_MAX = 15_000;

export class Server {
  #binary;
  #child = null;
  /** The proxy in front of it, over all its starts. */
  #front = process.env.LIVEDROP_FRONT === "nginx" ? new Front() : null;
  #options;
  #port = 0;
  #share;

  /** The URL of the page, with its slash, as the server itself printed it. */
  url = "";
  /** Everything that the server wrote to standard error, over all its starts. */
  stderr = "";

  constructor(share, options = []) {
    this.#binary = process.env.LIVEDROP_BIN;
    if (!this.#binary) throw new Error("LIVEDROP_BIN must name the binary; `make test` sets it");
    this.#share = share;
    this.#options = options;
  }

  /** Starts the server, on the port of its last start if it had one, and waits for its URL. */
  async start() {
    const listen = `127.0.0.1:${this.#port}`;
    const behind = this.#front === null ? [] : BEHIND;
    const options = ["--listen", listen, ...behind, ...this.#options, this.#share];
    const child = spawn(this.#binary, options, {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stderr.setEncoding("utf8").on("data", (text) => (this.stderr += text));
    const first = await Promise.race([
      once(readline.createInterface({ input: child.stdout }), "line"),
      once(child, "close"),
    ]);
    if (child.exitCode !== null || child.signalCode !== null || typeof first[0] !== "string") {
      throw new Error(`livedrop ended at its start (${first}):\n${this.stderr}`);
    }
    this.#port = Number(new URL(first[0]).port);
    if (this.#front?.url === "") await this.#front.start(first[0]);
    this.url = this.#front?.url ?? first[0];
  }

  /** Takes away what stands in front of it. */
  async uncover() {
    await this.#front?.stop();
  }

  /** Has the server fall asleep, with all its connections open, or wake up again. */
  sleep() {
    this.#child.kill("SIGSTOP");
  }

  wake() {
    this.#child.kill("SIGCONT");
  }

  /** Ends the server as a lost power cord would: at once and without a word to anyone. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Stops the server as systemd would; resolves to its exit code, null when a signal ended it. */
  async stop() {
    if (this.#child === null) return 0;
    const tooLate = setTimeout(() => this.#child?.kill("SIGKILL"), STOP_MS_MAX);
    try {
      return await this.#end("SIGTERM");
    } finally {
      clearTimeout(tooLate);
    }
  }

  async #end(signal) {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill(signal);
      await exit;
    }
    this.#child = null;
    return child.exitCode;
  }
}
