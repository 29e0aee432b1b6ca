// Does the stream come back by itself, from where it was?

import assert from 'node:assert/strict';
import test from 'node:test';
import { createLive, SILENCE_MS } from '../../../assets/web/live.js';

function start() {
  const opened = [];
  const links = [];
  const events = [];
  let timers = [];
  const clock = {
    time: 0,
    now: () => clock.time,
    set(run, ms) {
      const timer = { run, at: clock.time + ms };
      timers.push(timer);
      return timer;
    },
    clear(timer) { timers = timers.filter((other) => other !== timer); },
    pass(ms) {
      const until = clock.time + ms;
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        clock.clear(next);
        clock.time = next.at;
        next.run();
      }
      clock.time = until;
    },
  };
  const live = createLive({
    open: (dir, last_id, on) => {
      const stream = { dir, last_id, ...on, closed: false };
      opened.push(stream);
      return () => { stream.closed = true; };
    },
    onEvent: (name, data, id) => events.push([name, id]),
    onLink: (link) => links.push(link),
    clock,
    chance: () => 0.5,
  });
  live.follow('d', 'a1');
  return { live, opened, links, events, clock, newest: () => opened.at(-1) };
}

test('it streams from the listing on and is live only once the replay is over', () => {
  const { opened, links, newest } = start();
  assert.deepEqual([opened[0].dir, opened[0].last_id], ['d', 'a1']);
  newest().event('upload', {}, 'a2');
  assert.deepEqual(links, []);
  newest().event('ready', { event_id: 'a2' }, 'a2');
  assert.deepEqual(links, ['live']);
});

test('silence for as long as three beats opens it anew from the newest event', () => {
  const { opened, clock, newest } = start();
  newest().event('upload', {}, 'a5');
  newest().event('progress', {}, null);
  clock.pass(SILENCE_MS - 1);
  assert.equal(opened.length, 1);
  clock.pass(1);
  assert.equal(opened.length, 2);
  assert.equal(opened[0].closed, true);
  assert.equal(newest().last_id, 'a5');
});

test('beats keep it open', () => {
  const { opened, clock, newest } = start();
  for (let beat = 0; beat < 20; beat += 1) {
    clock.pass(15_000);
    newest().event('beat', {}, null);
  }
  assert.equal(opened.length, 1);
});

test('a broken line is tried again, later each time, and is offline at the third failure', () => {
  const { opened, links, clock, newest } = start();
  for (const ms of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
    const before = opened.length;
    newest().failed();
    clock.pass(ms - 1);
    assert.equal(opened.length, before);
    clock.pass(1);
    assert.equal(opened.length, before + 1);
  }
  assert.deepEqual(links.slice(0, 3), ['reconnecting', 'reconnecting', 'offline']);
  newest().event('ready', { event_id: 'a1' }, 'a1');
  newest().failed();
  assert.equal(links.at(-1), 'reconnecting');
});

test('what a closed stream still had to say is not heard', () => {
  const { live, opened, events } = start();
  live.follow('e', 'a9');
  opened[0].event('upload', {}, 'a3');
  opened[0].failed();
  assert.deepEqual(events, []);
  assert.equal(opened.length, 2);
});

test('waking up opens it only where there is doubt', () => {
  const { live, opened, clock } = start();
  live.wake();
  assert.equal(opened.length, 1);
  clock.time += 21_000;
  live.wake();
  assert.equal(opened.length, 2);
  live.sleep();
  live.wake();
  assert.equal(opened.length, 3);
});

test('after a reset it goes on from the id of the reset', () => {
  const { newest, clock } = start();
  newest().event('reset', { event_id: 'b1' }, null);
  clock.pass(SILENCE_MS);
  assert.equal(newest().last_id, 'b1');
});

test('a stopped stream stays shut', () => {
  const { live, opened, clock } = start();
  live.stop();
  clock.pass(10 * SILENCE_MS);
  live.wake();
  live.lose();
  clock.pass(10 * SILENCE_MS);
  assert.equal(opened.length, 1);
});
