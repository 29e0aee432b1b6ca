// Do entries stand where a person looks for them?

import assert from 'node:assert/strict';
import test from 'node:test';
import { compare, comparing, ordered } from '../../../assets/web/order.js';

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

test('size and age have the largest and the newest first, folders before all', () => {
  const all = [
    { ...entry('old'), size: 5, modified: 1 }, { ...entry('new'), size: 1, modified: 9 },
    entry('z', 'folder'), { ...entry('mid'), size: 5, modified: 5 },
  ];
  const by = (sort) => [...all].sort(comparing(sort)).map(({ name }) => name).join(' ');
  assert.equal(by({ by: 'size', down: false }), 'z mid old new');
  assert.equal(by({ by: 'size', down: true }), 'z new mid old');
  assert.equal(by({ by: 'age', down: false }), 'z new mid old');
  assert.equal(by({ by: 'age', down: true }), 'z old mid new');
  assert.equal(by({ by: 'name', down: true }), 'z old new mid');
});

test('a list that changed a little is sorted as one that was sorted anew', () => {
  let seed = 3;
  const random = (below) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % below;
  };
  let map = new Map();
  for (let round = 0; round < 400; round += 1) {
    map = new Map(map);
    const key = String(random(60));
    if (random(3) === 0) map.delete(key);
    else map.set(key, { ...entry(key), size: random(9), modified: random(9) });
    const sort = { by: ['name', 'size', 'age'][random(40) % 3], down: random(20) === 0 };
    assert.deepEqual(ordered(map, sort), [...map.values()].sort(comparing(sort)));
  }
});
