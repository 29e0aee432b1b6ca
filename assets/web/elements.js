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
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string | null} value null takes it away */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
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
  if (element.title === plain(name) && element.dataset.name === name) return;
  element.dataset.name = name;
  element.title = plain(name);
  const [stem, extension] = split(name);
  setParts(find(element, '.stem'), stem);
  setParts(find(element, '.extension'), extension);
}

/** @param {Element} element @param {string} text */
export function setParts(element, text) {
  element.replaceChildren(...parts(text).map((part) => {
    if (!part.sign) return document.createTextNode(part.text);
    const sign = document.createElement('span');
    sign.className = 'unprintable';
    sign.textContent = part.text;
    return sign;
  }));
}

/** Whether things may move on this reader's screen. */
export function mayMove() {
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}
