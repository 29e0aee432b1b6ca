// Does the list end up as the disk is, whatever the order of listings and events?

import assert from 'node:assert/strict';
import test from 'node:test';
import { initial, reduce, rows } from '../../../assets/web/state.js';

const NOW = 1_700_000_000_000;
const NONE = new Set();

const file = (name, size = 1, modified = 1) => ({ name, kind: 'file', size, modified });
const folder = (name) => ({ name, kind: 'folder', size: 0, modified: 1 });
const event = (name, data, id = null) => (
  { type: 'event', event: { name, data, id, now: NOW } }
);
const upload = (path, size = 1, modified = 1, id = null) => (
  event('upload', { path, size, modified }, id)
);
const listed = (dir, entries, event_id = 'a5') => (
  { type: 'listed', dir, listing: { event_id, free_bytes: 7, entries } }
);
const play = (state, ...actions) => actions.reduce(reduce, state);
const shown = (dir, ...entries) => play(initial(dir), { type: 'listing' }, listed(dir, entries));
const names = (state, own = NONE) => rows(state, own).map(({ entry }) => entry.name);

test('a listing becomes rows, folders first and nothing highlighted', () => {
  const state = shown('', file('b'), file('a'), folder('z'));
  assert.deepEqual(names(state), ['z', 'a', 'b']);
  assert.equal(state.phase, 'ready');
  assert.equal(state.free_bytes, 7);
  assert.ok([...state.entries.values()].every(({ touched }) => touched === 0));
});

test('an event that repeats what the listing shows changes nothing at all', () => {
  const state = shown('', file('a', 3, 4), folder('d'));
  assert.equal(play(state, upload('a', 3, 4)), state);
  assert.equal(play(state, event('update', { path: 'a', size: 3, modified: 4 })), state);
  assert.equal(play(state, event('folder', { path: 'd' })), state);
});

test('a new file appears in its place and is marked as touched', () => {
  const state = play(shown('', file('a'), file('c')), upload('b', 9, 9));
  assert.deepEqual(names(state), ['a', 'b', 'c']);
  assert.equal(state.entries.get('b').size, 9);
  assert.ok(state.entries.get('b').touched > 0);
});

test('an update changes a file in place and keeps its neighbours as they were', () => {
  const before = shown('', file('a', 1), file('b', 1));
  const after = play(before, event('update', { path: 'a', size: 2, modified: 5 }));
  assert.equal(after.entries.get('a').size, 2);
  assert.equal(after.entries.get('b'), before.entries.get('b'));
  assert.equal(before.entries.get('a').size, 1, 'a state that was given out never changes');
});

test('the delete of something unknown changes nothing', () => {
  const state = shown('', file('a'));
  assert.equal(play(state, event('delete', { path: 'x', kind: 'file' })), state);
  assert.equal(play(state, event('delete', { path: 'd/a', kind: 'file' })), state);
});

test('a delete takes the row away, and an upload after it brings a new one', () => {
  const state = play(shown('', file('a')), event('delete', { path: 'a', kind: 'file' }));
  assert.deepEqual(names(state), []);
  assert.deepEqual(names(play(state, upload('a', 2))), ['a']);
});

test('what happens in other folders does not show', () => {
  const state = shown('d', file('a'));
  for (const path of ['b', 'd/e/b', 'dd/b', 'e/b']) assert.equal(play(state, upload(path)), state);
  assert.deepEqual(names(play(state, upload('d/b'))), ['a', 'b']);
});

test('a move within the folder keeps size and time', () => {
  const move = event('move', { from: 'a', path: 'b', kind: 'file' });
  const state = play(shown('', file('a', 7, 8)), move);
  assert.deepEqual(names(state), ['b']);
  assert.equal(state.entries.get('b').size, 7);
  assert.equal(state.entries.get('b').modified, 8);
  assert.equal(state.wanting, false);
});

test('a move out of the folder takes the row away', () => {
  const state = play(shown('', file('a')), event('move', { from: 'a', path: 'd/a', kind: 'file' }));
  assert.deepEqual(names(state), []);
});

test('a move into the folder shows at once and asks for a listing, which knows its size', () => {
  const state = play(shown('d'), event('move', { from: 'a', path: 'd/a', kind: 'file' }));
  assert.deepEqual(names(state), ['a']);
  assert.equal(state.entries.get('d/a').size, null);
  assert.equal(state.wanting, true);
});

test('a move over an existing file leaves one row and asks for a listing', () => {
  const move = event('move', { from: 'a', path: 'b', kind: 'file' });
  const state = play(shown('', file('a', 7), file('b', 1)), move);
  assert.deepEqual(names(state), ['b']);
  assert.equal(state.entries.get('b').size, 7);
  // A listing may have shown the one where it went, and another under its old name.
  assert.equal(state.wanting, true);
});

test('when the folder on show or one above it is deleted, it is missing', () => {
  for (const path of ['a/b', 'a']) {
    const state = play(shown('a/b', file('x')), event('delete', { path, kind: 'folder' }));
    assert.equal(state.phase, 'missing');
    assert.equal(state.entries.size, 0);
  }
  const other = play(shown('a/b', file('x')), event('delete', { path: 'a/bb', kind: 'folder' }));
  assert.equal(other.phase, 'ready');
});

