// A file, looked at over the list: pictures, films, sound, documents and text.
//
// What somebody has put into the share never runs here:
// HTML is shown as text, SVG is drawn as a picture. Which file it is stands in the page's address;
// how it gets there is for app.js.

import { text as textOf } from './api.js';
import { find, setAttribute, setLabel, setName, setPicture, setText } from './elements.js';
import { pictureOf, viewOf } from './kinds.js';
import { plain } from './names.js';
import { downloadUrl, fileUrl, nameOf } from './paths.js';

const TEXT_BYTES_MAX = 512 * 1024;
/** A finger that moved less than this meant something else. */
const SWIPE_PX = 48;

/**
 * @param {HTMLDialogElement} dialog @param {import('./row.js').Words} words
 * @param {{close: () => void, view: (key: string) => void}} on
 */
export function mountViewer(dialog, words, on) {
  const { texts, format } = words;
  const stage = find(dialog, '.stage');
  const steps = [find(dialog, '.previous'), find(dialog, '.next')];
  /** @type {(string | undefined)[]} the keys before and after */
  let beside = [];
  let shown = '';
  let showing = 0;

  /** @param {0 | 1} which */
  const step = (which) => {
    const key = beside[which];
    if (key !== undefined) on.view(key);
  };
  steps.forEach((button, i) => button.addEventListener('click', () => step(i ? 1 : 0)));
  find(dialog, '.close').addEventListener('click', on.close);
  dialog.addEventListener('cancel', (event) => {
    event.preventDefault();
    on.close();
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === stage) on.close();
  });
  dialog.addEventListener('keydown', (event) => {
    // A player winds by the arrows when it has the focus.
    const player = /^(VIDEO|AUDIO)$/.test(/** @type {Element} */ (event.target).tagName);
    const side = ['ArrowLeft', 'ArrowRight'].indexOf(event.key);
    if (player || side < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(side ? 1 : 0);
  });
  swipes(stage, (side) => step(side), on.close);

  /** @param {string} picture @param {string} words_shown */
  const notice = (picture, words_shown) => {
    const box = document.createElement('div');
    box.className = 'unseeable';
    const svg = /** @type {Element} */ (find(dialog, '.close svg').cloneNode(true));
    setPicture(svg, picture);
    const said = document.createElement('p');
    said.textContent = words_shown;
    box.append(svg, said);
    stage.replaceChildren(box);
  };

  /** @param {string} key @param {import('./state.js').Entry | undefined} entry */
  const draw = async (key, entry) => {
    showing += 1;
    const mine = showing;
    const name = entry?.name ?? nameOf(key);
    const view = viewOf(name);
    stage.dataset.view = view ?? 'none';
    if (view === null) {
      notice(pictureOf({ kind: 'file', name }), texts.cannot_show);
    } else if (view === 'text') {
      const pre = document.createElement('pre');
      pre.tabIndex = 0;
      pre.dir = 'auto';
      setAttribute(pre, 'aria-label', plain(name));
      stage.replaceChildren(pre);
      try {
        const bytes = entry?.size === 0 ? new ArrayBuffer(0) : await textOf(key, TEXT_BYTES_MAX);
        if (mine !== showing) return;
        const shown_text = decoded(bytes);
        if (shown_text === null) notice('file', texts.cannot_show);
        else pre.textContent = shown_text;
        if (bytes.byteLength === TEXT_BYTES_MAX) pre.append(`\n\n… ${texts.text_cut}`);
      } catch {
        if (mine === showing) notice('file', texts.errors.not_found);
      }
    } else {
      const source = `${fileUrl(key)}${entry?.modified ? `?v=${entry.modified}` : ''}`;
      stage.replaceChildren(elementFor(view, source, plain(name), () => {
        if (mine === showing) notice(pictureOf({ kind: 'file', name }), texts.cannot_show);
      }));
    }
  };

  return {
    /**
     * @param {string | null} key the file to be seen; null closes
     * @param {import('./state.js').State} state
     * @param {readonly import('./state.js').Entry[]} files in the order in which they are listed
     */
    update(key, state, files) {
      if (key === null) {
        showing += 1;
        shown = '';
        // A film must not play on behind the list.
        stage.replaceChildren();
        if (dialog.open) dialog.close();
        document.documentElement.classList.remove('is-viewing');
        return;
      }
      const at = files.findIndex((entry) => entry.key === key);
      const entry = at < 0 ? undefined : files[at];
      beside = at < 0 ? [] : [files[at - 1]?.key, files[at + 1]?.key];
      steps.forEach((button, i) => { button.disabled = beside[i] === undefined; });
      const name = entry?.name ?? nameOf(key);
      setName(find(dialog, '.name'), name);
      setText(find(dialog, '.about'), [
        ...(entry?.size == null ? [] : [format.size(entry.size)]),
        ...(files.length > 1 && at >= 0
          ? [texts.of(format.count(at + 1), format.count(files.length))] : []),
      ].join(' · '));
      for (const [selector, url] of [['.download', downloadUrl(key)], ['.open', fileUrl(key)]]) {
        setAttribute(find(dialog, selector), 'href', url);
      }
      setLabel(find(dialog, '.download'), texts.download(plain(name)));
      document.documentElement.classList.add('is-viewing');
      if (!dialog.open) dialog.showModal();
      const gone = entry === undefined && ['ready', 'missing'].includes(state.phase)
        && state.pending === null;
      const wanted = `${key} ${gone ? 'gone' : entry?.modified ?? ''}`;
      // Before the list is there its times are not: what is shown by then is the same file.
      const same = wanted === shown || (shown === `${key} ` && !gone);
      shown = wanted;
      if (same) return;
      if (gone) {
        showing += 1;
        stage.dataset.view = 'none';
        notice('file', texts.errors.not_found);
      } else {
        draw(key, entry);
      }
    },
  };
}

