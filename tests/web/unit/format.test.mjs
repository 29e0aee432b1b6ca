// Are sizes, times and names said as a person would?

import assert from 'node:assert/strict';
import test from 'node:test';
import { createFormat } from '../../../assets/web/format.js';
import { pictureOf } from '../../../assets/web/kinds.js';
import { choose, errorText } from '../../../assets/web/lang.js';
import en from '../../../assets/web/lang/en.js';
import zh from '../../../assets/web/lang/zh.js';
import { parts, plain, split } from '../../../assets/web/names.js';

const { size, speed, percent, span, age } = createFormat('en-US');
const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

test('sizes', () => {
  for (const [bytes, text] of [
    [0, '0 bytes'], [1, '1 byte'], [999, '999 bytes'], [1000, '1 kB'], [1500, '1.5 kB'],
    [9949, '9.9 kB'], [9960, '10 kB'], [999_400, '999 kB'], [999_500, '1 MB'], [5.88e9, '5.9 GB'],
    [2 ** 53, '9 PB'], [1e18, '1,000 PB'],
  ]) assert.equal(size(bytes), text);
});

test('speeds and shares', () => {
  assert.equal(speed(23_400_000), '23 MB/s');
  assert.equal(speed(900), '900 byte/s');
  assert.equal(percent(0.999), '99%');
  assert.equal(percent(1), '100%');
  assert.equal(percent(-1), '0%');
});

test('lengths of time', () => {
  for (const [seconds, text] of [
    [0.2, '1 sec'], [59, '59 sec'], [60, '1 min'], [89 * 60, '89 min'], [7200, '2 hr'],
    [40 * 3600, '2 days'],
  ]) assert.equal(span(seconds), text);
});

test('ages', () => {
  const now = Date.UTC(2024, 5, 15, 12);
  for (const [passed, text] of [
    [0, 'now'], [59 * SECOND, 'now'], [60 * SECOND, '1 minute ago'],
    [59 * 60 * SECOND, '59 minutes ago'],
    [HOUR, '1 hour ago'], [DAY, 'yesterday'], [6 * DAY, '6 days ago'], [7 * DAY, 'Jun 8, 2024'],
    [-2 * 60 * SECOND, 'now'], [-2 * DAY, 'Jun 17, 2024'],
  ]) assert.equal(age(now - passed, now), text);
});

test('what cannot be seen in a name is shown as a sign', () => {
  for (const [name, text] of [
    ['a\nb', 'a␊b'], ['\0\t\x7f', '␀␉␡'], ['  a b ', '␣␣a b␣'], ['x\u202egpj.exe', 'x[RLO]gpj.exe'],
    ['\u0085', '[U+0085]'], ['a\u200bb', 'a[ZWSP]b'], [' ', '␣'], ['👨‍👩‍👧', '👨‍👩‍👧'],
    ['<b>&amp;', '<b>&amp;'],
  ]) assert.equal(plain(name), text);
  assert.deepEqual(parts('a\nb').map(({ sign }) => sign), [false, true, false]);
  assert.deepEqual(parts(''), []);
});

test('a long name is cut before its extension', () => {
  for (const [name, extension] of [
    ['a.txt', '.txt'], ['a.tar.gz', '.gz'], ['.bashrc', ''], ['README', ''], ['a.', ''],
    ['mr. smith and son', ''], ['a\nb.jpg', '.jpg'], ['a.toolongforone', ''],
  ]) assert.deepEqual(split(name), [name.slice(0, name.length - extension.length), extension]);
});

test('of a very long name the end stays in sight too, unless that changed how it reads', () => {
  for (const [name, end] of [
    ['IMG_20260714_183012_0812.jpeg', '_0812.jpeg'], ['a photo of the summer 12345', '2345'],
    ['a photo of the summer in D 1.jpeg', 'n D 1.jpeg'], ['תמונה מהקיץ האחרון 12345.jpeg', '.jpeg'],
    ['a photo of the summer 🎉🎉🎉.jpeg', '.jpeg'], ['cafe\u0301 in the old town square.txt', '.txt'],
  ]) assert.equal(split(name)[1], end, name);
});

test('an entry has the picture of its kind', () => {
  for (const [kind, name, picture] of [
    ['file', 'a.JPG', 'image'], ['folder', 'a.jpg', 'folder'], ['file', 'a.tar.gz', 'archive'],
    ['file', '.md', 'file'], ['file', 'a.constructor', 'file'], ['link', 'x.mp3', 'link'],
  ]) assert.equal(pictureOf({ kind, name }), picture);
});

test('the language is the first wanted one that there is', () => {
  for (const [wanted, base] of [
    [['zh-CN', 'en'], 'zh'], [['de', 'zh-TW'], 'zh'], [['en-GB', 'zh'], 'en'],
    [['de'], 'en'], [[], 'en'],
    [['constructor'], 'en'],
  ]) assert.equal(choose(wanted), base);
});

test('every language says everything', () => {
  const shape = (texts) => Object.entries(texts).map(([key, text]) => (
    `${key}: ${typeof text}${typeof text === 'function' ? text.length : ''}`));
  assert.deepEqual(shape(zh), shape(en));
  assert.deepEqual(shape(zh.errors), shape(en.errors));
});

test('an error of a later version still has words', () => {
  assert.equal(errorText(en, 'no_space'), 'There is not enough room on the disk.');
  assert.equal(errorText(en, 'http_502'), 'Something went wrong (http_502).');
});
