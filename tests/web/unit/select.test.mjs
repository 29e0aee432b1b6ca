// Is what is selected what the reader meant?

import assert from 'node:assert/strict';
import test from 'node:test';
import { NOTHING, extended, pruned, toggled } from '../../../assets/web/select.js';

const ORDER = ['a', 'b', 'c', 'd', 'e'];
const keys = ({ keys: set }) => [...set].sort().join('');

test('a second click takes it back', () => {
  const one = toggled(NOTHING, 'b');
  assert.equal(keys(one), 'b');
  assert.equal(keys(toggled(one, 'd')), 'bd');
  assert.equal(keys(toggled(one, 'b')), '');
  assert.equal(keys(NOTHING), '', 'a selection is never changed');
});

test('a range goes from the anchor to here, either way, and grows and shrinks', () => {
  const from = toggled(NOTHING, 'c');
  const down = extended(from, ORDER, 'e');
  assert.equal(keys(down), 'cde');
  const shorter = extended(down, ORDER, 'd');
  assert.equal(keys(shorter), 'cd');
  assert.equal(keys(extended(shorter, ORDER, 'a')), 'abc');
});

test('a range without an anchor is its end alone', () => {
  assert.equal(keys(extended(NOTHING, ORDER, 'd')), 'd');
  assert.equal(keys(extended({ keys: new Set(), anchor: 'gone' }, ORDER, 'd')), 'd');
});

test('what is gone is not selected', () => {
  const two = toggled(toggled(NOTHING, 'a'), 'b');
  assert.equal(pruned(two, () => true), two, 'the same one where nothing went');
  const left = pruned(two, (key) => key !== 'b');
  assert.equal(keys(left), 'a');
  assert.equal(left.anchor, null);
});
