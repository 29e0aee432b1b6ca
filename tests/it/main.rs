//! The integration tests: a server in process on a port of its own, literal bytes to it, and what
//! comes back; the real binary where a process is what is tested.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod harness;
mod smoke;
mod tidy;
