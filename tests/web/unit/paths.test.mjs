// Does every name on the disk have an address that leads back to it?

import assert from 'node:assert/strict';
import test from 'node:test';
import * as paths from '../../../assets/web/paths.js';

const HOSTILE = [
  '<img src=x onerror=alert(1)>.html', 'a\nb', '%2e%2e', '%', '100%', '%zz', '"quoted"', "it's",
  '#', '?', 'a?b#c', '&', '+', ' lead and trail ', '👨‍👩‍👧.png', 'photo\u202egpj.exe', 'back\\slash',
  '-rf', 'CON', ';', ':', '...', 'שלום.pdf', 'e\u0301', '\u00e9', 'a'.repeat(255),
];

test('hostile names come back from their addresses unchanged', () => {
  for (const name of HOSTILE) {
    const key = paths.encodeName(name);
    assert.equal(paths.decodeName(key), name);
    assert.equal(paths.canonical(key), key, name);
    assert.equal(key, encodeURIComponent(name), name);
  }
});

test('a browser reads the address of a hostile name as that name', () => {
  for (const name of HOSTILE) {
    const key = paths.encodePath(`d/${name}`);
    const file = new URL(paths.fileUrl(key), 'http://host/base/?dir=x');
    assert.equal(file.pathname, `/base/files/${key}`);
    assert.equal(file.search + file.hash, '');
    const page = new URL(paths.pageUrl(key), 'http://host/base/');
    assert.equal(paths.dirOfSearch(page.search), key);
    assert.equal(page.pathname, '/base/');
  }
});

test('one path has one spelling, whoever encoded it', () => {
  for (const [encoded, key] of [
    ['a%2ab', 'a*b'], ['%61', 'a'], ['b%ff', 'b%FF'], ['a b', 'a%20b'], ['100%', '100%25'],
    ['%e4%bd%a0', '%E4%BD%A0'], ['你', '%E4%BD%A0'],
  ]) assert.equal(paths.canonical(encoded), key);
});

test('bytes that are not UTF-8 stay exact in the address and are lossy only on the screen', () => {
  const key = paths.keyOf({ path: 'd/b\ufffd', href: 'd/b%ff' });
  assert.equal(key, 'd/b%FF');
  assert.equal(paths.nameOf(key), 'b\ufffd');
});

test('segments that a browser would resolve never enter an address', () => {
  for (const given of ['../etc', '/etc/', './etc', '%2e%2e/etc', '.%2E/etc', 'etc//']) {
    assert.equal(paths.canonical(given), 'etc');
  }
});

test('the folder of a page is read from its address', () => {
  for (const [search, dir] of [
    ['', ''], ['?dir=', ''], ['?dir=a/b', 'a/b'], ['?dir=a%2fb', 'a/b'], ['?dir=..%2F..', ''],
    ['?x=1&dir=a+b', 'a%20b'],
    ['?xdir=a', ''], ['?dir=%2e%2e/x', 'x'],
  ]) assert.equal(paths.dirOfSearch(search), dir, search);
});

test('parents, names and the way down', () => {
  assert.equal(paths.parentOf('a/b/c'), 'a/b');
  assert.equal(paths.parentOf('a'), '');
  assert.equal(paths.nameOf('a/b%20c'), 'b c');
  assert.deepEqual(paths.trail('a/b'), ['', 'a', 'a/b']);
  assert.deepEqual(paths.trail(''), ['']);
  assert.equal(paths.isWithin('ab', 'a'), false);
  assert.equal(paths.isWithin('a/b', 'a'), true);
  assert.equal(paths.isWithin('a', ''), true);
});

test('an address names a file, and its folder by it', () => {
  assert.equal(paths.fileOfSearch('?file=a%20b/c.txt'), 'a%20b/c.txt');
  assert.equal(paths.fileOfSearch('?file=a%2Fb'), 'a/b');
  assert.equal(paths.fileOfSearch('?dir=a'), null);
  assert.equal(paths.fileOfSearch('?file='), null);
  assert.equal(paths.dirOfSearch('?file=a%20b/c.txt'), 'a%20b');
  assert.equal(paths.dirOfSearch('?file=c.txt'), '');
});

test('a name that could not stand in an address is none', () => {
  for (const name of ['a', '...', ' ', '%2e%2e', 'x'.repeat(255)]) {
    assert.ok(paths.isName(name), name);
  }
  for (const name of ['', '.', '..', 'a/b', 'a\0b', 'x'.repeat(256), 'ü'.repeat(128)]) {
    assert.ok(!paths.isName(name), name);
  }
});
