//! What the observer does from time to time: compares folders of which the kernel does not tell,
//! finds out which are gone or back, and lets go of those that nobody looks at any more.

use std::collections::HashMap;
use std::time::Instant;

use super::entries::{Folder, Known, Stage};
use super::observer::Observer;
use super::signals::What;
use super::{ENTRIES_MAX, Outside};
use crate::storage::entry::Kind;
use crate::storage::name::RelPath;

impl<T: Fn(Outside), M: Fn() -> u64> Observer<'_, T, M> {
    /// What nobody has written to for a while is finished.
    pub(super) fn end_growth(&mut self, now: Instant) {
        let due = self.growing.iter().filter(|(_, until)| **until <= now);
        let due: Vec<_> = due.map(|(key, _)| key.clone()).collect();
        for (folder, name) in due {
            self.settle(&folder, &name, What::Written);
            self.growing.remove(&(folder, name));
        }
    }

    /// Looks whether a folder is still where it was.
    pub(super) fn check(&mut self, path: &RelPath) {
        let parent = path.split().map(|(parent, _)| parent);
        let _order = self.share.hold(parent.clone().into_iter());
        let identity = self.share.identity(path);
        let state = self.share.watch.lock();
        let Some(folder) = state.folders.get(path) else {
            return;
        };
        if !folder.is_identified() {
            return;
        }
        let is_here = folder.identity == identity;
        let is_parent_watched = parent
            .as_ref()
            .and_then(|parent| state.folders.get(parent))
            .is_some_and(|parent| parent.stage == Stage::Watched);
        drop(state);
        match (is_here, parent) {
            (true, _) => {}
            (false, Some(parent)) if is_parent_watched => {
                self.settle_held(&parent, path.name(), What::Itself);
                self.share.let_go_below(path);
            }
            (false, Some(_)) => self.tell_gone(path, Kind::Folder),
            // The shared folder itself has gone, as when its disk was taken out.
            (false, None) => {
                self.share.let_go_below(path);
                self.must_reset = true;
            }
        }
    }

    /// The kernel has let go of a folder: what happens in it since is not known.
    pub(super) fn lose(&mut self, path: &RelPath) {
        let mut state = self.share.watch.lock();
        let is_watched = |it: &Folder| it.is_identified() && it.number.is_none();
        if state.folders.get(path).is_some_and(is_watched) {
            state.leave(path);
            state.lose(path);
            state.retry = true;
            self.must_reset = true;
        }
    }

    /// After more signals than the kernel could keep: every table is made anew, and everybody has
    /// to list again.
    pub(super) fn begin_anew(&mut self) {
        self.growing.clear();
        self.leaving.clear();
        for path in self.watched() {
            let _order = self.share.hold(std::iter::once(path.clone()));
            self.rescan(&path, false);
        }
        self.must_reset = true;
    }

    /// Compares what may have changed without a signal.
    pub(super) fn compare(&mut self) {
        for path in self.paths(Folder::is_identified) {
            self.check(&path);
            let needs_a_look = {
                let state = self.share.watch.lock();
                let folder = state.folders.get(&path);
                folder.is_some_and(|it| it.stage == Stage::Watched && !it.is_signalled())
            };
            if needs_a_look {
                let _order = self.share.hold(std::iter::once(path.clone()));
                self.rescan(&path, true);
            }
        }
        self.tell_of_crowds();
        self.begin_missing(true);
    }

    /// Looks for folders that we may have brought back.
    pub(super) fn retry(&mut self) {
        if std::mem::take(&mut self.share.watch.lock().retry) {
            self.begin_missing(false);
        }
    }

    /// Watches again what was missing and is shown by somebody. One that nobody has told of is told.
    fn begin_missing(&mut self, tells: bool) {
        let missing = self.paths(|it| it.stage == Stage::Missing);
        for path in missing {
            self.share.begin_watch(&path, || (self.mark)(), false);
            let is_back = {
                let state = self.share.watch.lock();
                let folder = state.folders.get(&path);
                folder.is_some_and(|it| it.stage != Stage::Missing)
            };
            let was_told = is_back && self.share.watch.lock().take_back(&path);
            if is_back && tells && !was_told {
                (self.tell)(Outside::Folder(path));
            }
        }
    }

    /// Reads a folder anew, and tells what differs. Its order lock is held.
    fn rescan(&mut self, path: &RelPath, tells: bool) {
        let room = {
            let state = self.share.watch.lock();
            let own = state.folders.get(path).map_or(0, |it| it.table.len());
            (ENTRIES_MAX + own).saturating_sub(state.entries)
        };
        let table = match self.share.scan(path, room) {
            Ok(Some(table)) => table,
            Ok(None) => return self.give_up(path),
            // `check` will find out.
            Err(_) => return,
        };
        if tells {
            let mut before: HashMap<_, Known> = {
                let state = self.share.watch.lock();
                let folder = state.folders.get(path);
                folder.map(|it| it.table.clone()).unwrap_or_default()
            };
            for (name, known) in &table {
                let was = before.remove(name.as_os_str());
                if was.is_none_or(|was| !was.is_same(known)) {
                    self.settle_held(path, name, What::Written);
                }
            }
            for name in before.into_keys() {
                self.settle_held(path, &name, What::Written);
            }
        } else {
            self.share.watch.lock().set_table(path, table);
        }
    }

    /// Lets go of folders whose time is up, and of the largest while there are too many entries.
    pub(super) fn let_go(&mut self, now: Instant) {
        let over: Vec<RelPath> = {
            let state = self.share.watch.lock();
            let is_over = |(_, it): &(&RelPath, &Folder)| {
                it.holders == 0 && it.lease_until <= now && it.stage != Stage::Filling
            };
            let over = state.folders.iter().filter(is_over);
            over.map(|(path, _)| path.clone()).collect()
        };
        for path in over {
            self.share
                .forget(&path, |it| it.holders == 0 && it.lease_until <= now);
        }
        let largest = {
            let state = self.share.watch.lock();
            let folders = state.folders.iter();
            let largest = folders.max_by_key(|(_, folder)| folder.table.len());
            largest
                .filter(|_| state.entries > 2 * ENTRIES_MAX)
                .map(|(path, _)| path.clone())
        };
        if let Some(path) = largest {
            self.give_up(&path);
        }
    }

    /// A folder has become too large to be watched.
    fn give_up(&mut self, path: &RelPath) {
        self.share.watch.lock().crowd(path);
        self.must_reset = true;
    }

    fn watched(&self) -> Vec<RelPath> {
        self.paths(|it| it.stage == Stage::Watched)
    }

    fn paths(&self, is_wanted: impl Fn(&Folder) -> bool) -> Vec<RelPath> {
        let state = self.share.watch.lock();
        let folders = state.folders.iter();
        let wanted = folders.filter(|(_, folder)| is_wanted(folder));
        wanted.map(|(path, _)| path.clone()).collect()
    }
}
