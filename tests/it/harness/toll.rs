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

    /// Waits until no connection is being served, and gives what the process holds then.
    pub fn at_rest(pid: u32) -> Toll {
        let is_serving = || {
            std::fs::read_dir(format!("/proc/{pid}/task"))
                .unwrap()
                // A thread can end between the list and the look.
                .filter_map(|task| std::fs::read(task.unwrap().path().join("comm")).ok())
                // And the sweep of the start ends at some time of its own.
                .any(|name| name.starts_with(b"connection") || name.starts_with(b"sweep"))
        };
        let deadline = Instant::now() + PATIENCE;
        while is_serving() {
            assert!(Instant::now() < deadline, "a connection does not end");
            std::thread::yield_now();
        }
        Toll::of(pid)
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
