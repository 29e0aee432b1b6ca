// How the browser tests run: Debian's own Chromium, without a window, two tests at a time, and no
// second try. It does not start the server; each test starts its own (fixtures.mjs).
import { defineConfig } from "@playwright/test";

export default defineConfig({
  // A page that comes right only on the second try is a bug that a person would meet.
  retries: 0,
  workers: 2,
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  timeout: 90_000,
  expect: { timeout: 10_000 },
  outputDir: "results/artifacts",
  reporter: [["list"], ["./closing.mjs"]],
  projects: [
    { name: "page", testDir: "specs", testMatch: "*.spec.mjs" },
    { name: "pictures", testDir: "pictures", testMatch: "*.pictures.mjs" },
  ],
  use: {
    browserName: "chromium",
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        // CI is root in a container, where Chromium's sandbox does not start.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        // A test talks to its own server and to nobody else.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
