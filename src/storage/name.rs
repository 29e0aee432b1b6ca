//! Names and paths from clients: parsed once, into types that cannot be wrong.
//!
//! No string from a client becomes a path in any other way. This file touches no disk.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::error::{Error, Result};

/// Longest name, in bytes: what Linux file systems take.
pub(super) const NAME_BYTES_MAX: usize = 255;
/// Longest path, in bytes: `PATH_MAX`.
pub(super) const PATH_BYTES_MAX: usize = 4096;
/// The folder at the root of the share in which livedrop keeps what is its own.
pub(super) const PRIVATE_FOLDER: &str = ".livedrop";
/// How the names of temporary files and folders begin, wherever they lie.
pub(super) const TEMPORARY_PREFIX: &str = ".livedrop-";

/// A path relative to the shared folder: segments joined by `/`, without a slash at either end;
/// empty for the shared folder itself. No segment is empty, `.`, `..`, over 255 bytes, holds a NUL
/// or a slash, or is one of livedrop's own names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelPath {
    bytes: Vec<u8>,
}

impl RelPath {
    /// The shared folder itself.
    pub fn root() -> RelPath {
        RelPath { bytes: Vec::new() }
    }

    /// Parses a decoded path; one slash at its end is allowed.
    ///
    /// # Errors
    /// `BadName` with the reason; `NotFound` for livedrop's own names.
    pub fn parse(path: &[u8]) -> Result<RelPath> {
        let path = path.strip_suffix(b"/").unwrap_or(path);
        if path.len() > PATH_BYTES_MAX {
            return Err(Error::BadName("A path cannot be over 4,096 bytes long."));
        }
        if path.is_empty() {
            return Ok(RelPath::root());
        }
        for (depth, segment) in path.split(|&b| b == b'/').enumerate() {
            check_segment(segment)?;
            if is_reserved(segment, depth) {
                return Err(Error::NotFound);
            }
        }
        Ok(RelPath {
            bytes: path.to_vec(),
        })
    }

    /// Parses a path at which something is to be created, which is held to more.
    ///
    /// # Errors
    /// `BadName` with the reason.
    pub fn parse_new(path: &[u8]) -> Result<RelPath> {
        if std::str::from_utf8(path).is_err() {
            return Err(Error::BadName("A new name must be UTF-8."));
        }
        if path.iter().any(u8::is_ascii_control) {
            return Err(Error::BadName(
                "A new name cannot contain control characters.",
            ));
        }
        RelPath::parse(path).map_err(as_bad_name)
    }

    /// This path with more segments behind it, for something that is to be created.
    ///
    /// # Errors
    /// As `parse_new`.
    pub fn join_new(&self, more: &[u8]) -> Result<RelPath> {
        // What stands already may have any name; what is new is held to more.
        RelPath::parse_new(more)?;
        RelPath::parse(&joined(&self.bytes, more)).map_err(as_bad_name)
    }

    /// This path with more segments behind it, for something that exists.
    ///
    /// # Errors
    /// As `parse`; `BadName` when there are none.
    pub fn join(&self, more: &[u8]) -> Result<RelPath> {
        check_segment(more.split(|&b| b == b'/').next().unwrap_or_default())?;
        RelPath::parse(&joined(&self.bytes, more))
    }

    /// The path of an entry that a listing of this folder showed.
    pub fn entry(&self, name: &OsStr) -> RelPath {
        RelPath {
            bytes: joined(&self.bytes, name.as_bytes()),
        }
    }

    /// Whether it is the shared folder itself.
    pub fn is_root(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The folder that it lies in and its own name; None for the shared folder itself.
    pub fn split(&self) -> Option<(RelPath, &OsStr)> {
        if self.is_root() {
            return None;
        }
        let at = memchr::memrchr(b'/', &self.bytes);
        let parent = RelPath {
            bytes: self.bytes[..at.unwrap_or(0)].to_vec(),
        };
        Some((
            parent,
            OsStr::from_bytes(&self.bytes[at.map_or(0, |i| i + 1)..]),
        ))
    }

    /// Its own name; empty for the shared folder itself.
    pub fn name(&self) -> &OsStr {
        let at = memchr::memrchr(b'/', &self.bytes).map_or(0, |i| i + 1);
        OsStr::from_bytes(&self.bytes[at..])
    }

    /// The names on the way from the root, its own last; one empty name for the root.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.split(|&b| b == b'/')
    }

    /// The folders on the way from the root, itself last; none for the root.
    pub fn ancestors(&self) -> impl Iterator<Item = RelPath> + '_ {
        let ends = memchr::memchr_iter(b'/', &self.bytes).chain([self.bytes.len()]);
        let is_root = self.is_root();
        ends.filter(move |_| !is_root).map(|end| RelPath {
            bytes: self.bytes[..end].to_vec(),
        })
    }

    /// Whether it is that folder, or lies somewhere below it.
    pub(super) fn is_in(&self, folder: &RelPath) -> bool {
        let rest = self.bytes.strip_prefix(&*folder.bytes);
        rest.is_some_and(|rest| folder.is_root() || rest.is_empty() || rest[0] == b'/')
    }

    /// For system calls on the shared folder: `.` for itself.
    pub fn as_path(&self) -> &Path {
        Path::new(OsStr::from_bytes(if self.is_root() {
            b"."
        } else {
            &self.bytes
        }))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Display for RelPath {
    /// Lossy where it is not UTF-8.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes))
    }
}

