//! What the kernel signals about watched folders (inotify(7)), as hints to look at a name again.

use std::ffi::OsString;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStringExt;

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::{Errno, Result, ioctl_fionread};

/// Signals are read from the kernel by the block: a few hundred of them.
const BUFFER_BYTES: usize = 32 << 10;
/// Signals taken at a time, so that the state is not held for long.
pub(super) const SIGNALS_MAX: usize = 4_096;

/// The kernel's end of all watches.
#[derive(Debug)]
pub(super) struct Kernel(OwnedFd);

/// One hint.
#[derive(Debug)]
pub(super) struct Signal {
    /// The number of the watch.
    pub(super) number: i32,
    pub(super) what: What,
    /// The name in the folder; empty for the folder itself.
    pub(super) name: OsString,
    /// The same on both ends of a move.
    pub(super) cookie: u32,
}

/// What may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// More than the kernel could remember.
    Overflow,
    /// The watch is no more.
    Ended,
    /// The folder itself was removed or moved.
    Itself,
    /// A name was made.
    Created,
    /// A file that was open for writing was closed.
    Written,
    /// A file was written to.
    Growing,
    /// Times or permissions were set.
    Changed,
    /// A name was moved away.
    Left,
    /// A name was moved here.
    Came,
    /// A name was removed.
    Removed,
    /// No signal: a listing has shown something else at a name.
    Shown,
}

impl Kernel {
    pub(super) fn new() -> Result<Kernel> {
        inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map(Kernel)
    }

    /// Watches an open folder; None when the kernel has no room for it, or cannot.
    pub(super) fn add(&self, dir: &OwnedFd) -> Option<i32> {
        // What is unlinked and still written to, as our own nameless files are, is nobody's matter.
        let flags = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MODIFY
            | WatchFlags::ATTRIB
            | WatchFlags::MOVED_FROM
            | WatchFlags::MOVED_TO
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::EXCL_UNLINK
            | WatchFlags::ONLYDIR;
        // By its descriptor: a path could lead elsewhere by now.
        let path = format!("/proc/self/fd/{}", dir.as_raw_fd());
        inotify::add_watch(&self.0, path, flags).ok()
    }

    pub(super) fn remove(&self, number: i32) {
        // It may have ended by itself.
        let _ = inotify::remove_watch(&self.0, number);
    }

    /// Whether there is nothing to be read.
    pub(super) fn is_quiet(&self) -> bool {
        ioctl_fionread(&self.0) == Ok(0)
    }

    /// Takes what there is, up to a bound.
    pub(super) fn read(&self) -> Vec<Signal> {
        let mut buffer = vec![MaybeUninit::uninit(); BUFFER_BYTES];
        let mut reader = Reader::new(&self.0, &mut buffer);
        let mut signals = Vec::new();
        while signals.len() < SIGNALS_MAX || !reader.is_buffer_empty() {
            match reader.next() {
                Ok(event) => {
                    let Some(what) = what(event.events()) else {
                        continue;
                    };
                    let name = event.file_name().map(|name| name.to_bytes().to_vec());
                    signals.push(Signal {
                        number: event.wd(),
                        what,
                        name: OsString::from_vec(name.unwrap_or_default()),
                        cookie: event.cookie(),
                    });
                }
                Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        signals
    }
}

impl AsFd for Kernel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn what(flags: ReadFlags) -> Option<What> {
    let table = [
        (ReadFlags::QUEUE_OVERFLOW, What::Overflow),
        (ReadFlags::IGNORED, What::Ended),
        (ReadFlags::UNMOUNT, What::Itself),
        (ReadFlags::DELETE_SELF, What::Itself),
        (ReadFlags::MOVE_SELF, What::Itself),
        (ReadFlags::CREATE, What::Created),
        (ReadFlags::CLOSE_WRITE, What::Written),
        (ReadFlags::MODIFY, What::Growing),
        (ReadFlags::MOVED_FROM, What::Left),
        (ReadFlags::MOVED_TO, What::Came),
        (ReadFlags::DELETE, What::Removed),
    ];
    let found = table.iter().find(|(flag, _)| flags.contains(*flag));
    match found {
        Some((_, what)) => Some(*what),
        // Of the folder itself its own time is nobody's matter.
        None => flags.contains(ReadFlags::ATTRIB).then_some(What::Changed),
    }
}
