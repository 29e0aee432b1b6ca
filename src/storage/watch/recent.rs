//! What has happened in a folder of late, by name: for whoever knows it as of a while ago.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};

/// Names that are remembered of a folder: to look at more of them again is hardly less work than to
/// read it whole.
const NAMES_MAX: usize = 64;

/// The names that something has happened to, each with the version that it made, the newest last.
#[derive(Debug)]
pub(super) struct Recent {
    names: VecDeque<(u64, Box<OsStr>)>,
    /// Of this version and older ones no names are known.
    complete_after: u64,
}

impl Recent {
    /// Of a folder of which nothing is known yet.
    pub(super) fn new() -> Recent {
        Recent {
            names: VecDeque::new(),
            complete_after: u64::MAX,
        }
    }

    /// Something has happened to a name.
    pub(super) fn note(&mut self, version: u64, name: &OsStr) {
        // A file that is written to is named again and again.
        if let Some(at) = self.names.iter().rposition(|(_, known)| **known == *name)
            && let Some((_, name)) = self.names.remove(at)
        {
            self.names.push_back((version, name));
            return;
        }
        if self.names.len() == NAMES_MAX
            && let Some((oldest, _)) = self.names.pop_front()
        {
            self.complete_after = oldest;
        }
        self.names.push_back((version, name.into()));
    }

    /// Anything may have happened to any name.
    pub(super) fn forget(&mut self, version: u64) {
        self.names.clear();
        self.complete_after = version;
    }

    /// The names that something has happened to after a version; None when not all are known.
    pub(super) fn since(&self, version: u64) -> Option<Vec<OsString>> {
        let newer = self.names.iter().filter(|(at, _)| *at > version);
        (version >= self.complete_after).then(|| newer.map(|(_, name)| name.into()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(recent: &Recent, version: u64) -> Option<Vec<String>> {
        let names = recent.since(version)?;
        let text = |name: OsString| name.to_string_lossy().into_owned();
        Some(names.into_iter().map(text).collect())
    }

    fn some(names: &[&str]) -> Option<Vec<String>> {
        Some(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn what_happened_after_a_version_is_known_once_a_name() {
        let mut recent = Recent::new();
        assert_eq!(since(&recent, 5), None);
        recent.forget(0);
        recent.note(3, OsStr::new("a"));
        recent.note(4, OsStr::new("b"));
        recent.note(7, OsStr::new("a"));
        assert_eq!(since(&recent, 0), some(&["b", "a"]));
        assert_eq!(since(&recent, 3), some(&["b", "a"]));
        assert_eq!(since(&recent, 4), some(&["a"]));
        assert_eq!(since(&recent, 7), some(&[]));
    }

    #[test]
    fn of_what_was_long_ago_nothing_is_said() {
        let mut recent = Recent::new();
        recent.forget(0);
        for version in 1..=NAMES_MAX as u64 + 1 {
            recent.note(version, OsStr::new(&version.to_string()));
        }
        assert_eq!(since(&recent, 0), None);
        assert_eq!(since(&recent, 1).map(|names| names.len()), Some(NAMES_MAX));
        recent.forget(100);
        assert_eq!(since(&recent, 99), None);
        assert_eq!(since(&recent, 100), some(&[]));
    }
}
