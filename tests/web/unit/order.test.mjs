// Do entries stand where a person looks for them?

import assert from 'node:assert/strict';
import test from 'node:test';
import { compare, ordered } from '../../../assets/web/order.js';

const entry = (name, kind = 'file', key = name) => (
  { key, name, kind, size: 0, modified: 0, touched: 0 }
);
const sorted = (...names) => names.map((name) => entry(name)).sort(compare).map(({ name }) => name);

test('numbers within names count as numbers', () => {
  const names = ['img1', 'img9', 'img10', 'img010b'];
  assert.deepEqual(sorted(...[...names].reverse()), names);
});

test('case and accents do not tear a word family apart', () => {
  assert.deepEqual(sorted('Zoo', 'äpfel', 'apfel', 'Birne'), ['apfel', 'äpfel', 'Birne', 'Zoo']);
});

test('folders stand before files, links and other things', () => {
  const kinds = [entry('a'), entry('b', 'link'), entry('z', 'folder'), entry('c', 'other')];
  assert.deepEqual(kinds.sort(compare).map(({ name }) => name), ['z', 'a', 'b', 'c']);
});

test('names that a language holds equal still have one order', () => {
  const pair = [entry('é', 'file', 'e%CC%81'), entry('é', 'file', '%C3%A9')];
  assert.deepEqual([...pair].sort(compare), [...pair].reverse().sort(compare));
  assert.notEqual(compare(pair[0], pair[1]), 0);
});

test('a map is sorted once', () => {
  const map = new Map([['b', entry('b')], ['a', entry('a')]]);
  assert.equal(ordered(map), ordered(map));
  assert.deepEqual(ordered(map).map(({ name }) => name), ['a', 'b']);
});
