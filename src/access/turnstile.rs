//! One password is hashed at a time, since each takes 8 MiB and a processor. Whoever has failed of
//! late lets the others go first; too many who wait are sent away.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// Those who may wait at a time: about a second of hashing.
const WAITING_MAX: usize = 64;
/// How soon those who are sent away should try again, in seconds.
const RETRY_AFTER_S: u32 = 2;

/// Lets one through at a time.
#[derive(Debug, Default)]
pub(super) struct Turnstile {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    /// Those who wait, and those of them who have failed.
    waiting: usize,
    suspects: usize,
}

/// The right to hash, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Turnstile);

impl Turnstile {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Numbers are all there is in it, and each is right at any time.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// `Busy` when too many wait already.
    pub(super) fn enter(&self, is_suspect: bool) -> Result<Turn<'_>> {
        let mut state = self.lock();
        let most = if is_suspect {
            WAITING_MAX / 2
        } else {
            WAITING_MAX
        };
        if state.waiting >= most {
            return Err(Error::Busy {
                retry_after_s: RETRY_AFTER_S,
            });
        }
        state.waiting += 1;
        state.suspects += usize::from(is_suspect);
        while state.is_taken || is_suspect && state.waiting > state.suspects {
            state = self
                .freed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        state.suspects -= usize::from(is_suspect);
        state.is_taken = true;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().is_taken = false;
        self.0.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    fn waiting(turnstile: &Turnstile, count: usize) {
        while turnstile.lock().waiting < count {
            thread::yield_now();
        }
    }

    #[test]
    fn whoever_has_failed_lets_the_others_go_first() {
        let turnstile = Turnstile::default();
        let (told, order) = mpsc::channel();
        thread::scope(|scope| {
            let turn = turnstile.enter(false).unwrap();
            for (count, is_suspect) in [(1, true), (2, true), (3, false)] {
                let (turnstile, told) = (&turnstile, told.clone());
                scope.spawn(move || {
                    let _turn = turnstile.enter(is_suspect).unwrap();
                    told.send(is_suspect).unwrap();
                });
                waiting(turnstile, count);
            }
            drop(turn);
        });
        drop(told);
        assert_eq!(order.iter().collect::<Vec<_>>(), [false, true, true]);
    }

    #[test]
    fn too_many_who_wait_are_sent_away() {
        let turnstile = Turnstile::default();
        thread::scope(|scope| {
            let turn = turnstile.enter(false).unwrap();
            for count in 0..WAITING_MAX {
                if count == WAITING_MAX / 2 {
                    assert!(turnstile.enter(true).is_err());
                }
                scope.spawn(|| turnstile.enter(false).map(drop).unwrap());
                waiting(&turnstile, count + 1);
            }
            assert!(matches!(turnstile.enter(false), Err(Error::Busy { .. })));
            drop(turn);
        });
        assert!(turnstile.enter(true).is_ok());
    }
}
