//! The tables of watched folders: what their watchers know to lie in them. No disk and no threads.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::ops::Bound;
use std::time::Instant;

use rustix::fd::AsFd;
use rustix::fs::fstat;

use super::ENTRIES_MAX;
use super::crowded::Crowd;
use super::recent::Recent;
use super::signals::{Signal, What};
use crate::storage::entry::{Facts, Kind};
use crate::storage::name::RelPath;

/// All watched folders.
#[derive(Debug, Default)]
pub(super) struct State {
    /// By path, so that those below another stand together.
    pub(super) folders: BTreeMap<RelPath, Folder>,
    /// The paths of each watch of the kernel: links may lead to one folder by several.
    numbers: HashMap<i32, Vec<RelPath>>,
    /// Entries of all tables.
    pub(super) entries: usize,
    /// Whether a folder that was missing may be there again.
    pub(super) retry: bool,
    /// Names that are to be looked at again, and why.
    pub(super) again: Vec<(RelPath, OsString, What)>,
    /// Signals that were taken from the kernel and have yet to be followed.
    pub(super) signals: Vec<Signal>,
    /// How many the observer is following.
    pub(super) followed: usize,
    pub(super) versions: u64,
}

/// What was told or shown of names, nothing where that was that it is gone, and when. One type for
/// all that is noted, since the code of each other map takes kilobytes.
pub(super) type Noted = HashMap<Box<OsStr>, (Option<Known>, Instant)>;

/// How far a folder is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Stage {
    /// Its table is being made.
    #[default]
    Filling,
    /// What differs from its table is told.
    Watched,
    /// It holds more than there is room for.
    TooLarge,
    /// It is not there.
    Missing,
}

/// One watched folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) stage: Stage,
    /// The kernel's number of its watch, where it has one.
    pub(super) number: Option<i32>,
    /// Whether it may be changed by other machines, of which the kernel here does not hear.
    pub(super) is_remote: bool,
    /// Whether one entry may go by several spellings.
    pub(super) folds_case: bool,
    pub(super) identity: Option<Identity>,
    pub(super) table: HashMap<Box<OsStr>, Known>,
    pub(super) crowd: Crowd,
    /// What listings have shown otherwise than the table, with nothing where they showed nothing.
    pub(super) shown: Noted,
    /// Listings under way.
    pub(super) showing: usize,
    /// What was entered since the first of these began.
    pub(super) told: Noted,
    /// Changes with everything that may have happened in it.
    pub(super) version: u64,
    pub(super) recent: Recent,
    /// Where the order of events was when its table was full.
    pub(super) mark: u64,
    pub(super) lease_until: Instant,
    /// Streams that show it.
    pub(super) holders: usize,
    /// Whether we have brought it back ourselves, and told.
    pub(super) is_back: bool,
}

/// Which folder it is, by whatever path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// What watchers know of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) kind: Kind,
    inode: u64,
    size: u64,
    modified_ns: i128,
}

impl Folder {
    pub(super) fn new(lease_until: Instant) -> Folder {
        Folder {
            stage: Stage::Filling,
            number: None,
            is_remote: false,
            folds_case: false,
            identity: None,
            table: HashMap::new(),
            crowd: Crowd::default(),
            shown: Noted::new(),
            showing: 0,
            told: Noted::new(),
            version: 0,
            recent: Recent::new(),
            mark: 0,
            lease_until,
            holders: 0,
            is_back: false,
        }
    }

    /// Something has happened to a name in it; with none, to it as a whole.
    fn change(&mut self, version: u64, name: &OsStr) {
        self.version = version;
        match name.is_empty() {
            true => self.recent.forget(version),
            false => self.recent.note(version, name),
        }
    }

    /// Whether it is known which folder this is, so that it can be found out to be gone.
    pub(super) fn is_identified(&self) -> bool {
        matches!(self.stage, Stage::Watched | Stage::TooLarge) && self.identity.is_some()
    }

    /// Whether the kernel tells of each change in it.
    pub(super) fn is_signalled(&self) -> bool {
        self.number.is_some() && !self.is_remote
    }
}

impl Identity {
    pub(super) fn of(dir: impl AsFd) -> Option<Identity> {
        let stat = fstat(dir).ok()?;
        #[allow(clippy::unnecessary_cast, reason = "32 bits wide on some targets")]
        Some(Identity {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
        })
    }
}

impl Known {
    pub(super) fn of(facts: &Facts) -> Known {
        Known {
            kind: facts.kind,
            inode: facts.inode,
            size: facts.size,
            modified_ns: facts.modified_ns,
        }
    }

