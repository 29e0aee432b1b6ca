// Do rows end up in order, with few of them moved and never the one that is held?

import assert from 'node:assert/strict';
import test from 'node:test';
import { arrange } from '../../../assets/web/elements.js';

/** As much of the DOM as is asked for; it notes what is moved. */
class Parent {
  children = [];
  moved = [];

  constructor(...children) {
    for (const child of children) this.insertBefore(child, null);
    this.moved = [];
  }

  insertBefore(child, next) {
    if (child.parentNode === this) this.children.splice(this.children.indexOf(child), 1);
    const at = next === null ? this.children.length : this.children.indexOf(next);
    assert.notEqual(at, -1, 'what it is put before must be there');
    this.children.splice(at, 0, child);
    child.parentNode = this;
    this.moved.push(child);
  }
}

class Child {
  parentNode = null;

  constructor(name, is_leaving = false) {
    this.name = name;
    this.classList = { contains: (word) => is_leaving && word === 'is-leaving' };
  }

  beside(step) {
    const { children } = this.parentNode;
    return children[children.indexOf(this) + step] ?? null;
  }

  get nextElementSibling() {
    return this.beside(1);
  }

  get previousElementSibling() {
    return this.beside(-1);
  }
}

const some = (count, from = 0) => Array.from({ length: count }, (_, i) => new Child(from + i));
const stays = (child) => !child.classList.contains('is-leaving');

test('of a list that was turned the shorter part is moved', () => {
  for (const turned of [0, 1, 3, 9, 17, 19]) {
    const wanted = some(20);
    const parent = new Parent(...wanted.slice(turned), ...wanted.slice(0, turned));
    arrange(parent, wanted, null);
    assert.deepEqual(parent.children, wanted);
    assert.equal(parent.moved.length, Math.min(turned, 20 - turned), `turned by ${turned}`);
  }
});

test('what is new goes to its place and moves nothing', () => {
  for (const at of [0, 5, 10]) {
    const wanted = some(11);
    const parent = new Parent(...wanted.filter((_, i) => i !== at));
    arrange(parent, wanted, null);
    assert.deepEqual(parent.children, wanted);
    assert.deepEqual(parent.moved, [wanted[at]]);
  }
  const wanted = some(3);
  const empty = new Parent();
  arrange(empty, wanted, null);
  assert.deepEqual(empty.children, wanted);
  arrange(empty, [], null);
});

test('in whatever order they stand, the one that is held is not moved', () => {
  let seed = 7;
  const random = (below) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor(seed / 65_536) % below;
  };
  for (let round = 0; round < 500; round += 1) {
    const wanted = some(1 + random(12));
    const standing = wanted.filter(() => random(4) > 0);
    for (let i = 0; i < 2; i += 1) {
      standing.splice(random(standing.length + 1), 0, new Child('leaving', true));
    }
    for (let i = standing.length - 1; i > 0; i -= 1) {
      const other = random(i + 1);
      [standing[i], standing[other]] = [standing[other], standing[i]];
    }
    const parent = new Parent(...standing);
    // Also one that is about to leave can have the focus.
    const held = random(3) === 0 ? null : standing[random(standing.length)];
    arrange(parent, wanted, held);
    assert.deepEqual(parent.children.filter(stays), wanted);
    assert.equal(parent.children.length, wanted.length + 2);
    assert.ok(held === null || !parent.moved.includes(held));
  }
});
