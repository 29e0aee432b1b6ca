//! What the program is told to do, and every ceiling it holds itself to.
//!
//! `Config` is what `options` makes of the command line and what a test makes by hand; `Limits`
//! is all of the program's limits in one struct, each with its reason. Nothing here looks at
//! arguments, the environment, the disk or the network.

mod access;
mod account;
mod base_path;
mod listen;
mod origin;
mod proxies;

use std::path::PathBuf;

pub use access::{Grants, Right, Role, Visitor};
pub use account::{Account, PasswordHash, doubled};
pub use base_path::BasePath;
pub use listen::Listen;
pub use origin::Origin;
pub use proxies::{Proxy, client, is_proxy};

/// The port of a livedrop that was told nothing: free on most machines, open to any user.
pub const PORT: u16 = 8080;

/// All that one run of the server needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The folder that is shared; a relative one is below the current folder.
    pub folder: PathBuf,
    /// Where to listen, in the order given; the first TCP listener names the server's URL.
    pub listen: Vec<Listen>,
    /// Permissions of Unix sockets; None is what the umask leaves.
    pub socket_mode: Option<u32>,
    /// The path below which all of the server is.
    pub base_path: BasePath,
    /// The proxies that are believed when they say who asks.
    pub proxies: Vec<Proxy>,
    /// Names of this server that it could not know by itself; see `--host`.
    pub hosts: Vec<String>,
    /// Whether nobody may change anything, whoever it is.
    pub read_only: bool,
    /// Whether all that anybody may do is to add files.
    pub upload_only: bool,
    /// Those who may use the server; without any, everybody may.
    pub accounts: Vec<Account>,
    /// A file with more of them, yet to be read.
    pub account_file: Option<PathBuf>,
    /// Other origins whose pages may use the server; see `--cors`.
    pub cors: Vec<Origin>,
    /// Whether the start-up text on standard error is left out.
    pub quiet: bool,
    /// Whether `livedrop.local` is answered for, in a build that can.
    pub mdns: bool,
    /// Whether an upload is on the disk when it is acknowledged, or only on its way there.
    pub sync: bool,
    /// Permissions of new files; None is 0644 less the umask.
    pub file_mode: Option<u32>,
    /// Permissions of new folders; None is 0755 less the umask.
    pub folder_mode: Option<u32>,
    /// Every ceiling of the program.
    pub limits: Limits,
}

