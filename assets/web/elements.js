// How do data and elements meet?
//
// The few ways in which anything is put on the screen: templates, text and attributes, never HTML
// text. Each writes only what differs, so drawing again what is there costs next to nothing.

import { parts, plain, split } from './names.js';

/** @param {string} id of a `<template>` with one element @returns {HTMLElement} a copy of it */
export function clone(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return /** @type {HTMLElement} */ (
    /** @type {Element} */ (template.content.firstElementChild).cloneNode(true)
  );
}

/** @param {ParentNode} root @param {string} selector @returns {any} throws where there is none */
export function find(root, selector) {
  const found = root.querySelector(selector);
  if (found === null) throw new Error(`no ${selector}`);
  return found;
}

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent === text) return;
  const only = element.childNodes.length === 1 ? element.firstChild : null;
  // A text that is kept costs the browser less than another in its place.
  if (only instanceof Text && text !== '') only.data = text;
  else element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string | null} value null takes it away */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** @param {HTMLElement} element @param {boolean} hidden */
export function setHidden(element, hidden) {
  // To set what is set has the browser work out the style of it anew.
  if (element.hidden !== hidden) element.hidden = hidden;
}

/** @param {Element} element @param {string} text what a button without words is called */
export function setLabel(element, text) {
  setAttribute(element, 'aria-label', text);
  setAttribute(element, 'title', text);
}

/** @param {Element} svg @param {string} picture the name of a symbol in index.html */
export function setPicture(svg, picture) {
  setAttribute(find(svg, 'use'), 'href', `#i-${picture}`);
}

/** @param {HTMLProgressElement} bar @param {number | null} ratio 0 to 1; null for not known */
export function setProgress(bar, ratio) {
  if (ratio === null) bar.removeAttribute('value');
  else bar.value = ratio;
}

/**
 * Shows a name whose end stays in sight when it is too long, and whose tricks are visible.
 * @param {HTMLElement} element holds `.stem` and `.extension`
 * @param {string} name
 */
export function setName(element, name) {
  showName(element, name);
  setAttribute(element, 'title', plain(name));
}

/** What stands in each place for a name. @type {WeakMap<HTMLElement, string>} */
const names = new WeakMap();

/** As `setName`, without the words for a pointer that rests. */
export function showName(/** @type {HTMLElement} */ element, /** @type {string} */ name) {
  if (names.get(element) === name) return;
  names.set(element, name);
  const [stem, extension] = split(name);
  setParts(find(element, '.stem'), stem);
  setParts(find(element, '.extension'), extension);
}

/** @param {Element} element @param {string} text */
export function setParts(element, text) {
  const all = parts(text);
  // What stands there may read the same, and hold a sign.
  const is_text = element.childElementCount === 0;
  if (is_text && all.length === 1 && !all[0].sign) return setText(element, text);
  element.replaceChildren(...all.map((part) => {
    if (!part.sign) return document.createTextNode(part.text);
    const sign = document.createElement('span');
    sign.className = 'unprintable';
    sign.textContent = part.text;
    return sign;
  }));
}

/**
 * Puts children in order. What is moved loses the focus, so `held` stays where it is and the others
 * go round it; of a list that was turned like a ring, as scrolling does, the shorter part is moved.
 * @param {Element} parent @param {readonly Element[]} wanted its children, and some that are new;
 *   those that are about to leave stand anywhere between
 * @param {Element | null} held
 */
export function arrange(parent, wanted, held) {
  const stays = (/** @type {Element | null} */ child) => (
    child === null || !child.classList.contains('is-leaving'));
  const there = wanted.filter((child) => child.parentNode === parent);
  const turned = [...parent.children].filter(stays).indexOf(there[0]);
  const longer = turned * 2 < there.length ? there[0] : there[there.length - 1];
  const pivot = held !== null && there.includes(held) ? held : longer;
  const from = Math.max(0, wanted.indexOf(pivot));
  let next = there.length === 0 ? null : pivot;
  for (const child of wanted.slice(from)) {
    while (!stays(next)) next = /** @type {Element} */ (next).nextElementSibling;
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
  next = pivot ?? null;
  for (const child of wanted.slice(0, from).reverse()) {
    let before = /** @type {Element} */ (next).previousElementSibling;
    while (before !== null && !stays(before)) before = before.previousElementSibling;
    if (child !== before) parent.insertBefore(child, next);
    next = child;
  }
}

/** Whether things may move on this reader's screen. */
export function mayMove() {
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}
