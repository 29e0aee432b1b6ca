//! livedrop shares a folder with every browser on the LAN; whoever has the page open sees each
//! upload, update and removal as it happens. This page is the architecture; each module's own page
//! goes on from here.
//!
//! # The life of an upload
//!
//! 1. A connection waits at the gate (`http::gate`), on a thread of its own (`server`). The gate
//!    receives until a whole head is there and judges it byte by byte (`http::head`).
//! 2. The route table (`routes`) finds `PUT /files/<path>` or `POST /upload`. The path becomes a
//!    [`storage::RelPath`], or the request ends with 400 `bad_name` here.
//! 3. [`storage::Share::begin_upload`] makes a hidden file in the folder that the upload is meant
//!    for. The body (`http::body`, for forms `http::multipart`) is read straight off the socket and
//!    written there. It is held against its declared length and a minimum rate; a client that
//!    breaks off leaves nothing, since dropping a [`storage::Upload`] removes the hidden file.
//! 4. [`storage::Upload::finish`] syncs the content. [`storage::Share::publish`] takes the name
//!    atomically, without replacing or by exchange, as was asked, and syncs the folder.
//! 5. While the folder's lock is still held, so that events come in the order of the disk, the
//!    route tells the hub ([`events::Hub::publish`]). The hub gives the event an id, encodes it
//!    once, and leaves the rest to a thread of its own, which writes to every subscriber that takes
//!    it at once, and fills the queues of the others.
//! 6. Only then does the client get its 201. At the other end, each `GET /events` runs on its
//!    connection's thread and writes what comes out of its queue.
//!
//! # Where things are
//!
//! | place | what |
//! |---|---|
//! | `main.rs` | arguments, configuration, bind, serve, exit code; all that prints |
//! | `options`, [`config`] | the table of options; every ceiling of the program with its reason |
//! | [`server`] | floor 3: listeners, connection threads, permits, the end |
//! | `routes` | floor 2: one short story per URL, and the table of them |
//! | [`http`] | floor 1: gate, heads, bodies, multipart, ranges, conditions, answers |
//! | [`storage`] | floor 1: names, listing, reading, uploads, publishing, sweeping |
//! | [`access`] | floor 1: accounts, passwords, sessions |
//! | [`events`] | floor 1: the hub, its log, its subscribers |
//! | [`error`] | everything that can go wrong, in one enum |
//! | [`lan`] | the addresses of this machine, the QR code |
//! | [`confinement`] | what the process can reach, held by the kernel |
//! | [`terminal`] | a password that is typed unseen |
//! | `sys` | the few system calls that need `unsafe` |
//! | `assets/web` | the page, embedded by `assets/embed.rs` |
//! | `tests/it`, `tests/web` | one crate of integration tests; the page in a real browser |
//!
//! # What is never the case
//!
//! Calls go down the floors, never up and never sideways; `tests/it/tidy.rs` holds that.
//!
//! - No string from a client becomes a path but through `RelPath`, and no path is opened but below
//!   one `cap_std::fs::Dir`, which cannot be left.
//! - No file stands under its name before it is whole and synced. No event is published before the
//!   store said Ok, and no client hears of success before the event.
//! - No publisher waits for a subscriber. Whoever stops reading is cut, and catches up by its id.
//! - The library that accepts connections never reads from them and never writes to them; no byte
//!   of a request passes but through the gate.
//! - No request gets two answers, and no answer follows half of another: after a failed write the
//!   connection ends.
//! - No length or offset is a `usize`. Files of more than 4 GiB are files on 32-bit ARM too.
//! - No refusal holds a path of the server or what the system said; the log does.
//! - No file is reached outside the shared folder from the moment the process serves, where the
//!   kernel has Landlock.
//! - No panic ends more than its connection.

pub mod access;
pub mod config;
pub mod confinement;
pub mod error;
pub mod events;
pub mod http;
pub mod lan;
pub mod log;
pub mod options;
pub mod random;
mod routes;
pub mod server;
pub mod storage;
mod sys;
pub mod terminal;