impl Default for Config {
    /// The current folder on port 8080 of every address, as `livedrop` alone shares it.
    fn default() -> Config {
        Config {
            folder: PathBuf::from("."),
            listen: vec![Listen::TcpAll { port: PORT }],
            socket_mode: None,
            base_path: BasePath::default(),
            proxies: Vec::new(),
            hosts: Vec::new(),
            read_only: false,
            upload_only: false,
            accounts: Vec::new(),
            account_file: None,
            cors: Vec::new(),
            quiet: false,
            mdns: true,
            sync: true,
            file_mode: None,
            folder_mode: None,
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// The most that anybody may do.
    pub fn grants(&self) -> Grants {
        let modes = [
            (self.read_only, Role::ReadOnly),
            (self.upload_only, Role::Drop),
        ];
        let on = modes.iter().filter(|(is_on, _)| *is_on);
        on.fold(Role::ReadWrite.grants(), |grants, (_, role)| {
            grants.and(role.grants())
        })
    }
}

/// Every ceiling of the program. What memory holds is counted in `usize`, what the wire and the
/// disk hold in `u64`, so that a file over 4 GiB is one on 32-bit ARM too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A request head, line and fields: browsers send 1 to 4 KiB, cookies of neighbours on the
    /// same host name can make it 10.
    pub head_bytes_max: usize,
    /// Fields of a head: a browser sends about 20.
    pub head_fields_max: usize,
    /// A request target: a path of 4,096 bytes, part of it percent-encoded.
    pub target_bytes_max: usize,
    /// Seconds from the first byte of a head to its last, so that slow heads hold no threads.
    pub head_s: u64,
    /// Seconds that a connection may lie unused between requests: a phone's page of photos comes
    /// in one burst, and each idle connection costs a thread.
    pub idle_s: u64,
    /// The slowest body that is still taken as alive: below the worst mobile link, above a drip.
    pub body_rate_bytes_per_s: u64,
    /// Seconds over which that rate is measured: Wi-Fi that changes its access point is silent
    /// for ten or more.
    pub body_rate_window_s: u64,
    /// Seconds that a download's reader may take nothing: a paused video takes nothing for
    /// minutes and then goes on.
    pub reader_stalled_s: u64,
    /// Bytes of a body that are thrown away after an early refusal, so that the client reads the
    /// refusal instead of a reset.
    pub linger_bytes_max: u64,
    /// Milliseconds of the same: as long as a sender needs to notice that it is refused.
    pub linger_ms: u64,
    /// Event streams at a time: each costs 26 KiB, so these cost about 100 MiB.
    pub streams_max: usize,
    /// Events that wait for one subscriber. A full queue means that it reads no more: it is cut
    /// and catches up by its id.
    pub stream_queue_events: usize,
    /// Milliseconds that a queue may stay full before its subscriber is cut: long enough for a
    /// thread to be woken and to write, so that a burst longer than a queue costs nobody a place.
    pub stream_patience_ms: u64,
    /// Seconds after its last piece that an unfinished upload is kept: a phone may stay away for
    /// days.
    pub uploads_keep_s: u64,
    /// Seconds for which what was deleted or replaced can be brought back; 0 is not at all.
    pub undo_s: u64,
    /// Events kept for those that come back: an hour of a busy share.
    pub events_kept: usize,
    /// Bytes of the same, for events of long paths.
    pub events_kept_bytes: usize,
    /// Milliseconds that a folder is watched for changes from outside after it was listed.
    pub watch_ms: u64,
    /// Milliseconds that a file must be left alone to count as finished when nobody closes it.
    pub stillness_ms: u64,
    /// Milliseconds between two looks at a folder whose changes the kernel does not signal (NFS,
    /// FUSE), while somebody looks at it.
    pub compare_ms: u64,
    /// Seconds of silence after which a stream beats: proxies cut at 30 or 60.
    pub beat_s: u64,
    /// Connections at a time; `None` is a third of the descriptor limit, since a connection may
    /// hold a socket, a file and a folder.
    pub connections_max: Option<usize>,
    /// Seconds that running transfers get when the server stops; service managers kill at 90,
    /// containers at 10.
    pub stop_s: u64,
    /// The stack of a connection's thread: address space is what 32-bit machines lack.
    pub stack_bytes: usize,
    /// One read or write of a transfer: with 8 KiB the same transfer costs twice the CPU.
    pub transfer_buffer_bytes: usize,
    /// The largest file that is taken in; `None` leaves that to the disk.
    pub upload_bytes_max: Option<u64>,
    /// Bytes of the disk that uploads leave free.
    pub free_bytes_min: u64,
    /// A file's name: what Linux file systems take (NAME_MAX).
    pub name_bytes_max: usize,
    /// A whole path: what system calls take (PATH_MAX).
    pub path_bytes_max: usize,
    /// Symbolic links followed for one path, as the kernel counts them: a loop ends there.
    pub links_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_bytes_max: 16 * 1024,
            head_fields_max: 100,
            target_bytes_max: 8 * 1024,
            head_s: 10,
            idle_s: 60,
            body_rate_bytes_per_s: 1024,
            body_rate_window_s: 30,
            reader_stalled_s: 600,
            linger_bytes_max: 8 * 1024 * 1024,
            linger_ms: 1500,
            streams_max: 4096,
            stream_queue_events: 64,
            stream_patience_ms: 1000,
            uploads_keep_s: 7 * 86_400,
            undo_s: 3600,
            events_kept: 4096,
            events_kept_bytes: 1024 * 1024,
            watch_ms: 60_000,
            stillness_ms: 2_000,
            compare_ms: 30_000,
            beat_s: 15,
            connections_max: None,
            stop_s: 10,
            stack_bytes: 128 * 1024,
            transfer_buffer_bytes: 256 * 1024,
            upload_bytes_max: None,
            free_bytes_min: 0,
            name_bytes_max: 255,
            path_bytes_max: 4096,
            links_max: 40,
        }
    }
}
