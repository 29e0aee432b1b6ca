//! What is moved: both ends are signalled, one after the other, and more may happen in between.

use std::ffi::{OsStr, OsString};
use std::time::{Duration, Instant};

use super::entries::Known;
use super::observer::Observer;
use super::signals::What;
use super::{Outside, Size};
use crate::storage::entry::Kind;
use crate::storage::name::RelPath;

/// How long what was moved away may take to arrive somewhere: both ends are signalled together,
/// though not as one.
const MOVE_WAIT: Duration = Duration::from_millis(100);

/// What was moved away and has not arrived yet.
pub(super) struct Leaving {
    pub(super) cookie: u32,
    pub(super) folder: RelPath,
    pub(super) name: OsString,
    pub(super) known: Known,
    pub(super) until: Instant,
    /// Where it arrived and had left again before anybody looked.
    pub(super) passed: Option<(RelPath, OsString)>,
}

impl<T: Fn(Outside), M: Fn() -> u64> Observer<'_, T, M> {
    /// Something was moved away; where it arrives may be told next.
    pub(super) fn leave(&mut self, folder: RelPath, name: &OsStr, cookie: u32) {
        let until = Instant::now() + MOVE_WAIT;
        let here = |it: &&mut Leaving| {
            it.passed
                .as_ref()
                .is_some_and(|p| *p == (folder.clone(), name.to_os_string()))
        };
        if let Some(passing) = self.leaving.iter_mut().find(here) {
            passing.passed = None;
            passing.cookie = cookie;
            passing.until = until;
            // Watchers may know of another there since, and then it is that which has left.
            return self.settle(&folder, name, What::Removed);
        }
        let _order = self.share.hold(std::iter::once(folder.clone()));
        let known = self.share.watch.lock().get(&folder, name);
        let Some(now) = self.share.glance(&folder, name) else {
            return;
        };
        match known {
            // It is back, or was never gone for those who watch, as when we replace a file.
            Some(Some(known)) if now.is_some_and(|now| known.is_same_thing(&Known::of(&now))) => {
                self.settle_held(&folder, name, What::Came);
            }
            Some(Some(known)) => {
                self.share.watch.lock().set(&folder, name, None);
                self.leaving.push(Leaving {
                    cookie,
                    folder,
                    name: name.to_os_string(),
                    known,
                    until,
                    passed: None,
                });
            }
            // Nobody has heard of it; or another stands there by now.
            Some(None) => self.settle_held(&folder, name, What::Removed),
            None => {}
        }
    }

    /// Something was moved here, from a watched folder or from elsewhere.
    pub(super) fn come(&mut self, folder: &RelPath, name: &OsStr, cookie: u32) {
        let matching = |it: &Leaving| it.passed.is_none() && it.cookie == cookie;
        let near = self
            .leaving
            .iter()
            .position(|it| matching(it) && it.folder == *folder);
        let Some(at) = near.or_else(|| self.leaving.iter().position(matching)) else {
            return self.settle(folder, name, What::Came);
        };
        let mut left = self.leaving.swap_remove(at);
        let order = self
            .share
            .hold([left.folder.clone(), folder.clone()].into_iter());
        // Watchers know of another by its old name already, and of a move they would take that away.
        let old = self.share.watch.lock().get(&left.folder, &left.name);
        if matches!(old, Some(Some(_))) {
            drop(order);
            return self.settle(folder, name, What::Came);
        }
        let now = self.share.glance(folder, name).flatten();
        match now.map(|facts| (facts, Known::of(&facts))) {
            None => {
                left.passed = Some((folder.clone(), name.to_os_string()));
                left.until = Instant::now() + MOVE_WAIT;
                self.leaving.push(left);
            }
            Some((facts, now)) if left.known.is_same_thing(&now) => {
                let (from, path) = (left.folder.entry(&left.name), folder.entry(name));
                if from == path {
                    // It is back; whoever listed meanwhile has not seen it.
                    return self.tell_difference(folder, name, None, Some(facts));
                }
                self.enter(folder, name, Some(left.known), Some(&facts));
                if facts.kind == Kind::Folder {
                    self.share.let_go_below(&from);
                }
                (self.tell)(Outside::Move {
                    from,
                    path: path.clone(),
                    kind: facts.kind,
                });
                if !left.known.is_same(&now) {
                    (self.tell)(Outside::Update(path, Size::of(&facts)));
                }
                if self.growing.remove(&(left.folder, left.name)).is_some() {
                    self.grow(folder.clone(), name, Instant::now());
                }
            }
            Some(_) => {
                self.tell_gone(&left.folder.entry(&left.name), left.known.kind);
                drop(order);
                self.settle(folder, name, What::Came);
            }
        }
    }

    /// What has arrived nowhere is gone.
    pub(super) fn end_moves(&mut self, now: Instant) {
        let ended: Vec<Leaving> = self.leaving.extract_if(.., |it| it.until <= now).collect();
        for left in ended {
            let order = self.share.hold(std::iter::once(left.folder.clone()));
            // Unless another has taken the name meanwhile, which was told.
            let known = self.share.watch.lock().get(&left.folder, &left.name);
            if let Some(None) = known {
                self.tell_gone(&left.folder.entry(&left.name), left.known.kind);
            }
            drop(order);
            if let Some((folder, name)) = left.passed {
                self.settle(&folder, &name, What::Came);
            }
        }
    }
}

#[cfg(test)]
mod tests;