    /// Whether watchers would see no difference. A folder's own time changes with what lies in it,
    /// of which the kernel does not tell those who watch the folder around it.
    pub(super) fn is_same(&self, now: &Known) -> bool {
        self.is_same_thing(now)
            && (self.kind == Kind::Folder
                || (self.size, self.modified_ns) == (now.size, now.modified_ns))
    }

    /// These facts with what is known instead, where they are of the same thing.
    pub(super) fn instead_of(&self, facts: Facts) -> Facts {
        match self.is_same_thing(&Known::of(&facts)) {
            true => Facts {
                size: self.size,
                modified_ns: self.modified_ns,
                ..facts
            },
            false => facts,
        }
    }

    /// Whether listings show no difference. They have no number of an inode, which some file systems
    /// give anew each time that they read it.
    fn looks_like(&self, now: &Known) -> bool {
        let ms = |it: &Known| it.modified_ns.div_euclid(1_000_000);
        self.kind == now.kind
            && (self.kind != Kind::File || (self.size, ms(self)) == (now.size, ms(now)))
    }

    /// Whether what a listing has shown of a name looks like what stands there now.
    pub(super) fn is_shown(shown: Option<&Known>, now: Option<&Known>) -> bool {
        both(shown, now, Known::looks_like)
    }

    /// Whether what was told of a name is what stands there now.
    pub(super) fn is_current(told: Option<&Known>, now: Option<&Known>) -> bool {
        both(told, now, Known::is_same)
    }

    /// Whether it is the same file or folder, whatever is in it.
    pub(super) fn is_same_thing(&self, now: &Known) -> bool {
        self.kind == now.kind && (self.inode == now.inode || self.inode == 0)
    }
}

