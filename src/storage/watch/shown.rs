//! What a listing has shown that nobody was told of: a file that somebody still writes to, a name
//! that was there for a moment. If nothing comes of it, nothing is told either, and whoever has it
//! on the screen would keep it. So it is noted, and when its name is settled that is told.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use super::entries::{Folder, Known, Noted, Stage, State};
use super::signals::What;
use crate::storage::entry::Facts;
use crate::storage::name::RelPath;
use crate::storage::share::Share;

/// Names that are held against the table at a time.
const NAMES_AT_ONCE: usize = 256;

/// A listing under way, held against what was told.
#[derive(Debug)]
pub struct Showing<'s> {
    share: &'s Share,
    folder: &'s RelPath,
    /// When it began, if the folder is watched.
    since: Option<Instant>,
    /// What it has shown and is not held against the table yet.
    waiting: Vec<(OsString, Option<Known>)>,
    /// Hashes of the names that it has shown, if it is to show all.
    seen: Option<(RandomState, Vec<u64>)>,
}

impl Share {
    /// To be called after the listing took its place in the order of events, and before the folder
    /// is read.
    pub fn show<'s>(&'s self, folder: &'s RelPath) -> Showing<'s> {
        Showing {
            share: self,
            folder,
            since: self.watch.lock().begin_showing(folder),
            waiting: Vec::new(),
            seen: None,
        }
    }
}

impl Showing<'_> {
    /// The same for a listing of all that is there, which takes eight bytes for each name.
    pub fn whole(mut self) -> Self {
        self.seen = Some((RandomState::new(), Vec::new()));
        self
    }

    /// Shows a name, or with nothing that it is not there.
    pub fn add(&mut self, name: &OsStr, facts: Option<&Facts>) {
        if self.since.is_none() {
            return;
        }
        if let Some((hasher, seen)) = &mut self.seen {
            seen.push(hasher.hash_one(name));
        }
        self.waiting
            .push((name.to_os_string(), facts.map(Known::of)));
        if self.waiting.len() == NAMES_AT_ONCE {
            self.compare();
        }
    }

    /// Ends a listing of all that is there.
    pub fn end(mut self) {
        self.compare();
        let Some((hasher, mut seen)) = self.seen.take() else {
            return;
        };
        seen.sort_unstable();
        let is_missing = |name: &OsStr| seen.binary_search(&hasher.hash_one(name)).is_err();
        let missing = self.share.watch.lock().names(self.folder, is_missing);
        self.waiting = missing.into_iter().map(|name| (name, None)).collect();
        self.compare();
    }

    /// Notes of what is waiting whatever was not told.
    fn compare(&mut self) {
        let Some(since) = self.since.filter(|_| !self.waiting.is_empty()) else {
            return;
        };
        let watch = &self.share.watch;
        let mut state = watch.lock();
        for (name, shown) in self.waiting.drain(..) {
            state.show(self.folder, since, name, shown);
        }
        if !state.again.is_empty() {
            watch.wake();
        }
    }
}

impl Drop for Showing<'_> {
    fn drop(&mut self) {
        self.compare();
        if self.since.is_some() {
            self.share.watch.lock().end_showing(self.folder);
        }
    }
}

impl State {
    /// Begins to note what is entered of a folder; gives the time from which on that is whole. None
    /// for one that nobody looks at, or that has no table.
    fn begin_showing(&mut self, folder: &RelPath) -> Option<Instant> {
        let folder = self.folders.get_mut(folder)?;
        if folder.stage != Stage::Watched {
            return None;
        }
        folder.showing += 1;
        Some(Instant::now())
    }

    fn end_showing(&mut self, folder: &RelPath) {
        // It may have been let go of and be watched again meanwhile.
        if let Some(folder) = self.folders.get_mut(folder) {
            folder.showing = folder.showing.saturating_sub(1);
            if folder.showing == 0 {
                folder.told = Noted::new();
            }
        }
    }

    /// Notes what a listing that began then has shown of a name, if that is not what was told. What
    /// is told after it began, its readers hear.
    fn show(&mut self, path: &RelPath, since: Instant, name: OsString, shown: Option<Known>) {
        let watched = |it: &&mut Folder| it.stage == Stage::Watched;
        let Some(folder) = self.folders.get_mut(path).filter(watched) else {
            return;
        };
        let told = folder.table.get(name.as_os_str());
        let is_heard = folder
            .told
            .get(name.as_os_str())
            .is_some_and(|(_, at)| *at >= since);
        if is_heard || Known::is_shown(shown.as_ref(), told) {
            return;
        }
        let noted = (shown, Instant::now());
        if folder.shown.insert(name.clone().into(), noted).is_none() {
            self.again.push((path.clone(), name, What::Shown));
        }
    }

    /// What a listing has shown of a name otherwise than it was told; asked once.
    pub(super) fn take_shown(&mut self, folder: &RelPath, name: &OsStr) -> Option<Option<Known>> {
        let noted = self.folders.get_mut(folder)?.shown.remove(name);
        noted.map(|(shown, _)| shown)
    }

    /// The names in a folder's table that are such; none where a name may go by several spellings.
    fn names(&self, folder: &RelPath, is_such: impl Fn(&OsStr) -> bool) -> Vec<OsString> {
        let exact = |it: &&Folder| !it.folds_case && !it.is_remote;
        let folder = self.folders.get(folder).filter(exact);
        let names = folder.into_iter().flat_map(|it| it.table.keys());
        let such = names.filter(|name| is_such(name));
        such.map(|name| name.to_os_string()).collect()
    }
}
