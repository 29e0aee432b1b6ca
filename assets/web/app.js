// The wiring: one state, one queue, one stream, and the components that show them.
//
// Things flow one way. What happens becomes an action, the reducer makes the next state of it, and
// once per frame every component is told the state. Nothing here draws and nothing here decides.

import { createActions } from './actions.js';
import * as api from './api.js';
import { mountAsk, mountMessage, mountOffer } from './ask.js';
import { mountCarry } from './carry.js';
import { mountCrumbs } from './crumbs.js';
import { mountDesk } from './desk.js';
import { mountDrop } from './drop.js';
import { find, setText } from './elements.js';
import { fingerprint } from './fingerprint.js';
import { createFormat } from './format.js';
import { keep, recall } from './kept.js';
import { fill, load } from './lang.js';
import { mountListing } from './listing.js';
import { createLive } from './live.js';
import { plain } from './names.js';
import { ordered } from './order.js';
import { mountPaste } from './paste.js';
import { dirOfSearch, fileOfSearch, keyOf, nameOf, pageUrl, parentOf, viewUrl } from './paths.js';
import { mountPickers } from './pickers.js';
import { sendPieces } from './pieces.js';
import { mountPlace } from './place.js';
import { createQueue } from './queue.js';
import { createSearch } from './search.js';
import { mountShare } from './share.js';
import { createShared } from './shared.js';
import { mountSign } from './sign.js';
import { mountSignin } from './signin.js';
import { initial, reduce, rows } from './state.js';
import { mountTheme, mountTools } from './tools.js';
import * as tus from './tus.js';
import { mountUnfinished } from './rest.js';
import { createUnfinished } from './unfinished.js';
import { mountUploads } from './uploads.js';
import { mountViewer } from './viewer.js';

const { texts, locale } = await load(navigator.languages);
const format = createFormat(locale);
const words = { texts, format };
document.documentElement.lang = texts.locale;
fill(document, texts);
find(document, 'h1').hidden = false;
// The server has written it for browsers that run no script.
find(document, '.plain').remove();

const RELIST_MS = [1000, 2000, 4000, 8000, 15_000];
const KNOWN_MAX = 30;

let state = initial(dirOfSearch(location.search));
/** The file that is looked at. */
let viewing = fileOfSearch(location.search);
let read_only = false;
let undo_s = 1;
/** @type {Map<string, import('./state.js').State>} folders seen lately, so that back is instant */
const known = new Map();
/** @type {Set<string>} moves of this page's own, of which the stream is still to tell */
const echoes = new Set();
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

const unfinished = createUnfinished({ recall, keep });
const clock = {
  now: () => Date.now(), set: setTimeout.bind(window), clear: clearTimeout.bind(window),
};
const queue = createQueue({
  send: api.upload,
  sendPieces: (what, on) => sendPieces(what, on, { unfinished, fingerprint, clock,
    chance: Math.random,
    tus: { create: tus.create, ask: tus.where, sender: tus.sender, remove: tus.remove } }),
  now: () => performance.now(),
  onChange: redraw,
  onFinish: (files) => {
    message.say(texts.uploaded(files, format.count(files)), 'good');
    // Without a stream nobody would tell this page that its own files stand there now.
    if (state.link !== 'live') list(false);
  },
});

/** @param {string} name @param {any} data @param {string | null} id */
function happened(name, data, id) {
  if (name === 'move' && id !== null
    && echoes.delete(`${keyOf({ path: data.from, href: data.from_href })} ${keyOf(data)}`)) return;
  dispatch({ type: 'event', event: { name, data, id, now: Date.now() } });
  if (name === 'progress' || data.path === undefined) return;
  const key = keyOf(data);
  if (data.undo) offer.add(data.undo, key, name !== 'delete');
  else if (name !== 'delete') offer.settle(key);
  if (name === 'move') followMove(keyOf({ path: data.from, href: data.from_href }), key);
  search.again();
}

/** Whoever looks at a file that gets another name goes on looking at it. */
function followMove(/** @type {string} */ from, /** @type {string} */ to) {
  if (viewing !== from) return;
  viewing = to;
  history.replaceState(history.state, '', viewUrl(to));
}

const stream = createShared();
const live = createLive({
  open: (dir, id, on) => stream.open(dir, id, on),
  onEvent: happened,
  onLink: linked,
  clock,
  chance: Math.random,
});

