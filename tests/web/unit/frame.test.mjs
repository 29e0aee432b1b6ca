// Does the page keep the promises that its policy and its size rest on?

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

const WEB = new URL('../../../assets/web/', import.meta.url);
const files = readdirSync(WEB, { recursive: true }).filter((name) => /\.\w+$/.test(name)).sort();
const text = (name) => readFileSync(new URL(name, WEB), 'utf8');
const html = text('index.html');
const scripts = files.filter((name) => name.endsWith('.js'));

test('the page holds no inline script, style or handler', () => {
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i);
});

test('no script makes HTML out of text', () => {
  for (const name of scripts) {
    assert.doesNotMatch(text(name), /(inner|outer|Adjacent)HTML|document\.write|\beval\(/);
  }
});

test('every address is relative, so that any base path works', () => {
  for (const [, url] of html.matchAll(/(?:href|src|action)="([^"]*)"/g)) {
    assert.match(url, /^(?:\.\/$|web\/|upload$|#i-)/);
  }
  for (const name of [...scripts, ...files.filter((each) => each.endsWith('.css'))]) {
    assert.doesNotMatch(text(name), /https?:\/\//, name);
  }
});

test('every picture that is named is drawn in the frame', () => {
  const drawn = new Set([...html.matchAll(/<symbol id="i-([\w-]+)"/g)].map(([, name]) => name));
  const used = [...html.matchAll(/href="#i-(\w+)"/g)].map(([, name]) => name);
  const placed = [...text('place.js').matchAll(/say\('(\w+)'/g)].map(([, name]) => name);
  const kinds = [...text('kinds.js').split('const VIEWS')[0].matchAll(/^ {2}(\w+): '/gm)]
    .map(([, name]) => name);
  for (const name of [...used, ...placed, ...kinds, 'file', 'folder', 'link', 'other']) {
    assert.ok(drawn.has(name), name);
  }
});
