// Are files sent three at a time, each once, and counted right?

import assert from 'node:assert/strict';
import test from 'node:test';
import { createQueue, SENDING_MAX } from '../../../assets/web/queue.js';

function start(sizes) {
  const sent = [];
  const finished = [];
  const time = { now: 0 };
  const queue = createQueue({
    send: (what, on) => {
      const request = { ...on, path: what.path, dir: what.dir, stopped: false };
      sent.push(request);
      return () => { request.stopped = true; };
    },
    now: () => time.now,
    onChange: () => {},
    onFinish: (files) => finished.push(files),
  });
  queue.add('d', sizes.map((size, index) => ({ path: `f${index}`, file: { size } })));
  const states = () => queue.snapshot().items.map(({ state }) => state);
  return { queue, sent, finished, time, states };
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