/**
 * @param {'image' | 'video' | 'audio' | 'pdf'} view @param {string} source
 * @param {string} name @param {() => void} failed
 */
function elementFor(view, source, name, failed) {
  const element = /** @type {any} */ (document.createElement(
    { image: 'img', video: 'video', audio: 'audio', pdf: 'iframe' }[view],
  ));
  element.addEventListener('error', failed);
  if (view === 'image') {
    element.alt = name;
    element.draggable = false;
  } else if (view === 'pdf') {
    element.title = name;
  } else {
    element.controls = true;
    element.autoplay = true;
    element.playsInline = true;
    setAttribute(element, 'aria-label', name);
  }
  element.src = source;
  return element;
}

/** @param {ArrayBuffer} buffer @returns {string | null} null where these are no words */
function decoded(buffer) {
  const bytes = new Uint8Array(buffer);
  const wide = { 65279: 'utf-16le', 65534: 'utf-16be' }[bytes[0] + bytes[1] * 256];
  if (wide === undefined && bytes.subarray(0, 4096).includes(0)) return null;
  const text = new TextDecoder(wide).decode(bytes);
  // Marks that turn lines round could make a program look like another one.
  return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** @param {HTMLElement} stage @param {(side: 0 | 1) => void} step @param {() => void} close */
function swipes(stage, step, close) {
  /** @type {{x: number, y: number} | null} */
  let start = null;
  stage.addEventListener('touchstart', ({ touches }) => {
    // Two fingers zoom.
    start = touches.length === 1 && (window.visualViewport?.scale ?? 1) < 1.1
      ? { x: touches[0].clientX, y: touches[0].clientY } : null;
  }, { passive: true });
  stage.addEventListener('touchend', ({ changedTouches }) => {
    if (start === null) return;
    const right = changedTouches[0].clientX - start.x;
    const down = changedTouches[0].clientY - start.y;
    start = null;
    if (Math.abs(right) > SWIPE_PX && Math.abs(right) > 2 * Math.abs(down)) step(right > 0 ? 0 : 1);
    else if (down > 2 * SWIPE_PX && down > 2 * Math.abs(right) && stage.dataset.view !== 'text') {
      close();
    }
  }, { passive: true });
}