/** @param {import('./state.js').State['link']} link */
async function linked(link) {
  // A stream ends with its session.
  if (link !== 'live') signin.check();
  if (link !== 'offline') return dispatch({ type: 'link', link });
  if (state.link !== 'crowded') dispatch({ type: 'link', link });
  // A server that answers and gives no stream has too many of them: then the list is asked for.
  const { dir } = state;
  const answers = await api.status().then(() => true, () => false);
  if (state.dir !== dir || state.link === 'live') return;
  dispatch({ type: 'link', link: answers ? 'crowded' : 'offline' });
  if (answers) list(false);
}

/** Asks what the folder holds. @param {boolean} follow whether to stream from there on */
async function list(follow) {
  clearTimeout(list_timer);
  list_number += 1;
  const mine = list_number;
  const { dir } = state;
  dispatch({ type: 'listing' });
  try {
    const listing_now = await api.list(dir);
    if (mine !== list_number) return;
    lists_failed = 0;
    dispatch({ type: 'listed', dir, listing: listing_now });
    if (follow) live.follow(dir, listing_now.event_id);
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

/** Asks what may be done here. */
async function askStatus() {
  try {
    const status = await api.status();
    ({ read_only, undo_s = 1 } = status);
    unfinished.settle(status.uploads);
    redraw();
  } catch {
    // The list tells better what is wrong.
  }
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
  viewing = fileOfSearch(location.search);
  live.stop();
  lists_failed = 0;
  tools.clear();
  search.want('', dir);
  desk.none();
  dispatch({ type: 'opened', dir, known: known.get(dir) });
  draw();
  scrollTo(0, history.state?.scroll ?? 0);
  // Whoever cannot see the list change hears the folder's name, and goes on from its top.
  if (viewing === null) find(document, 'h1').focus({ preventScroll: true });
  list(true);
}

/** Looks at a file over the list. @param {string} key */
function view(key) {
  if (viewing === null) {
    history.replaceState({ scroll: scrollY }, '');
    history.pushState({ over_list: true }, '', viewUrl(key));
  } else {
    // Back leads to the list, not through all that was looked at.
    history.replaceState(history.state, '', viewUrl(key));
  }
  viewing = key;
  redraw();
}

function endView() {
  if (history.state?.over_list) return history.back();
  history.replaceState({ scroll: scrollY }, '', pageUrl(state.dir));
  viewing = null;
  redraw();
}

const go = (/** @type {string} */ dir) => open(dir, 'push');
const message = mountMessage(find(document, '#message'));
const search = createSearch(api.search, texts, redraw);
const actions = createActions({
  api, words, say: message.say,
  tell: (name, data) => {
    if (name === 'move' && state.link === 'live') echoes.add(`${data.from_href} ${data.href}`);
    happened(name, data, null);
  },
  came: () => { if (state.link !== 'live') list(false); },
  entry: (key) => state.entries.get(key) ?? search.found().entries.get(key),
});
const offer = mountOffer(find(document, '#offer'), (offers, replaced) => {
  const name = plain(nameOf(offers[0].key));
  const count = format.count(offers.length);
  return replaced ? texts.replaced(offers.length, count, name)
    : texts.deleted(offers.length, count, name);
}, actions.undo);
const ask = mountAsk(find(document, '#ask'), (name) => actions.make(state.dir, name));
const make = () => ask.open(texts.new_folder);
const pickers = mountPickers(find(document, '.dock'), texts, {
  add: (files) => queue.add(state.dir, files), make,
  menu: (title, items, at) => desk.menu.open(title, items, at),
});
const crumbs = mountCrumbs(find(document, '.crumbs'), texts, { open: go });
const sign = mountSign(find(document, '.sign'), find(document, '.banner'), texts);
const place = mountPlace(find(document, '.place'), texts,
  { upload: pickers.pick, home: () => go(''), retry: () => list(true) });
const tools = mountTools(find(document, '.tools'), find(document, '.columns'), texts,
  { look: redraw, search: (wanted) => search.want(wanted, state.dir), make });
const desk = mountDesk(words, {
  actions, folder: () => state.dir, changed: redraw,
  writable: () => !read_only,
  undoable: () => undo_s > 0,
  open: (entry) => (entry.kind === 'folder' ? go : view)(entry.key),
  up: () => { if (state.dir !== '') go(parentOf(state.dir)); },
});
const listing = mountListing(find(document, '.listing'), words, desk.on);
desk.attach(listing);
const uploads = mountUploads(find(document, '.uploads'), words, {
  ...queue, free: () => state.free_bytes,
});
const rest = mountUnfinished(find(document, '.rest'), words, {
  pick: pickers.pick,
  discard: (mark, url) => {
    unfinished.forget(mark);
    tus.remove(url).catch(() => {});
    redraw();
  },
});
mountTheme(find(document, '#theme'), texts);
mountDrop(find(document, '.drop'), texts, { shown: droppable, add: queue.add });
mountPaste(texts, (files) => {
  const dir = droppable();
  if (dir !== null) queue.add(dir, files);
});
mountCarry({
  keys: (key) => (read_only ? [] : desk.with(key)),
  drop: (keys, dir, copy) => (copy ? actions.copy : actions.move)(keys, dir),
  hold: listing.hold, release: listing.release,
});

/** @returns {string | null} the folder that takes what comes; a drop box shows none and takes it */
function droppable() {
  const taking = state.phase === 'ready' || state.code === 'forbidden';
  return taking && !read_only ? state.dir : null;
}

const viewer = mountViewer(find(document, '#viewer'), words, { close: endView, view });
const sharing = mountShare(find(document, '#sharing'), texts);
const share_button = find(document, '#share');
share_button.addEventListener('click', () => sharing.open(state.dir));
share_button.hidden = false;

function draw() {
  drawing = false;
  const snapshot = queue.snapshot();
  const found = search.found();
  const searching = found.words !== '';
  const { sort, grid } = tools.look;
  const all = searching
    ? ordered(found.entries, sort).map((entry) => ({ entry, incoming: null }))
    : rows(state, snapshot.own, sort);
  const folder = state.dir === '' ? texts.home : plain(nameOf(state.dir));
  crumbs.update(state.dir);
  sign.update(state);
  uploads.update(snapshot, state.dir);
  rest.update(unfinished.all(),
    new Set([...snapshot.own, ...snapshot.items.map(({ key }) => key)]));
  listing.update(state, all, Date.now(), { grid, words: found.words, more: found.truncated });
  desk.update(all);
  place.update(state, all.length, found, !read_only);
  tools.update(state.phase === 'ready' && (all.length > 0 || searching || !read_only), !read_only);
  setText(find(document, 'h1'), folder);
  find(document, '#read-only').hidden = !read_only;
  // Where there is no folder there is nowhere to put a file; a drop box shows none and takes them.
  pickers.update(!read_only && (state.phase === 'ready' || state.phase === 'loading'
    || state.code === 'forbidden'));
  viewer.update(viewing, state, all.map(({ entry }) => entry)
    .filter(({ kind, modified }) => kind === 'file' && modified !== null));
  const { bytes_total, bytes_sent, files_total } = snapshot;
  const percent = files_total === 0 || bytes_total === 0 ? ''
    : `${format.percent(bytes_sent / bytes_total)} · `;
  document.title = `${percent}${viewing === null ? folder : plain(nameOf(viewing))} · livedrop`;
}

find(document, '.brand').addEventListener('click', (/** @type {MouseEvent} */ event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open('', 'push');
});
window.addEventListener('popstate', () => {
  const dir = dirOfSearch(location.search);
  if (dir !== state.dir) return open(dir, 'none');
  viewing = fileOfSearch(location.search);
  redraw();
});
window.addEventListener('beforeunload', (event) => {
  if (queue.busy()) event.preventDefault();
});
window.addEventListener('pagehide', () => {
  history.replaceState({ ...history.state, scroll: scrollY }, '');
  live.sleep();
});
/** Catches up after a sleep: by the stream where there is one, else by a new listing. */
function wake() {
  if (document.visibilityState !== 'visible') {
    // A stream of its own would hold one of the browser's six connections for nobody.
    if (!stream.shared) live.sleep();
    return;
  }
  if (state.phase === 'offline' || state.phase === 'failed') list(true);
  else live.wake();
  queue.wake();
  redraw();
}
window.addEventListener('pageshow', (event) => { if (event.persisted) wake(); });
document.addEventListener('visibilitychange', wake);
window.addEventListener('online', wake);
window.addEventListener('offline', live.lose);
// Ages grow and speeds fall also when nothing happens.
setInterval(redraw, 30_000);
setInterval(() => { if (queue.busy()) redraw(); }, 1000);

const signin = mountSignin(texts, { ...api,
  entered: () => {
    askStatus();
    list(true);
  } });
signin.check();
history.scrollRestoration = 'manual';
redraw();
list(true);
askStatus();
