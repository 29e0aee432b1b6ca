//! What can go wrong, in the words of the domain: one closed enum for the whole program.
//!
//! An I/O error always carries the action and the path it failed on. Nothing here knows HTTP:
//! `http::refusal` turns an error into a status, a stable code and a sentence for the client, by
//! one exhaustive match.

use std::borrow::Cow;
use std::fmt;
use std::io;

use rustix::io::Errno;

/// The result of anything that can fail inside livedrop.
pub type Result<T> = std::result::Result<T, Error>;

/// How soon to try again when the server is short of something, in seconds.
const RETRY_AFTER_S: u32 = 5;

/// Everything that can go wrong with a request.
#[derive(Debug)]
pub enum Error {
    /// The request cannot be understood; the text says which part of it.
    BadRequest(Cow<'static, str>),
    /// A name or path that is not allowed; the text says why.
    BadName(&'static str),
    /// Whoever asks has yet to say who he is, or has said it wrongly.
    Unauthorized,
    /// The same, and so often that it is no use.
    TooManyTries {
        /// Seconds after which to try again.
        retry_after_s: u32,
    },
    /// The server does not do this for anybody, or not with this target.
    Forbidden(&'static str),
    /// Nothing stands at that path.
    NotFound,
    /// The resource has no such method; holds the ones it has, as the `Allow` header lists them.
    MethodNotAllowed(&'static str),
    /// The client took too long.
    Timeout,
    /// Something stands there already.
    Exists,
    /// What stands there is of another kind than the request needs.
    Conflict(&'static str),
    /// What was there has ended, and does not come back.
    Gone,
    /// A piece does not have the checksum it was sent with.
    ChecksumMismatch,
    /// A body without a length that is not chunked either.
    LengthRequired,
    /// `If-Match`, `If-None-Match` or a date did not hold.
    PreconditionFailed,
    /// The body is over a limit; the text says which.
    TooLarge(&'static str),
    /// The request target is over its limit.
    UriTooLong,
    /// A body of a media type that the resource does not take; the text says which it takes.
    UnsupportedType(&'static str),
    /// None of the ranges lies in the representation; holds its size in bytes.
    BadRange {
        /// Size of the representation in bytes.
        size: u64,
    },
    /// An `Expect` other than `100-continue`.
    ExpectationFailed,
    /// The request was meant for a host that this server is not.
    WrongHost,
    /// The head is over its limit in bytes or fields.
    TooManyHeaders,
    /// A transfer coding or feature the server does not have.
    NotImplemented(&'static str),
    /// The server is full, or its folder is away; the same request may succeed later.
    Busy {
        /// Seconds after which to try again.
        retry_after_s: u32,
    },
    /// An HTTP version other than 1.0 and 1.1.
    BadVersion,
    /// The disk has no room.
    NoSpace,
    /// The client went away or broke off; there may be nobody left to hear of it.
    Disconnected,
    /// The system refused an action on a path.
    Io {
        /// What was being done, as in "cannot *open* a.txt".
        action: &'static str,
        /// What it was done to, as the log shows it.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// A name that is good elsewhere: too long for this file system, or with a `?` on a FAT stick.
    pub const UNHELD_NAME: Error = Error::BadName("The file system does not take that name.");

    /// Sorts an I/O error on `path` into the enum: the kinds that have a meaning of their own for
    /// a client become that, the rest keeps its action, path and cause for the log.
    pub fn io(action: &'static str, path: impl fmt::Display, source: io::Error) -> Error {
        // A circle of links leads nowhere; the standard library has no stable kind for it.
        if source.raw_os_error() == Some(Errno::LOOP.raw_os_error()) {
            return Error::NotFound;
        }
        // All descriptors are taken; that passes.
        let full = [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error()));
        if full.contains(&source.raw_os_error()) {
            return Error::Busy {
                retry_after_s: RETRY_AFTER_S,
            };
        }
        match source.kind() {
            io::ErrorKind::NotFound => Error::NotFound,
            io::ErrorKind::AlreadyExists => Error::Exists,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Error::NoSpace,
            io::ErrorKind::FileTooLarge => {
                Error::TooLarge("The file system takes no file of that size.")
            }
            io::ErrorKind::NotADirectory => {
                Error::Conflict("A file stands where a folder is needed.")
            }
            io::ErrorKind::InvalidFilename => Error::UNHELD_NAME,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Error::Forbidden("The server has no permission to do that.")
            }
            _ => {
                let path = path.to_string();
                let path = if path.is_empty() {
                    "the shared folder".to_owned()
                } else {
                    path
                };
                Error::Io {
                    action,
                    path,
                    source,
                }
            }
        }
    }

    /// What a failed read of a request body means: see `http::body` for the kinds it uses.
    pub fn from_body(source: io::Error) -> Error {
        match source.kind() {
            io::ErrorKind::TimedOut => Error::Timeout,
            io::ErrorKind::InvalidData => {
                Error::BadRequest("The chunked body is malformed.".into())
            }
            io::ErrorKind::UnexpectedEof => Error::Disconnected,
            _ => Error::Disconnected,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::BadRequest(text) => f.write_str(text),
            Error::Io {
                action,
                path,
                source,
            } => write!(f, "cannot {action} {path}: {source}"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
