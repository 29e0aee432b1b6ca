// Does a large file arrive, whatever happens on the way?

import assert from 'node:assert/strict';
import test from 'node:test';
import { PIECE_BYTES, sendPieces } from '../../../assets/web/pieces.js';
import { createUnfinished } from '../../../assets/web/unfinished.js';

const SIZE = 2 * PIECE_BYTES + 100;

/** A server that holds what it was sent, and fails as the test wants. */
function start({ stored = {}, troubles = [], file_bytes = SIZE, readable = true } = {}) {
  const memory = { text: null };
  const unfinished = createUnfinished({
    recall: () => memory.text,
    keep: (name, value) => { memory.text = value; },
  });
  const server = { offset: 0, created: 0, removed: [], ...stored };
  const trouble = () => {
    const next = troubles.shift();
    if (next) throw Object.assign(new Error(), next);
  };
  const tus = {
    async create() { trouble(); server.created += 1; server.offset = 0; return 'uploads/1'; },
    async ask() {
      trouble();
      return { offset: server.offset, published: server.offset === file_bytes };
    },
    sender: () => async (url, offset, piece, progress) => {
      trouble();
      assert.equal(offset, server.offset, 'each piece goes where the server is');
      progress(piece.byteLength);
      server.offset += piece.byteLength;
      return server.offset;
    },
    async remove(url) { server.removed.push(url); },
  };
  const file = { size: file_bytes, name: 'film',
    slice: (from, to) => ({ arrayBuffer: async () => {
      if (!readable) throw new Error('gone');
      return { byteLength: Math.min(to, file_bytes) - from };
    } }) };
  const heard = [];
  const timers = [];
  const clock = { now: () => 0, set: (run, ms) => timers.push({ run, ms }),
    clear: () => { timers.length = 0; } };
  let end;
  const ended = new Promise((done) => { end = done; });
  const needs = { tus, unfinished, clock, chance: () => 0.5, fingerprint: async () => 'mark' };
  const begin = () => sendPieces({ dir: 'd', path: 'film', file }, {
    progress: (sent) => heard.push(sent),
    stalled: () => heard.push('stalled'),
    done: () => { heard.push('done'); end(); },
    failed: ({ code }) => { heard.push(code); end(); },
  }, needs);
  const fire = () => timers.pop()?.run();
  return { server, unfinished, heard, timers, begin, ended, fire };
}

/** Lets all that is ready happen. */
const settle = () => new Promise((done) => { setTimeout(done, 5); });

test('it goes piece by piece and is forgotten when it has arrived', async () => {
  const { server, unfinished, heard, begin, ended } = start();
  begin();
  await ended;
  assert.equal(server.offset, SIZE);
  assert.equal(heard.at(-1), 'done');
  assert.equal(unfinished.all().size, 0);
});

test('the same file chosen again goes on where the server is', async () => {
  const { server, unfinished, heard, begin, ended } = start({ stored: { offset: PIECE_BYTES } });
  unfinished.keep('mark', { url: 'uploads/1', dir: 'd', path: 'film', size: SIZE, received: 0 });
  begin();
  await ended;
  assert.equal(server.created, 0);
  assert.equal(heard[0], PIECE_BYTES);
});

test('what the server no longer knows begins anew', async () => {
  const { server, unfinished, begin, ended } = start({ troubles: [{ status: 404 }] });
  unfinished.keep('mark', { url: 'uploads/0', dir: 'd', path: 'film', size: SIZE, received: 9 });
  begin();
  await ended;
  assert.deepEqual([server.created, server.offset], [1, SIZE]);
});

test('a line that breaks is waited for, longer each time, and asked how far it is', async () => {
  const broken = { status: 0, code: 'unreachable' };
  const { heard, timers, begin, fire, ended } = start({ troubles: [null, broken, broken, broken] });
  begin();
  const waits = [];
  for (let n = 0; n < 3; n += 1) {
    await settle();
    waits.push(timers[0].ms);
    fire();
  }
  await ended;
  assert.deepEqual(waits, [500, 1000, 2000]);
  assert.equal(heard.at(-1), 'done');
});

test('it does not wait for its time when the line is said to be back', async () => {
  const broken = { status: 0, code: 'unreachable' };
  const { heard, begin, ended } = start({ troubles: [null, broken] });
  const transfer = begin();
  await settle();
  assert.equal(heard.at(-1), 'stalled');
  transfer.wake();
  await ended;
  assert.equal(heard.at(-1), 'done');
});

test('a refusal that lasts is a failure, and what has arrived is kept', async () => {
  const full = { status: 507, code: 'no_space' };
  const { unfinished, heard, begin, ended } = start({ troubles: [null, null, full] });
  begin();
  await ended;
  assert.equal(heard.at(-1), 'no_space');
  assert.equal(unfinished.find('mark').received, PIECE_BYTES);
});

test('a file that can no longer be read says so', async () => {
  const { heard, begin, ended } = start({ readable: false });
  begin();
  await ended;
  assert.equal(heard.at(-1), 'unreadable');
});

test('a cancelled one is taken back from the server, a stopped one is kept', async () => {
  const broken = { status: 0, code: 'unreachable' };
  const { server, unfinished, begin } = start({ troubles: [null, broken] });
  const transfer = begin();
  await settle();
  transfer.stop();
  assert.equal(unfinished.all().size, 1);
  transfer.cancel();
  assert.deepEqual(server.removed, ['uploads/1']);
  assert.equal(unfinished.all().size, 0);
});

test('what the server no longer has is no longer offered', () => {
  const { unfinished } = start();
  for (const n of ['1', '2']) {
    unfinished.keep(n, { url: `uploads/${n}`, dir: '', path: 'f', size: 9, received: 0 });
  }
  unfinished.settle([{ upload: '2', received: 5 }]);
  const left = [...unfinished.all()].map(([mark, { received }]) => [mark, received]);
  assert.deepEqual(left, [['2', 5]]);
});
