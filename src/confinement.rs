//! What the process can reach of the file system, once it serves: the shared folder, and the little
//! that it needs beside it. A handler that is fooled, or broken, cannot open what is elsewhere,
//! since the kernel does not let the process (Landlock, landlock(7)).
//!
//! It has to be done before any thread starts: the kernel confines the thread that asks, and those
//! that it begins later. What is open already stays open; files are meant here, not the network.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags, open};

use crate::config::{Config, Listen};
use crate::sys;

// The rights of Landlock that are told apart here; the others are handed out with all.
const EXECUTE: u64 = 1 << 0;
const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
const REMOVE_FILE: u64 = 1 << 5;
const MAKE_SOCK: u64 = 1 << 9;
/// Those of the second version, which is the first that can move files between folders.
const SECOND: u64 = (1 << 14) - 1;
/// Of the third: to truncate.
const TRUNCATE: u64 = 1 << 14;
/// Of the fifth: commands to devices.
const IOCTL_DEV: u64 = 1 << 15;

/// What keeps the places that were granted from being forgotten: entries of `/proc` are new ones
/// when nobody holds them.
#[derive(Debug)]
pub struct Confinement(#[allow(dead_code, reason = "it is held, not read")] Vec<OwnedFd>);

/// Confines the process to what a server with this configuration needs, and takes from it the means
/// to gain privileges. None where there is no such folder: then nothing will be served.
///
/// # Errors
/// Says why it cannot be; the process goes on as it was.
pub fn confine(config: &Config) -> Result<Option<Confinement>, String> {
    let Some(folder) = place(&config.folder) else {
        return Ok(None);
    };
    rustix::thread::set_no_new_privs(true).map_err(|e| e.to_string())?;
    let version = match sys::landlock_version() {
        None => return Err("this kernel has no Landlock".into()),
        Some(0 | 1) => return Err("the Landlock of this kernel cannot move files".into()),
        Some(version) => version,
    };
    let truncate = if version >= 3 { TRUNCATE } else { 0 };
    let ioctl = if version >= 5 { IOCTL_DEV } else { 0 };
    let governed = SECOND | truncate | ioctl;
    let ruleset = sys::landlock_ruleset(governed).map_err(|e| e.to_string())?;
    let all = governed & !EXECUTE & !IOCTL_DEV;
    let mut granted = vec![(folder, all)];
    // Its own descriptors, to find the sockets of connections; the addresses of the machine.
    let proc = [("/proc/self/fd", 0), ("/proc/self/net", READ_FILE)];
    for (path, more) in proc {
        granted.extend(place(Path::new(path)).map(|at| (at, READ_DIR | more)));
    }
    for listen in &config.listen {
        if let Listen::Unix(path) = listen {
            let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
            let socket = MAKE_SOCK | REMOVE_FILE;
            granted.extend(place(parent.unwrap_or(Path::new("."))).map(|at| (at, socket)));
        }
    }
    for (at, rights) in &granted {
        sys::landlock_grant(&ruleset, at, *rights).map_err(|e| e.to_string())?;
    }
    sys::landlock_enforce(&ruleset).map_err(|e| e.to_string())?;
    let places = granted.into_iter().map(|(at, _)| at);
    Ok(Some(Confinement(places.collect())))
}

/// Whether it runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A folder, to name and not to read.
fn place(path: &Path) -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).ok()
}
