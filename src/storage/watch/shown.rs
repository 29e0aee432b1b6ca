//! What a listing has shown that nobody was told of: a file that somebody still writes to, a name
//! that was there for a moment. If nothing comes of it, nothing is told either, and whoever has it
//! on the screen would keep it. So it is noted, and when its name is settled that is told.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, RandomState};

use super::entries::{Folder, Known, Stage, State};
use crate::storage::entry::Facts;
use crate::storage::name::RelPath;
use crate::storage::share::Share;

/// A listing under way, held against what was told.
#[derive(Debug)]
pub struct Showing<'s> {
    share: &'s Share,
    folder: &'s RelPath,
    /// The version of all that was told when it began, if the folder is watched.
    since: Option<u64>,
    hasher: RandomState,
    /// Hashes of the names that it has shown, if it is to show all.
    seen: Option<Vec<u64>>,
}

impl Share {
    /// To be called after the listing took its place in the order of events, and before the folder
    /// is read.
    pub fn show<'s>(&'s self, folder: &'s RelPath) -> Showing<'s> {
        let state = self.watch.lock();
        let known = state.folders.get(folder);
        let is_watched = known.is_some_and(|it| it.stage == Stage::Watched);
        Showing {
            share: self,
            folder,
            since: is_watched.then_some(state.versions),
            hasher: RandomState::new(),
            seen: None,
        }
    }
}

impl Showing<'_> {
    /// The same for a listing of all that is there, which takes eight bytes for each name.
    pub fn whole(mut self) -> Self {
        self.seen = Some(Vec::new());
        self
    }

    /// Shows a name, or with nothing that it is not there.
    pub fn add(&mut self, name: &OsStr, facts: Option<&Facts>) {
        let Some(since) = self.since else { return };
        if let Some(seen) = &mut self.seen {
            seen.push(self.hasher.hash_one(name));
        }
        let watch = &self.share.watch;
        let shown = facts.map(Known::of);
        if watch.lock().show(self.folder, since, name, shown) {
            watch.wake();
        }
    }

    /// Ends a listing of all that is there.
    pub fn end(self) {
        let (Some(since), Some(mut seen)) = (self.since, self.seen) else {
            return;
        };
        seen.sort_unstable();
        let watch = &self.share.watch;
        let mut state = watch.lock();
        let is_missing = |name: &OsStr| seen.binary_search(&self.hasher.hash_one(name)).is_err();
        let missing = state.names(self.folder, is_missing);
        let mut is_news = false;
        for name in missing {
            is_news |= state.show(self.folder, since, &name, None);
        }
        drop(state);
        if is_news {
            watch.wake();
        }
    }
}

impl State {
    /// Notes what a listing that began at version `since` has shown of a name, if that is not what
    /// was told; what has been told after it began, its readers hear. True when it is to be looked at.
    fn show(&mut self, path: &RelPath, since: u64, name: &OsStr, shown: Option<Known>) -> bool {
        let watched = |it: &&mut Folder| it.stage == Stage::Watched;
        let Some(folder) = self.folders.get_mut(path).filter(watched) else {
            return false;
        };
        let is_told = Known::is_current(folder.table.get(name), shown.as_ref());
        if is_told || folder.told.has(since, name) {
            return false;
        }
        folder.shown.insert(name.into(), shown);
        self.again.push((path.clone(), name.to_os_string()));
        true
    }

    /// What a listing has shown of a name otherwise than it was told; asked once.
    pub(super) fn take_shown(&mut self, folder: &RelPath, name: &OsStr) -> Option<Option<Known>> {
        self.folders.get_mut(folder)?.shown.remove(name)
    }

    /// The names in a folder's table that are such.
    fn names(&self, folder: &RelPath, is_such: impl Fn(&OsStr) -> bool) -> Vec<OsString> {
        let tables = self.folders.get(folder).into_iter();
        let names = tables.flat_map(|folder| folder.table.keys());
        names
            .filter(|name| is_such(name))
            .map(|name| name.to_os_string())
            .collect()
    }
}