/// Whether there are both and they agree, or neither is.
fn both(one: Option<&Known>, other: Option<&Known>, agree: fn(&Known, &Known) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => agree(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

impl State {
    /// Enters the kernel's number of a folder's watch.
    pub(super) fn enter(&mut self, number: i32, path: &RelPath) {
        let paths = self.numbers.entry(number).or_default();
        if !paths.contains(path) {
            paths.push(path.clone());
        }
        if let Some(folder) = self.folders.get_mut(path) {
            folder.number = Some(number);
        }
    }

    /// The paths that a number stands for.
    pub(super) fn paths(&self, number: i32) -> Vec<RelPath> {
        self.numbers.get(&number).cloned().unwrap_or_default()
    }

    /// Entries that a folder has at least, whatever the signals that nobody has followed yet say.
    pub(super) fn entries_at_least(&self, folder: &Folder) -> usize {
        let unsettled = self.signals.len() + self.followed;
        folder.table.len().saturating_sub(unsettled)
    }

    /// Has it known that something has happened; what it is, is looked at later.
    pub(super) fn take(&mut self, signals: Vec<Signal>) {
        for signal in &signals {
            self.versions += 1;
            if signal.what == What::Overflow {
                for folder in self.folders.values_mut() {
                    folder.change(self.versions, OsStr::new(""));
                }
            }
            for path in self.numbers.get(&signal.number).into_iter().flatten() {
                if let Some(folder) = self.folders.get_mut(path) {
                    folder.change(self.versions, &signal.name);
                }
            }
        }
        self.signals.extend(signals);
    }

    /// The kernel has ended a watch by itself; gives its paths.
    pub(super) fn ended(&mut self, number: i32) -> Vec<RelPath> {
        let paths = self.numbers.remove(&number).unwrap_or_default();
        for path in &paths {
            if let Some(folder) = self.folders.get_mut(path) {
                folder.number = None;
            }
        }
        paths
    }

    /// A folder has become too large for a table.
    pub(super) fn crowd(&mut self, path: &RelPath) {
        if let Some(folder) = self.folders.get_mut(path) {
            self.entries -= folder.table.len();
            folder.table = HashMap::new();
            folder.shown = Noted::new();
            folder.stage = Stage::TooLarge;
        }
    }

    /// Forgets a folder's table and number; gives the number when no other path shares it.
    pub(super) fn leave(&mut self, path: &RelPath) -> Option<i32> {
        let folder = self.folders.get_mut(path)?;
        self.entries -= folder.table.len();
        folder.table = HashMap::new();
        let number = folder.number.take()?;
        let paths = self.numbers.get_mut(&number)?;
        paths.retain(|other| other != path);
        if paths.is_empty() {
            self.numbers.remove(&number);
            return Some(number);
        }
        None
    }

    /// A folder is gone: it is kept only for streams that show it.
    pub(super) fn lose(&mut self, path: &RelPath) {
        if let Some(folder) = self.folders.get_mut(path) {
            folder.stage = Stage::Missing;
            folder.identity = None;
            if folder.holders == 0 {
                self.folders.remove(path);
            }
        }
    }

    /// We have made a folder at this path, or something else.
    pub(super) fn back(&mut self, path: &RelPath) {
        if let Some(folder) = self.folders.get_mut(path)
            && folder.stage == Stage::Missing
        {
            folder.is_back = true;
        }
    }

    /// Whether a folder that was missing was brought back by us; asked once.
    pub(super) fn take_back(&mut self, path: &RelPath) -> bool {
        let folder = self.folders.get_mut(path);
        folder.is_some_and(|folder| std::mem::take(&mut folder.is_back))
    }

    /// Replaces a folder's table.
    pub(super) fn set_table(&mut self, path: &RelPath, entries: Vec<(OsString, Known)>) {
        if let Some(folder) = self.folders.get_mut(path) {
            self.entries -= folder.table.len();
            let boxed = |(name, known): (OsString, Known)| (name.into_boxed_os_str(), known);
            folder.table = entries.into_iter().map(boxed).collect();
            folder.shown.clear();
            self.entries += folder.table.len();
            self.versions += 1;
            folder.change(self.versions, OsStr::new(""));
        }
    }

    /// Enters one entry, or takes it out.
    pub(super) fn set(&mut self, folder: &RelPath, name: &OsStr, known: Option<Known>) {
        let Some(folder) = self.folders.get_mut(folder) else {
            return;
        };
        if folder.stage == Stage::TooLarge {
            folder.crowd.own(name, known);
        } else if matches!(folder.stage, Stage::Filling | Stage::Watched) {
            self.versions += 1;
            folder.change(self.versions, name);
            folder.shown.remove(name);
            // Of very many, some may be told twice.
            if folder.showing > 0 && folder.told.len() < ENTRIES_MAX {
                folder.told.insert(name.into(), (known, Instant::now()));
            }
            let before = folder.table.len();
            match known {
                Some(known) => drop(folder.table.insert(name.into(), known)),
                None => drop(folder.table.remove(name)),
            }
            self.entries = self.entries + folder.table.len() - before;
        }
    }

    /// What watchers know at a name; None in a folder that is not watched.
    pub(super) fn get(&self, folder: &RelPath, name: &OsStr) -> Option<Option<Known>> {
        let folder = self.folders.get(folder)?;
        (folder.stage == Stage::Watched).then(|| folder.table.get(name).copied())
    }

    /// The names of a file by which it is known otherwise than it is now.
    pub(super) fn outdated(&self, now: &Known) -> Vec<(RelPath, OsString)> {
        let is_outdated = |it: &Known| it.is_same_thing(now) && !it.is_same(now);
        let named = |(path, folder): (&RelPath, &Folder)| {
            let outdated = folder.table.iter().filter(|(_, known)| is_outdated(known));
            let names = outdated.map(|(name, _)| (path.clone(), name.to_os_string()));
            names.collect::<Vec<_>>()
        };
        self.folders.iter().flat_map(named).collect()
    }

    /// Whether a folder is too large for a table.
    pub(super) fn is_crowded(&self, folder: &RelPath) -> bool {
        let folder = self.folders.get(folder);
        folder.is_some_and(|it| it.stage == Stage::TooLarge)
    }

    /// The watched folders at a path and below it.
    pub(super) fn below(&self, path: &RelPath) -> Vec<RelPath> {
        let from = (Bound::Included(path), Bound::Unbounded);
        let ahead = self.folders.range::<RelPath, _>(from).map(|(at, _)| at);
        ahead
            .take_while(|at| at.as_bytes().starts_with(path.as_bytes()))
            .filter(|at| at.is_in(path))
            .cloned()
            .collect()
    }

    /// The folder that has been shown to nobody for longest.
    pub(super) fn oldest(&self) -> Option<RelPath> {
        let idle = |(_, it): &(&RelPath, &Folder)| it.holders == 0 && it.stage != Stage::Filling;
        let folders = self.folders.iter().filter(idle);
        let oldest = folders.min_by_key(|(_, folder)| folder.lease_until);
        oldest.map(|(path, _)| path.clone())
    }
}
