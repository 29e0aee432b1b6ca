//! The rows of one folder, as they are sent, and how one of them is taken out again.

use std::ffi::{OsStr, OsString};
use std::hash::{DefaultHasher, Hasher};

use memchr::memmem;
use serde_json::json;

use crate::http::target;
use crate::storage::{Entry, Kind, RelPath};

/// What stands between two rows. No name can look like it, since quotes in a name are escaped.
const BETWEEN: &[u8] = b"},{\"name\":";

/// The rows of one folder that need not be looked at again, and the names that do.
#[derive(Debug, Default, Clone)]
pub(super) struct Rows {
    files: Vec<u8>,
    hash: u64,
    others: Vec<OsString>,
}

impl Rows {
    /// Rows of plain files, as JSON with commas between.
    pub(super) fn json(&self) -> &[u8] {
        &self.files
    }

    /// A hash over them, in whatever order they stand.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    /// What else lies in the folder, and has to be looked at each time.
    pub(super) fn others(&self) -> &[OsString] {
        &self.others
    }

    /// Bytes that they hold.
    pub(super) fn cost(&self) -> usize {
        let others = self.others.iter();
        let names: usize = others.map(|name| name.len() + size_of::<OsString>()).sum();
        self.files.len() + names
    }

    /// Puts in what stands at a name that has no row.
    pub(super) fn add(&mut self, folder: &RelPath, entry: &Entry<'_>) {
        if entry.is_link || entry.facts.kind != Kind::File || entry.facts.links != 1 {
            self.others.push(entry.name.to_os_string());
            return;
        }
        let start = self.files.len() + usize::from(!self.files.is_empty());
        push_row(&mut self.files, folder, entry);
        self.hash = self.hash.wrapping_add(hash_of(&self.files[start..]));
    }

    /// Takes out what stood at a name, if anything did.
    pub(super) fn remove(&mut self, folder: &RelPath, name: &OsStr) {
        self.others.retain(|other| other != name);
        let mut begin = Vec::new();
        push_begin(&mut begin, folder, name);
        // A folder that is changed while it is read may give a name twice.
        while let Some(start) = memmem::find(&self.files, &begin) {
            let next = memmem::find(&self.files[start..], BETWEEN);
            let end = next.map_or(self.files.len(), |at| start + at + 1);
            self.hash = self.hash.wrapping_sub(hash_of(&self.files[start..end]));
            // With the comma after it, or that before the last one.
            match next {
                Some(_) => drop(self.files.drain(start..=end)),
                None => self.files.truncate(start.saturating_sub(1)),
            }
        }
    }
}

fn hash_of(row: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(row);
    hasher.finish()
}

/// Writes one row, with a comma before it when it is not the first.
pub(super) fn push_row(out: &mut Vec<u8>, folder: &RelPath, entry: &Entry<'_>) {
    if !out.is_empty() {
        out.push(b',');
    }
    push_begin(out, folder, entry.name);
    out.extend_from_slice(entry.facts.kind.word().as_bytes());
    out.extend_from_slice(b"\",\"size\":");
    push_number(out, entry.facts.size);
    out.extend_from_slice(b",\"modified\":");
    let modified = entry.facts.modified_ms();
    if modified < 0 {
        out.push(b'-');
    }
    push_number(out, modified.unsigned_abs());
    out.push(b'}');
}

/// Writes how the row of a name begins, which no other row does. A name that is not UTF-8 is shown
/// lossily, with the exact path of its file beside it.
fn push_begin(out: &mut Vec<u8>, folder: &RelPath, name: &OsStr) {
    out.extend_from_slice(b"{\"name\":");
    let text = name.to_string_lossy();
    let is_plain = text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\');
    if is_plain {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(json!(text).to_string().as_bytes());
    }
    if name.to_str().is_none() {
        let href = target::encode_path(folder.entry(name).as_bytes());
        out.extend_from_slice(format!(",\"href\":\"{href}\"").as_bytes());
    }
    out.extend_from_slice(b",\"kind\":\"");
}

/// Decimal digits, without the detour by a formatter: a listing has two numbers a row.
fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::storage::Facts;

    /// Some end or begin as rows do, some are shown alike.
    const NAMES: [&[u8]; 9] = [
        b"a",
        b"aa",
        b"a\"",
        b"},{\"name\":\"a\",\"kind\":",
        b"},{",
        b"\\",
        b"\xef\xbf\xbd",
        b"\xff",
        b"\xfe",
    ];

    fn add(rows: &mut Rows, name: &[u8], size: u64, links: u64) {
        let facts = Facts {
            kind: Kind::File,
            size,
            modified_ns: -1_000_000,
            changed_ns: 0,
            inode: 1,
            links,
        };
        let name = OsStr::from_bytes(name);
        let is_link = false;
        let entry = Entry {
            name,
            facts,
            is_link,
        };
        rows.add(&RelPath::root(), &entry);
    }

    fn remove(rows: &mut Rows, name: &[u8]) {
        rows.remove(&RelPath::root(), OsStr::from_bytes(name));
    }

    fn rows<'n>(names: impl Iterator<Item = &'n &'n [u8]>) -> Rows {
        let mut rows = Rows::default();
        names.for_each(|name| add(&mut rows, name, 1, 1));
        rows
    }

    #[test]
    fn what_is_taken_out_leaves_no_trace() {
        for gone in NAMES {
            let mut held = rows(NAMES.iter());
            remove(&mut held, gone);
            let fresh = rows(NAMES.iter().filter(|name| **name != gone));
            assert_eq!(held.json(), fresh.json());
            assert_eq!(held.hash(), fresh.hash());
            // Once more, and there is nothing to take out.
            remove(&mut held, gone);
            assert_eq!(held.json(), fresh.json());
        }
        let mut held = rows(NAMES.iter());
        NAMES.iter().for_each(|name| remove(&mut held, name));
        assert_eq!((held.json(), held.hash()), (&b""[..], 0));
    }

    #[test]
    fn what_came_twice_goes_at_once() {
        let twice: [&[u8]; 4] = [b"a", b"b", b"a", b"a"];
        let mut held = rows(twice.iter());
        remove(&mut held, b"a");
        assert_eq!(held.json(), rows([&b"b"[..]].iter()).json());
    }

    #[test]
    fn the_order_is_nothing_to_the_hash_and_what_is_shown_is() {
        let there = rows(NAMES.iter());
        let back = rows(NAMES.iter().rev());
        assert_eq!(there.hash(), back.hash());
        let mut changed = there.clone();
        remove(&mut changed, b"a");
        add(&mut changed, b"a", 2, 1);
        assert_ne!(changed.hash(), there.hash());
    }

    #[test]
    fn a_file_of_two_names_has_no_row() {
        let mut held = rows([&b"a"[..]].iter());
        add(&mut held, b"b", 1, 2);
        assert_eq!(held.others(), ["b"]);
        assert_eq!(held.json(), rows([&b"a"[..]].iter()).json());
        remove(&mut held, b"b");
        assert!(held.others().is_empty());
    }
}
