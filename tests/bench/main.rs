//! The benchmarks: livedrop beside whatever peers are installed, each row measured in turns in one
//! run, so that a machine whose speed drifts is unfair to nobody.
//!
//! `make bench` measures all rows and writes the table into the README. CPU is the server's own, out
//! of `/proc`; it says more than a clock on a noisy machine. ROUNDS=n changes how often each is
//! measured; a word as argument narrows the rows, and then the table is printed alone.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "it fails by panicking"
)]
#![allow(
    unreachable_pub,
    missing_docs,
    reason = "a program of its own has no outside"
)]

mod load;
mod peer;
#[path = "../it/harness/proc.rs"]
mod proc;
mod report;
mod rows;
mod streams;
mod table;

use std::io::Write;

use crate::rows::Scale;

/// How often each row is measured of each server.
const ROUNDS: usize = 7;

fn main() {
    let rounds = std::env::var("ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(ROUNDS);
    // cargo passes `--bench`; any other word is a filter.
    let filter = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    raise_descriptors();
    let table = rows::run(
        Scale::FULL,
        rounds,
        filter.as_deref(),
        &mut std::io::stderr(),
    );
    writeln!(std::io::stdout(), "{table}").expect("it can be written");
    if filter.is_none() {
        report::write(&table);
    }
}

/// Thousands of streams have thousands of ends here too.
fn raise_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("up to the hard limit");
}
