//! Symbolic links that `cap-std` refuses although they stay inside: absolute ones.
//!
//! Such a link is meant for the whole file system. Below the shared folder's own path it is read
//! as what it points to; any other is resolved as if the shared folder were the root of all. This
//! file only rewrites a path into one without links; the folder that cannot be left opens it, and
//! so remains the judge.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use cap_std::fs::Dir;

/// Links followed for one path before it is given up: what Linux allows.
const LINKS_MAX: usize = 40;

/// The same place without any link on the way; None when the way leads out of the root, or round
/// in a circle. `root_path` is the root's own path in the whole file system.
pub(super) fn without_links(root: &Dir, root_path: &Path, path: &Path) -> Option<PathBuf> {
    let mut ahead: VecDeque<OsString> = names(path)?.into();
    let mut behind = PathBuf::new();
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            // `behind` has no links, so that its parent is the one the kernel would go to.
            if !behind.pop() {
                return None;
            }
            continue;
        }
        behind.push(&name);
        let Ok(target) = root.read_link_contents(&behind) else {
            continue;
        };
        links += 1;
        if links > LINKS_MAX {
            return None;
        }
        behind.pop();
        let target = if target.is_absolute() {
            behind.clear();
            target
                .strip_prefix(root_path)
                .unwrap_or(&target)
                .to_path_buf()
        } else {
            target
        };
        for name in names(&target)?.into_iter().rev() {
            ahead.push_front(name);
        }
    }
    Some(if behind.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        behind
    })
}

fn names(path: &Path) -> Option<Vec<OsString>> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(Some(name.to_os_string())),
            Component::ParentDir => Some(Some(OsString::from(".."))),
            Component::RootDir | Component::CurDir => None,
            Component::Prefix(_) => Some(None),
        })
        .collect()
}

/// Whether a path without links leads to something of livedrop's own.
pub(super) fn is_private(path: &Path) -> bool {
    path.iter()
        .enumerate()
        .any(|(depth, name): (usize, &OsStr)| super::name::is_reserved(name.as_bytes(), depth))
}