/// Whether a name belongs to livedrop: `.livedrop` in the shared folder itself (depth 0), and the
/// names of temporary files anywhere. Such names are never listed, served or made for a client.
///
/// Letter case and trailing dots are passed over, since vfat does so too and would open ours.
pub(super) fn is_reserved(name: &[u8], depth: usize) -> bool {
    let starts = |prefix: &str| {
        name.get(..prefix.len())
            .is_some_and(|n| n.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let rest_is_padding = |from: usize| name[from..].iter().all(|b| b". ".contains(b));
    starts(TEMPORARY_PREFIX)
        || (depth == 0 && starts(PRIVATE_FOLDER) && rest_is_padding(PRIVATE_FOLDER.len()))
}

/// What does not exist for a client cannot be made by it either.
fn as_bad_name(error: Error) -> Error {
    match error {
        Error::NotFound => Error::BadName("That name is kept for the server."),
        other => other,
    }
}

fn check_segment(segment: &[u8]) -> Result<()> {
    match segment {
        b"" => Err(Error::BadName("A path cannot have an empty segment.")),
        b"." | b".." => Err(Error::BadName("A path cannot contain \".\" or \"..\".")),
        _ if segment.len() > NAME_BYTES_MAX => {
            Err(Error::BadName("A name cannot be over 255 bytes long."))
        }
        _ if segment.contains(&0) => Err(Error::BadName("A name cannot contain NUL.")),
        _ => Ok(()),
    }
}

fn joined(folder: &[u8], more: &[u8]) -> Vec<u8> {
    if folder.is_empty() {
        more.to_vec()
    } else {
        [folder, b"/", more].concat()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn everything_else_is_allowed_and_exact() {
        let long = "ä".repeat(127);
        for path in [
            "a",
            "a/b",
            "a b",
            "%2e%2e",
            "a%b",
            "#",
            "?",
            "\"",
            "<img>",
            "😀",
            "-rf",
            "CON",
            "...",
            ". ",
            " ",
            "a\\b",
            "C:",
            "~",
            ".livedropx",
            "x/.livedrop",
            &long,
        ] {
            let parsed = RelPath::parse_new(path.as_bytes()).unwrap();
            assert_eq!(parsed.as_bytes(), path.as_bytes());
            assert_eq!(parsed.to_string(), path);
        }
    }

    #[test]
    fn one_trailing_slash_is_allowed() {
        assert_eq!(RelPath::parse(b"a/b/").unwrap().as_bytes(), b"a/b");
        assert!(RelPath::parse(b"/").unwrap().is_root());
        assert!(RelPath::parse(b"a//").is_err());
        assert!(RelPath::parse(b"//").is_err());
    }

    #[test]
    fn bad_paths_are_refused() {
        let name_over = vec![b'n'; NAME_BYTES_MAX + 1];
        let path_over = [&vec![b'p'; 254][..], b"/"].concat().repeat(17);
        for path in [
            &b"/a"[..],
            b"a//b",
            b".",
            b"..",
            b"a/..",
            b"../a",
            b"a/./b",
            b"a\0b",
            b"\0",
            b"//a",
            &name_over,
            &path_over,
        ] {
            assert!(
                matches!(RelPath::parse(path), Err(Error::BadName(_))),
                "{path:?}"
            );
            assert!(
                matches!(RelPath::parse_new(path), Err(Error::BadName(_))),
                "{path:?}"
            );
        }
    }

    #[test]
    fn limits_hold_at_the_byte() {
        assert!(RelPath::parse(&vec![b'n'; NAME_BYTES_MAX]).is_ok());
        let path = [&vec![b'p'; 255][..], b"/"].concat().repeat(16);
        assert_eq!(path.len(), PATH_BYTES_MAX);
        assert!(RelPath::parse(&path[..PATH_BYTES_MAX - 1]).is_ok());
    }

    #[test]
    fn new_names_are_held_to_more() {
        for path in [&b"a\nb"[..], b"a\x7f", b"\x1b", b"\xff", b"a/\xc3"] {
            assert!(RelPath::parse(path).is_ok(), "{path:?}");
            assert!(
                matches!(RelPath::parse_new(path), Err(Error::BadName(_))),
                "{path:?}"
            );
        }
    }

    #[test]
    fn own_names_do_not_exist_for_clients() {
        for path in [
            ".livedrop",
            ".livedrop/x",
            ".LiveDrop/x",
            ".livedrop.",
            ".livedrop-1",
            "a/.livedrop-x",
            "a/.LIVEDROP-x/b",
        ] {
            assert!(
                matches!(RelPath::parse(path.as_bytes()), Err(Error::NotFound)),
                "{path}"
            );
            assert!(
                matches!(RelPath::parse_new(path.as_bytes()), Err(Error::BadName(_))),
                "{path}"
            );
        }
    }

    #[test]
    fn paths_come_apart() {
        let path = RelPath::parse(b"a/b/c").unwrap();
        let (parent, name) = path.split().unwrap();
        assert_eq!(
            (parent.as_bytes(), name.as_bytes()),
            (&b"a/b"[..], &b"c"[..])
        );
        let way: Vec<_> = path.ancestors().map(|p| p.to_string()).collect();
        assert_eq!(way, ["a", "a/b", "a/b/c"]);
        assert_eq!(RelPath::root().ancestors().count(), 0);
        assert_eq!(RelPath::root().as_path(), Path::new("."));
    }
}
