// Does each tab hear all that it has to, once, from the one stream that they share?

import assert from 'node:assert/strict';
import test from 'node:test';
import { createTabs } from '../../../assets/web/tabs.js';

function start() {
  const clock = { time: 0 };
  const opened = [];
  const tabs = createTabs((dirs, id, on) => {
    const stream = { dirs, id, ...on, closed: false };
    opened.push(stream);
    return () => { stream.closed = true; };
  }, () => clock.time);
  const heard = {};
  const follow = (tab, dir, id) => {
    heard[tab] ??= [];
    tabs.follow(tab, dir, id, {
      event: (name, data, event_id) => heard[tab].push(event_id ?? name),
      failed: () => heard[tab].push('failed'),
    });
  };
  return { clock, opened, tabs, heard, follow, newest: () => opened.at(-1) };
}

test('one stream carries the folders of all tabs, from the oldest event that one lacks', () => {
  const { opened, follow, newest, heard } = start();
  follow('one', 'a', '05');
  newest().event('ready', { event_id: '05' }, '05');
  newest().event('upload', {}, '07');
  follow('two', 'b', '09');
  assert.deepEqual(newest().dirs, ['a', 'b']);
  assert.equal(newest().id, '07');
  assert.equal(opened[0].closed, true);
  newest().event('upload', {}, '08');
  newest().event('upload', {}, '10');
  assert.deepEqual(heard.one, ['05', '07', '08', '10']);
  assert.deepEqual(heard.two, ['10'], 'what its listing shows already is not told again');
});

test('a tab on a folder that is carried joins without another stream', () => {
  const { opened, follow, newest, heard } = start();
  follow('one', 'a', '05');
  newest().event('ready', { event_id: '05' }, '05');
  newest().event('upload', {}, '06');
  follow('two', 'a', '06');
  assert.equal(opened.length, 1);
  assert.deepEqual(heard.two, ['06'], 'it is live at once');
  newest().event('upload', {}, '07');
  assert.deepEqual([heard.one.at(-1), heard.two.at(-1)], ['07', '07']);
});

test('one whose listing is older than the stream gets what came in between', () => {
  const { follow, newest, heard } = start();
  follow('one', 'a', '05');
  newest().event('upload', {}, '06');
  follow('two', 'a', '05');
  assert.equal(newest().id, '05');
  newest().event('upload', {}, '06');
  assert.deepEqual([heard.one, heard.two], [['06'], ['06']]);
});

test('a stream that is quiet for longer than a beat is not trusted with another tab', () => {
  const { clock, opened, follow, newest } = start();
  follow('one', 'a', '05');
  newest().event('ready', { event_id: '05' }, '05');
  clock.time = 21_000;
  follow('two', 'a', '05');
  assert.equal(opened.length, 2);
});

test('all hear of its end, and the first to come back opens it for all', () => {
  const { opened, follow, newest, heard } = start();
  follow('one', 'a', '05');
  follow('two', 'b', '05');
  newest().failed();
  assert.deepEqual([heard.one, heard.two], [['failed'], ['failed']]);
  follow('two', 'b', '05');
  assert.deepEqual(newest().dirs, ['a', 'b']);
  const streams = opened.length;
  newest().event('ready', { event_id: '05' }, '05');
  follow('one', 'a', '05');
  assert.equal(opened.length, streams);
});

test('the last tab closes it, and one that says nothing is gone', () => {
  const { clock, tabs, follow, newest } = start();
  follow('one', 'a', '05');
  follow('two', 'b', '05');
  tabs.leave('one');
  assert.equal(newest().closed, false);
  clock.time = 100_000;
  follow('three', 'c', '05');
  clock.time = 250_000;
  tabs.here('three');
  tabs.leave('three');
  assert.equal(newest().closed, true, 'the second has been silent for too long');
});

test('a closed stream is heard no more', () => {
  const { opened, follow, heard } = start();
  follow('one', 'a', '05');
  follow('two', 'b', '05');
  opened[0].event('upload', {}, '09');
  opened[0].failed();
  assert.deepEqual(heard.one, []);
});
