//! The integration tests: a server in process on a port of its own, literal bytes to it, and what
//! comes back; the real binary where a process is what is tested.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::type_complexity,
    reason = "a table of cases says best what its columns are"
)]
#![allow(unreachable_pub, missing_docs, reason = "a test crate has no outside")]

mod accounts;
#[cfg(feature = "mdns")]
mod announced;
mod archives;
mod archives_broken;
mod archives_large;
mod benches;
mod boundary;
mod broken;
mod clients;
mod corpora;
mod crossing;
mod downloads;
mod durable;
mod elsewhere;
mod event_ids;
mod events;
mod faults;
mod findings;
mod harness;
mod listing;
mod managing;
mod modes;
mod names;
mod origins;
mod outside;
mod outside_shown;
mod page;
mod pages;
mod passwords;
mod pictures;
mod power;
mod process;
mod proxied;
mod races;
mod reading;
mod refusing;
mod room;
mod routes;
mod searching;
mod service;
mod starting;
mod stream_clients;
mod tidy;
mod tus;
mod tus_clients;
mod tus_ends;
mod tus_survives;
mod undoing;
mod wire_counts;
mod wire_early;
mod wire_framing;
mod wire_fuzz;
mod wire_heads;
mod wire_limits;
mod wire_panics;
mod wire_pipelines;
mod wire_shares;
mod wire_stop;
mod wire_time;
mod writing;
