//! Floor 1, who somebody is: accounts, passwords, sessions, and how long a wrong answer takes.
//!
//! A password is hashed slowly once; from then on a fast hash under a key that dies with the process
//! knows it again. Wrong ones cost their sender time, more with each; a right one is never kept
//! waiting, and nobody is locked out. No HTTP and no files but that of `--auth-file`.

mod file;
mod password;
mod sessions;
mod tries;
mod turnstile;

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use crate::config::{Account, PasswordHash};
use crate::error::{Error, Result};
use crate::random;
use tries::{Penalty, Tries};
use turnstile::Turnstile;

pub use file::read as read_accounts;
pub use password::hash as hash_password;
pub use sessions::{SESSION_S, Session, Sessions, Token};

/// Wrong answers that are held back at a time; each holds a thread.
const HELD_MAX: usize = 64;
/// When somebody who was told 429 may hope for more.
const RETRY_AFTER_S: u32 = 60;

/// Where it is found out who somebody is.
#[derive(Debug)]
pub struct Door {
    accounts: Box<[Account]>,
    /// What each account's right password is known by, once it was given.
    known: Mutex<Vec<Option<password::Quick>>>,
    key: [u8; 32],
    /// What the passwords of names that nobody has are held against, so that it takes as long.
    nobody: PasswordHash,
    turnstile: Turnstile,
    tries: Mutex<Tries>,
    held: AtomicUsize,
    /// Those who have signed in.
    pub sessions: Sessions,
}

impl Door {
    /// A door for these accounts; without any it stands open.
    ///
    /// # Errors
    /// `Io` when the system has no random bytes.
    pub fn new(accounts: &[Account]) -> Result<Door> {
        let costs = accounts.first().map(|account| &account.hash);
        let nobody = password::unreachable(costs)?;
        Ok(Door {
            accounts: accounts.into(),
            known: Mutex::new(vec![None; accounts.len()]),
            key: random::bytes()?,
            nobody,
            turnstile: Turnstile::default(),
            tries: Mutex::default(),
            held: AtomicUsize::new(0),
            sessions: Sessions::default(),
        })
    }

    /// Whether there are no accounts, and everybody may come in.
    pub fn is_open(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The account with that number.
    pub fn account(&self, number: usize) -> Option<&Account> {
        self.accounts.get(number)
    }

    /// The same as `check` for a password that is known already; never waits.
    pub fn recall(&self, name: &str, password: &[u8]) -> Option<usize> {
        let number = self.number(name)?;
        let quick = password::quick(&self.key, number, password);
        self.is_known(number, quick).then_some(number)
    }

    fn number(&self, name: &str) -> Option<usize> {
        let mut accounts = self.accounts.iter();
        accounts.position(|account| *account.name == *name)
    }

    fn is_known(&self, number: usize, quick: password::Quick) -> bool {
        lock(&self.known)[number].is_some_and(|known| known == quick)
    }

    /// The number of the account with that name and password. A wrong answer is given only after
    /// its time; `peer` is who asks, None for one without an address.
    ///
    /// # Errors
    /// `Unauthorized`; `TooManyTries` when there were so many that the wait no longer grows; `Busy`
    /// when too many passwords wait to be hashed.
    pub fn check(&self, name: &str, password: &[u8], peer: Option<IpAddr>) -> Result<usize> {
        if let Some(number) = self.recall(name, password) {
            return Ok(number);
        }
        let number = self.number(name);
        let quick = password::quick(&self.key, number.unwrap_or(usize::MAX), password);
        let is_suspect = lock(&self.tries).is_suspect(peer, Instant::now());
        let turn = self.turnstile.enter(is_suspect)?;
        // Of many requests that come with it at once, the first has found it out.
        if let Some(number) = number.filter(|&number| self.is_known(number, quick)) {
            return Ok(number);
        }
        let hash = number.map_or(&self.nobody, |number| &self.accounts[number].hash);
        let is_right = password::verify(hash, password);
        drop(turn);
        match number.filter(|_| is_right) {
            Some(number) => {
                lock(&self.known)[number] = Some(quick);
                Ok(number)
            }
            None => Err(self.penalise(name, peer)),
        }
    }

    /// Lets the time pass that a wrong answer takes.
    fn penalise(&self, name: &str, peer: Option<IpAddr>) -> Error {
        let penalty = lock(&self.tries).fail(peer, name, Instant::now());
        let too_many = Error::TooManyTries {
            retry_after_s: RETRY_AFTER_S,
        };
        if self.held.fetch_add(1, Ordering::SeqCst) >= HELD_MAX {
            self.held.fetch_sub(1, Ordering::SeqCst);
            return too_many;
        }
        let Penalty { wait, is_last } = penalty;
        thread::sleep(wait);
        self.held.fetch_sub(1, Ordering::SeqCst);
        match is_last {
            true => too_many,
            false => Error::Unauthorized,
        }
    }

    /// Signs somebody in: a session, and the token that stands for it.
    ///
    /// # Errors
    /// As `check`; `Io`.
    pub fn sign_in(
        &self,
        name: &str,
        password: &[u8],
        peer: Option<IpAddr>,
    ) -> Result<(Token, Arc<Session>)> {
        let number = self.check(name, password, peer)?;
        self.sessions.begin(number, Instant::now())
    }
}

/// Only whole values are put in, so that a panic elsewhere is no reason to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crate::config::Role;

    fn door() -> Door {
        let account = |name: &str, password: &str| Account {
            name: name.into(),
            hash: hash_password(password.as_bytes()).unwrap(),
            role: Role::ReadWrite,
        };
        Door::new(&[account("ann", "right"), account("bob", "right")]).unwrap()
    }

    #[test]
    fn a_right_password_is_known_and_a_wrong_one_or_that_of_nobody_is_not() {
        let door = door();
        for _ in 0..2 {
            assert_eq!(door.check("ann", b"right", None).unwrap(), 0);
            assert_eq!(door.check("bob", b"right", None).unwrap(), 1);
        }
        for (name, password) in [
            ("ann", "wrong"),
            ("eve", "right"),
            ("", ""),
            ("ANN", "right"),
        ] {
            let peer = Some([127, 0, 0, name.len() as u8].into());
            let checked = door.check(name, password.as_bytes(), peer);
            assert!(matches!(checked, Err(Error::Unauthorized)), "{name}");
        }
    }

    #[test]
    fn the_slow_hash_is_paid_once() {
        let door = door();
        door.check("ann", b"right", None).unwrap();
        // Nobody can be let through, and nobody needs to be.
        let _turn = door.turnstile.enter(false).unwrap();
        for _ in 0..1000 {
            door.check("ann", b"right", None).unwrap();
        }
    }
}
