//! What a process holds: its threads and its descriptors, counted in `/proc`.

use std::time::Instant;

use super::PATIENCE;

/// Threads and descriptors of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Toll {
    pub threads: usize,
    pub descriptors: usize,
}

impl Toll {
    pub fn of(pid: u32) -> Toll {
        let count = |what| {
            std::fs::read_dir(format!("/proc/{pid}/{what}"))
                .unwrap()
                .count()
        };
        Toll {
            threads: count("task"),
            descriptors: count("fd"),
        }
    }

    /// Waits until a process is down to this again; fails when it never is.
    pub fn wait_for(self, pid: u32) {
        let deadline = Instant::now() + PATIENCE;
        while Toll::of(pid) != self {
            assert!(
                Instant::now() < deadline,
                "{:?}, not {self:?}",
                Toll::of(pid)
            );
            std::thread::yield_now();
        }
    }
}