test('when the folder on show or one above it is moved, the state says where to', () => {
  const state = shown('a/b', file('x'));
  const move = (from, path) => play(state, event('move', { from, path, kind: 'folder' })).moved_to;
  assert.equal(move('a/b', 'c'), 'c');
  assert.equal(move('a', 'new name'), 'new%20name/b');
});

test('a folder that comes back after it was deleted asks for a listing', () => {
  const state = play(shown('d'), event('delete', { path: 'd', kind: 'folder' }),
    event('folder', { path: 'd' }));
  assert.equal(state.wanting, true);
});

test('a reset asks for a listing and keeps the rows until it comes', () => {
  const before = shown('', file('a'), file('gone'));
  const reset = play(before, event('reset', { event_id: 'b1' }));
  assert.equal(reset.wanting, true);
  assert.deepEqual(names(reset), ['a', 'gone']);
  const after = play(reset, { type: 'listing' }, listed('', [file('a'), file('new')], 'b1'));
  assert.deepEqual(names(after), ['a', 'new']);
  assert.equal(after.entries.get('a'), before.entries.get('a'), 'what stayed is the same object');
  assert.ok(after.entries.get('new').touched > 0, 'what is new before the eyes is highlighted');
  assert.equal(after.wanting, false);
});

test('an event newer than the listing that was on its way is not undone by it', () => {
  const asked = play(shown('', file('a'), file('b')), { type: 'listing' });
  const state = play(asked, upload('new', 1, 1, 'a7'),
    event('delete', { path: 'b', kind: 'file' }, 'a8'), listed('', [file('a'), file('b')], 'a6'));
  assert.deepEqual(names(state), ['a', 'new']);
});

test('an event that the listing already shows is not played again', () => {
  const asked = play(shown('', file('a')), { type: 'listing' });
  const state = play(asked, upload('b', 1, 1, 'a6'), listed('', [file('a')], 'a7'));
  assert.deepEqual(names(state), ['a'], 'uploaded by a6, deleted by a7');
});

test('a listing of a folder that was left is ignored', () => {
  const state = play(initial('d'), listed('e', [file('a')]));
  assert.equal(state.phase, 'loading');
});

test('a list that was right outlives a failed listing, but not a missing folder', () => {
  const failed = (reason) => ({ type: 'unlisted', dir: '', reason, code: 'internal' });
  assert.deepEqual(names(play(shown('', file('a')), failed('offline'))), ['a']);
  assert.deepEqual(names(play(shown('', file('a')), failed('missing'))), []);
  assert.equal(play(initial(''), failed('offline')).phase, 'offline');
  assert.equal(play(initial(''), failed('failed')).code, 'internal');
});

test('a folder seen before shows at once what it held', () => {
  const seen = shown('d', file('a'));
  const state = play(seen, { type: 'opened', dir: '' }, { type: 'opened', dir: 'd', known: seen });
  assert.equal(state.phase, 'ready');
  assert.deepEqual(names(state), ['a']);
});

test('an exact href names what no string can', () => {
  const odd = { name: 'b\ufffd', href: 'd/b%ff', kind: 'file', size: 1, modified: 1 };
  const twin = { ...odd, href: 'd/b%FE' };
  const state = shown('d', odd, twin);
  assert.deepEqual([...state.entries.keys()], ['d/b%FF', 'd/b%FE']);
  const left = play(state, event('delete', { path: 'd/b\ufffd', href: 'd/b%FF', kind: 'file' }));
  assert.deepEqual([...left.entries.keys()], ['d/b%FE']);
});

const progress = (path, state = 'receiving', upload_id = 'u') => event('progress',
  { upload: upload_id, path, received: 5, size: 10, bytes_per_second: 2, state });

test('the upload of somebody else is a row in its place until the file stands there', () => {
  const under_way = play(shown('', file('a'), file('c')), progress('b'));
  assert.deepEqual(names(under_way), ['a', 'b', 'c']);
  assert.equal(rows(under_way, NONE)[1].incoming.received, 5);
  const complete = play(under_way, upload('b', 10));
  assert.equal(rows(complete, NONE)[1].incoming, null);
  assert.equal(play(complete, progress('b', 'done')).incoming.size, 0);
});

test('an upload that replaces a file shows on the row of that file', () => {
  const [row, ...more] = rows(play(shown('', file('a')), progress('a')), NONE);
  assert.equal(row.entry.size, 1);
  assert.equal(row.incoming.size, 10);
  assert.deepEqual(more, []);
});

test('a failed upload, one elsewhere and one of this page are no rows', () => {
  const state = shown('');
  assert.deepEqual(names(play(state, progress('b'), progress('b', 'failed'))), []);
  assert.equal(play(state, progress('d/b')), state);
  assert.deepEqual(names(play(state, progress('b')), new Set(['b'])), []);
});

test('what was under way is forgotten with the line, for progress is never replayed', () => {
  const state = play(shown(''), progress('b'), { type: 'link', link: 'reconnecting' });
  assert.deepEqual(names(state), []);
});

test('beats, ready and events of a later version change nothing', () => {
  const state = shown('', file('a'));
  for (const name of ['beat', 'ready', 'sneeze']) assert.equal(play(state, event(name, {})), state);
});
