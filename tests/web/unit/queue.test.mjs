// Are files sent three at a time, each once, and counted right?

import assert from 'node:assert/strict';
import test from 'node:test';
import { PIECE_BYTES } from '../../../assets/web/pieces.js';
import { createQueue, SENDING_MAX } from '../../../assets/web/queue.js';

/** Each file goes to a folder of its own, and so by itself. */
function start(sizes, { together = false } = {}) {
  const sent = [];
  const pieces = [];
  const finished = [];
  const time = { now: 0 };
  const queue = createQueue({
    send: (files, on) => {
      const request = { ...on, path: files[0].path, files: files.length, stopped: false };
      sent.push(request);
      return () => { request.stopped = true; };
    },
    sendPieces: (what, on) => {
      const transfer = { ...on, path: what.path, did: [] };
      pieces.push(transfer);
      const note = (word) => () => transfer.did.push(word);
      return { stop: note('stop'), cancel: note('cancel'), wake: note('wake') };
    },
    now: () => time.now,
    onChange: () => {},
    onFinish: (files) => finished.push(files),
  });
  sizes.forEach((size, index) => {
    const dir = together || index === 0 ? 'd' : `d${index}`;
    queue.add(dir, [{ path: `f${index}`, file: { size } }]);
  });
  const states = () => queue.snapshot().items.map(({ state }) => state);
  return { queue, sent, pieces, finished, time, states };
}

test('no more than three are sent at once, and the next starts when one is done', () => {
  const { sent, states } = start([1, 1, 1, 1, 1]);
  assert.equal(sent.length, SENDING_MAX);
  assert.deepEqual(states(), ['sending', 'sending', 'sending', 'waiting', 'waiting']);
  sent[1].done();
  assert.deepEqual(sent.map(({ path }) => path), ['f0', 'f1', 'f2', 'f3']);
});

test('a failure leaves room for the next, keeps its reason and can be tried again', () => {
  const { queue, sent, states } = start([1, 1, 1, 1]);
  sent[0].failed({ code: 'no_space' });
  assert.deepEqual(states(), ['failed', 'sending', 'sending', 'sending']);
  const [item] = queue.snapshot().items;
  assert.equal(item.code, 'no_space');
  queue.retry(item.id);
  assert.equal(states()[0], 'waiting');
  sent[1].done();
  assert.equal(sent.at(-1).path, 'f0');
});

test('a cancelled upload is stopped and gone', () => {
  const { queue, sent, states } = start([1, 1]);
  queue.cancel(queue.snapshot().items[0].id);
  assert.equal(sent[0].stopped, true);
  assert.deepEqual(states(), ['sending']);
  queue.cancelAll();
  assert.equal(sent[1].stopped, true);
  assert.equal(queue.busy(), false);
});

test('totals and speed are those of the batch', () => {
  const { queue, sent, time } = start([1000, 3000]);
  time.now = 1000;
  sent[0].progress(500);
  sent[1].progress(1500);
  const half = queue.snapshot();
  assert.equal(half.bytes_total, 4000);
  assert.equal(half.bytes_sent, 2000);
  assert.equal(half.bytes_per_second, 2000);
  sent[0].done();
  const later = queue.snapshot();
  assert.equal(later.files_done, 1);
  assert.equal(later.files_total, 2);
  assert.equal(later.bytes_sent, 2500);
});

test('all bytes sent is not yet arrived, and the form around a file is not counted', () => {
  const { queue, sent, states } = start([1000]);
  sent[0].progress(1200);
  assert.deepEqual(states(), ['finishing']);
  assert.equal(queue.snapshot().bytes_sent, 1000);
});

test('the end of a batch is told once, with what arrived', () => {
  const { sent, finished } = start([1, 1, 1]);
  sent[0].done();
  sent[1].failed({ code: 'internal' });
  assert.deepEqual(finished, []);
  sent[2].done();
  assert.deepEqual(finished, [2]);
});

test('a key stays known as our own for a moment after its upload is done', () => {
  const { queue, sent, time } = start([1]);
  sent[0].done();
  assert.deepEqual([...queue.snapshot().own], ['d/f0']);
  time.now = 3001;
  assert.deepEqual([...queue.snapshot().own], []);
});

test('small files of one folder go together, and each by itself when one cannot be taken', () => {
  const { sent, states, queue } = start([1, 1, 1], { together: true });
  assert.equal(sent.length, 3, 'they came one by one');
  queue.cancelAll();
  queue.add('d', [1, 2, 3].map((n) => ({ path: `f${n}`, file: { size: 10 } })));
  assert.equal(sent.at(-1).files, 3);
  sent.at(-1).progress(15);
  assert.deepEqual(states(), ['finishing', 'sending', 'sending']);
  sent.at(-1).failed({ code: 'bad_name' });
  assert.deepEqual(sent.slice(-3).map(({ files }) => files), [1, 1, 1]);
  sent.at(-1).failed({ code: 'bad_name' });
  sent.at(-2).done();
  sent.at(-3).done();
  assert.deepEqual(states(), ['failed']);
});

test('no request takes more than fifty files or eight mebibytes', () => {
  const { sent, queue } = start([]);
  const files = (count, size) => Array.from({ length: count }, (_, n) => (
    { path: `f${n}`, file: { size } }));
  queue.add('d', files(120, 10));
  assert.deepEqual(sent.map((request) => request.files), [50, 50, 20]);
  queue.cancelAll();
  queue.add('d', files(5, 3 * PIECE_BYTES / 8));
  assert.deepEqual(sent.slice(3).map((request) => request.files), [2, 2, 1]);
});

test('a file over eight mebibytes goes in pieces and can be paused', () => {
  const { sent, pieces, states, queue } = start([PIECE_BYTES, PIECE_BYTES + 1]);
  assert.deepEqual([sent.length, pieces.length], [1, 1]);
  pieces[0].progress(5);
  pieces[0].stalled();
  assert.equal(states()[1], 'stalled');
  queue.wake();
  const [, { id }] = queue.snapshot().items;
  queue.pause(id);
  assert.deepEqual([states()[1], pieces[0].did], ['paused', ['wake', 'stop']]);
  assert.equal(queue.snapshot().items[1].sent, 5, 'what has arrived is kept');
  queue.retry(id);
  assert.deepEqual([states()[1], pieces.length], ['sending', 2]);
  queue.cancel(id);
  assert.deepEqual(pieces[1].did, ['cancel']);
});
