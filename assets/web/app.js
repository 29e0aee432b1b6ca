// The wiring: one state, one queue, one stream, and the components that show them.
//
// Things flow one way. What happens becomes an action, the reducer makes the next state of it, and
// once per frame every component is told the state. Nothing here draws and nothing here decides.

import * as api from './api.js';
import { mountAsk, mountMessage } from './ask.js';
import { mountCrumbs } from './crumbs.js';
import { mountDrop } from './drop.js';
import { find, setText } from './elements.js';
import { createFormat } from './format.js';
import { errorText, fill, load } from './lang.js';
import { mountListing } from './listing.js';
import { createLive } from './live.js';
import { plain } from './names.js';
import { dirOfSearch, nameOf, pageUrl } from './paths.js';
import { mountPlace } from './place.js';
import { createQueue } from './queue.js';
import { mountSign } from './sign.js';
import { mountSignin } from './signin.js';
import { initial, reduce, rows } from './state.js';
import { mountUploads } from './uploads.js';

const { texts, locale } = await load(navigator.languages);
const format = createFormat(locale);
const words = { texts, format };
document.documentElement.lang = texts.locale;
fill(document, texts);

const RELIST_MS = [1000, 2000, 4000, 8000, 15_000];
const KNOWN_MAX = 30;

let state = initial(dirOfSearch(location.search));
/** @type {Map<string, import('./state.js').State>} folders seen lately, so that back is instant */
const known = new Map();
let drawing = false;
let lists_failed = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let list_timer;
let list_number = 0;

/** @param {import('./state.js').Action} action */
function dispatch(action) {
  state = reduce(state, action);
  if (state.wanting && state.pending === null) list(false);
  if (state.moved_to !== null) open(state.moved_to, 'replace');
  redraw();
}

function redraw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

const queue = createQueue({
  send: api.upload,
  now: () => performance.now(),
  onChange: redraw,
  onFinish: (files) => {
    message.say(texts.uploaded(files, format.count(files)), 'good');
    // Without a stream nobody would tell this page that its own files stand there now.
    if (state.link !== 'live') list(false);
  },
});

const live = createLive({
  open: api.openEvents,
  onEvent: (name, data, id) => {
    dispatch({ type: 'event', event: { name, data, id, now: Date.now() } });
  },
  onLink: (link) => {
    dispatch({ type: 'link', link });
    // A stream ends with its session.
    if (link !== 'live') signin.check();
  },
  clock: { now: () => Date.now(), set: setTimeout.bind(window), clear: clearTimeout.bind(window) },
  chance: Math.random,
});

/** Asks what the folder holds. @param {boolean} follow whether to stream from there on */
async function list(follow) {
  clearTimeout(list_timer);
  list_number += 1;
  const mine = list_number;
  const { dir } = state;
  dispatch({ type: 'listing' });
  try {
    const listing = await api.list(dir);
    if (mine !== list_number) return;
    lists_failed = 0;
    dispatch({ type: 'listed', dir, listing });
    if (follow) live.follow(dir, listing.event_id);
  } catch (error) {
    if (mine !== list_number) return;
    if (!(error instanceof api.ApiError)) throw error;
    unlisted(dir, error, follow);
  }
}

/** @param {string} dir @param {api.ApiError} error @param {boolean} follow */
function unlisted(dir, { code, status }, follow) {
  if (status === 401) signin.check();
  const missing = status === 404 || code === 'bad_name';
  const reason = missing ? 'missing' : status === 0 ? 'offline' : 'failed';
  dispatch({ type: 'unlisted', dir, reason, code });
  // Whoever has signed in asks again.
  if (missing || status === 401) return;
  if (status === 0) dispatch({ type: 'link', link: 'offline' });
  const wait_ms = RELIST_MS[Math.min(lists_failed, RELIST_MS.length - 1)];
  lists_failed += 1;
  list_timer = setTimeout(list, wait_ms, follow);
}

