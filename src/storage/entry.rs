//! What the disk tells of one file or folder, in terms that outlive the call.

use std::ffi::OsStr;
use std::time::{Duration, SystemTime};

use rustix::fs::{FileType, Stat};

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link that leads nowhere, or outside of the shared folder.
    Link,
    /// A FIFO, a socket or a device.
    Other,
}

impl Kind {
    pub(super) fn of(file_type: FileType) -> Kind {
        match file_type {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        }
    }

    /// The word for it in listings and events.
    pub fn word(self) -> &'static str {
        match self {
            Kind::File => "file",
            Kind::Folder => "folder",
            Kind::Link => "link",
            Kind::Other => "other",
        }
    }
}

/// What `stat` says of a file or folder.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// Bytes of content; 0 for all but files.
    pub size: u64,
    /// Last change of the content, in nanoseconds since 1970; negative before.
    pub modified_ns: i128,
    /// Last change of content or properties, in nanoseconds since 1970.
    pub changed_ns: i128,
    /// Number of the inode.
    pub inode: u64,
    /// Names that it has.
    pub links: u64,
}

impl Facts {
    pub(super) fn new(stat: &Stat) -> Facts {
        let kind = Kind::of(FileType::from_raw_mode(stat.st_mode));
        Facts {
            kind,
            size: if kind == Kind::File {
                u64::try_from(stat.st_size).unwrap_or(0)
            } else {
                0
            },
            modified_ns: nanoseconds(stat.st_mtime, stat.st_mtime_nsec),
            changed_ns: nanoseconds(stat.st_ctime, stat.st_ctime_nsec),
            #[allow(clippy::unnecessary_cast, reason = "32 bits wide on some targets")]
            inode: stat.st_ino as u64,
            #[allow(clippy::unnecessary_cast, reason = "32 bits wide on some targets")]
            links: stat.st_nlink as u64,
        }
    }

    /// A file that was whole a moment ago, and of which no more is known than its size.
    pub(super) fn of_lost_file(size: u64) -> Facts {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now_ns = now.map_or(0, |since| since.as_nanos().cast_signed());
        Facts {
            kind: Kind::File,
            size,
            modified_ns: now_ns,
            changed_ns: now_ns,
            inode: 0,
            links: 0,
        }
    }

    /// A folder that stood a moment ago, and of which no more is known.
    pub(super) fn of_lost_folder() -> Facts {
        Facts {
            kind: Kind::Folder,
            ..Facts::of_lost_file(0)
        }
    }

    /// Whether this is the same file, or folder, with the same content.
    pub fn is_same_content(&self, other: &Facts) -> bool {
        let told = |facts: &Facts| (facts.kind, facts.inode, facts.size, facts.modified_ns);
        told(self) == told(other)
    }

    /// Last change of the content in Unix milliseconds, as listings and events show it.
    pub fn modified_ms(&self) -> i64 {
        i64::try_from(self.modified_ns.div_euclid(1_000_000)).unwrap_or(i64::MAX)
    }

    /// Last change of the content as a time; held to what a `SystemTime` can be.
    pub fn modified(&self) -> SystemTime {
        let distance = Duration::from_nanos(
            u64::try_from(self.modified_ns.unsigned_abs()).unwrap_or(u64::MAX),
        );
        let time = if self.modified_ns < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    }
}

/// One row of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Its name, which need not be UTF-8.
    pub name: &'a OsStr,
    /// What stands there; for a link that works, its target.
    pub facts: Facts,
    /// Whether it is a symbolic link, working or not.
    pub is_link: bool,
}

fn nanoseconds(seconds: impl Into<i128>, nanoseconds: impl TryInto<i128>) -> i128 {
    seconds.into() * 1_000_000_000 + nanoseconds.try_into().unwrap_or(0)
}
