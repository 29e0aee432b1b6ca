// What a browser shows by itself when a file is opened: films and sound play and can be wound to
// any place, pictures and documents stand in the window, and nothing of it becomes a download.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { expect, test } from "../fixtures.mjs";
import { fileUrl } from "../disk.mjs";

const SECONDS = 20;
const SEEK_S = 15;
// Noise is what no codec can shrink: 8 MB are more than the browser takes before it is wound on.
const PICTURE = `testsrc=size=320x240:rate=25:duration=${SECONDS},noise=alls=40:allf=t`;
const SOUND = `sine=frequency=440:duration=${SECONDS}`;
const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"];
const VP9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "4M"];

// An MP4 as cameras make it: its index stands at the end, where the browser has to fetch it first.
const FILMS = [
  ["film.mp4", "video/mp4", H264],
  ["film.webm", "video/webm", [...VP9, "-pix_fmt", "yuv420p", "-c:a", "libopus"]],
];
const SOUNDS = [
  ["sound.mp3", "audio/mpeg"],
  ["sound.ogg", "audio/ogg"],
  ["sound.m4a", "audio/mp4"],
  ["sound.flac", "audio/flac"],
];
const PICTURES = [
  ["picture.png", "image/png"],
  ["picture.jpg", "image/jpeg"],
];
// The least that is a document with a page.
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`;

/** Makes a file with ffmpeg: its inputs as filters, then how they are coded. */
async function make(file, inputs, coding = []) {
  const sources = inputs.flatMap((input) => ["-f", "lavfi", "-i", input]);
  await promisify(execFile)("ffmpeg", ["-v", "error", ...sources, ...coding, file]);
}

/** A page on which files are opened themselves, as by their addresses typed by hand. */
async function openWindow(openPage, complaints) {
  // Beside a file that is no page the browser asks for the icon of the site by its old name.
  complaints.allow(/favicon\.ico/);
  const { page } = await openPage();
  return page;
}

/** Opens a file; fails where that becomes a download. */
async function show(page, url, mediaType) {
  const headers = (await page.goto(url)).headers();
  expect(headers["content-type"]).toBe(mediaType);
  expect(headers["content-disposition"]).toBe("inline");
  expect(await page.evaluate(() => document.contentType)).toBe(mediaType);
}

/** The places in their files from which ranges were sent to a page, as they come. */
function rangeStarts(page) {
  const starts = [];
  page.on("response", (response) => {
    const range = /^bytes (\d+)-/.exec(response.headers()["content-range"]);
    if (range) starts.push(Number(range[1]));
  });
  return starts;
}

/** Winds the browser's own player to a place and lets it play on from there. */
async function playFrom(page, seconds) {
  return page.locator("video").evaluate(async (video, seconds) => {
    const heard = (name) => new Promise((done) => video.addEventListener(name, done));
    if (video.readyState < HTMLMediaElement.HAVE_METADATA) await heard("loadedmetadata");
    // Nobody has touched the window, and so it may only play without a sound.
    video.muted = true;
    const seeked = heard("seeked");
    video.currentTime = seconds;
    await seeked;
    await video.play();
    while (video.currentTime < seconds + 0.3) await heard("timeupdate");
    const { currentTime, duration, readyState, videoWidth } = video;
    const frames = video.getVideoPlaybackQuality().totalVideoFrames;
    return { currentTime, duration, readyState, videoWidth, frames };
  }, seconds);
}

for (const [name, mediaType, coding] of FILMS) {
  test(`${name} plays and can be wound on`, async ({ complaints, openPage, server, share }) => {
    await make(path.join(share, name), [PICTURE, SOUND], coding);
    const page = await openWindow(openPage, complaints);
    const starts = rangeStarts(page);
    await show(page, fileUrl(server.url, name), mediaType);
    const film = await playFrom(page, SEEK_S);
    expect(film.duration).toBeCloseTo(SECONDS, 0);
    expect(film.currentTime).toBeGreaterThan(SEEK_S);
    expect(film.readyState).toBeGreaterThanOrEqual(2);
    expect(film.videoWidth).toBe(320);
    expect(film.frames).toBeGreaterThan(0);
    expect(starts.some((start) => start > 0), `it is wound by ranges: ${starts}`).toBe(true);
  });
}

test("sound plays and can be wound on", async ({ complaints, openPage, server, share }) => {
  const page = await openWindow(openPage, complaints);
  for (const [name, mediaType] of SOUNDS) {
    await make(path.join(share, name), [SOUND]);
    await show(page, fileUrl(server.url, name), mediaType);
    const sound = await playFrom(page, SEEK_S);
    expect(sound.duration, name).toBeCloseTo(SECONDS, 0);
    expect(sound.currentTime, name).toBeGreaterThan(SEEK_S);
    expect(sound.readyState, name).toBeGreaterThanOrEqual(2);
  }
});

test("pictures stand in the window", async ({ complaints, openPage, server, share }) => {
  const page = await openWindow(openPage, complaints);
  for (const [name, mediaType] of PICTURES) {
    await make(path.join(share, name), ["testsrc=size=64x48:duration=1"], ["-frames:v", "1"]);
    await show(page, fileUrl(server.url, name), mediaType);
    const width = await page.locator("img").evaluate((image) => image.naturalWidth);
    expect(width, name).toBe(64);
  }
});

test("a PDF is shown by the browser's reader", async ({ complaints, openPage, server, share }) => {
  await writeFile(path.join(share, "paper.pdf"), PDF);
  const page = await openWindow(openPage, complaints);
  await show(page, fileUrl(server.url, "paper.pdf"), "application/pdf");
  // The reader is a part of the browser in a frame of its own.
  const reader = () => page.frames().filter((frame) => frame.url().startsWith("chrome-extension:"));
  await expect.poll(() => reader().length).toBe(1);
});