/** Shows a folder. @param {string} dir @param {'push' | 'replace' | 'none'} history_entry */
function open(dir, history_entry) {
  known.delete(state.dir);
  known.set(state.dir, state);
  const [oldest] = known.keys();
  if (known.size > KNOWN_MAX) known.delete(oldest);
  if (history_entry === 'push') {
    history.replaceState({ scroll: scrollY }, '');
    history.pushState({ scroll: 0 }, '', pageUrl(dir));
  } else if (history_entry === 'replace') {
    history.replaceState({ scroll: 0 }, '', pageUrl(dir));
  }
  live.stop();
  lists_failed = 0;
  dispatch({ type: 'opened', dir, known: known.get(dir) });
  draw();
  scrollTo(0, history.state?.scroll ?? 0);
  // Whoever cannot see the list change hears the folder's name, and goes on from its top.
  find(document, 'h1').focus({ preventScroll: true });
  list(true);
}

/** @param {string} key */
async function remove(key) {
  const entry = state.entries.get(key);
  if (entry === undefined || !await ask.mayDelete(entry)) return;
  try {
    await api.remove(key);
    gone(key, entry.kind);
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (error.status === 404) gone(key, entry.kind);
    else message.say(texts.not_deleted(plain(entry.name), errorText(texts, error.code)), 'bad');
  }
}

/** What is deleted here goes at once, without waiting for the stream to say so. */
function gone(/** @type {string} */ key, /** @type {string} */ kind) {
  const data = { path: '', href: key, kind };
  dispatch({ type: 'event', event: { name: 'delete', data, id: null, now: Date.now() } });
}

const picker = find(document, '#picker');
const pick = () => picker.click();
picker.addEventListener('change', () => {
  const files = [...picker.files].map((file) => ({ path: file.name, file }));
  picker.value = '';
  queue.add(state.dir, files);
});
const pick_button = find(document, '#pick');
pick_button.addEventListener('click', pick);
find(document, '.brand').addEventListener('click', (/** @type {MouseEvent} */ event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open('', 'push');
});

const go = (/** @type {string} */ dir) => open(dir, 'push');
const ask = mountAsk(find(document, '#ask'), texts);
const message = mountMessage(find(document, '#message'));
const crumbs = mountCrumbs(find(document, '.crumbs'), texts, { open: go });
const sign = mountSign(find(document, '.sign'), find(document, '.banner'), texts);
const place = mountPlace(find(document, '.place'), texts,
  { upload: pick, home: () => go(''), retry: () => list(true) });
const listing = mountListing(find(document, '.listing'), words,
  { open: go, remove, busy: queue.busy });
const uploads = mountUploads(find(document, '.uploads'), words, queue);
mountDrop(find(document, '.drop'), texts,
  { shown: () => (state.phase === 'ready' ? state.dir : null), add: queue.add });

function draw() {
  drawing = false;
  const snapshot = queue.snapshot();
  const all = rows(state, snapshot.own);
  const folder = state.dir === '' ? texts.home : plain(nameOf(state.dir));
  crumbs.update(state.dir);
  sign.update(state);
  uploads.update(snapshot, state.dir);
  listing.update(state, all, Date.now());
  place.update(state, all.length);
  setText(find(document, 'h1'), folder);
  // Where there is no folder there is nowhere to put a file.
  pick_button.hidden = state.phase !== 'ready' && state.phase !== 'loading';
  const { bytes_total, bytes_sent, files_total } = snapshot;
  const percent = files_total === 0 || bytes_total === 0 ? ''
    : `${format.percent(bytes_sent / bytes_total)} · `;
  document.title = `${percent}${folder} · livedrop`;
}

window.addEventListener('popstate', () => open(dirOfSearch(location.search), 'none'));
window.addEventListener('beforeunload', (event) => {
  if (queue.busy()) event.preventDefault();
});
window.addEventListener('pagehide', () => {
  history.replaceState({ scroll: scrollY }, '');
  live.sleep();
});
/** Catches up after a sleep: by the stream where there is one, else by a new listing. */
function wake() {
  if (document.visibilityState !== 'visible') return;
  if (state.phase === 'offline' || state.phase === 'failed') list(true);
  else live.wake();
  redraw();
}
window.addEventListener('pageshow', (event) => { if (event.persisted) wake(); });
document.addEventListener('visibilitychange', wake);
window.addEventListener('online', wake);
window.addEventListener('offline', live.lose);
// Ages grow and speeds fall also when nothing happens.
setInterval(redraw, 30_000);
setInterval(() => { if (queue.busy()) redraw(); }, 1000);

const signin = mountSignin(texts, { ...api, entered: () => list(true) });
signin.check();
history.scrollRestoration = 'manual';
redraw();
list(true);
