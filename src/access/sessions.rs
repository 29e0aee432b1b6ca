//! Those who have signed in. A token of 256 random bits stands for a session, and only its hash is
//! kept; it is valid for 30 days, until it is ended, or until the server stops. What lives as long
//! as a session, such as a stream, asks to be told of its end.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::lock;
use crate::error::Result;
use crate::random;

/// Seconds that a session lasts: 30 days.
pub const SESSION_S: u64 = 30 * 86_400;
/// Sessions of one account at a time; the oldest goes for a new one.
const PER_ACCOUNT_MAX: usize = 100;

/// All sessions, by the hashes of their tokens.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<[u8; 32], Arc<Session>>>);

/// What a cookie carries.
pub struct Token(String);

/// One session.
pub struct Session {
    /// The number of its account.
    pub account: usize,
    begun: Instant,
    ending: Mutex<Ending>,
}

#[derive(Default)]
struct Ending {
    is_over: bool,
    next: u64,
    told: BTreeMap<u64, Box<dyn FnOnce() + Send>>,
}

impl Token {
    /// The text of it: letters, digits, `-` and `_`.
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl Sessions {
    /// Begins a session of the account with that number.
    ///
    /// # Errors
    /// `Io` when the system has no random bytes.
    pub(super) fn begin(&self, account: usize, now: Instant) -> Result<(Token, Arc<Session>)> {
        let random: [u8; 32] = random::bytes()?;
        let token = Token(URL_SAFE_NO_PAD.encode(random));
        let session = Arc::new(Session {
            account,
            begun: now,
            ending: Mutex::default(),
        });
        let mut table = lock(&self.0);
        let mut ended: Vec<_> = table
            .values()
            .filter(|it| it.is_over(now))
            .cloned()
            .collect();
        let own = table
            .values()
            .filter(|it| it.account == account && !it.is_over(now));
        if own.clone().count() >= PER_ACCOUNT_MAX {
            ended.extend(own.min_by_key(|it| it.begun).cloned());
        }
        table.retain(|_, it| !ended.iter().any(|over| Arc::ptr_eq(it, over)));
        table.insert(key(token.text()), Arc::clone(&session));
        drop(table);
        ended.iter().for_each(|session| session.end());
        Ok((token, session))
    }

    /// The session that a token stands for.
    pub fn find(&self, token: &str, now: Instant) -> Option<Arc<Session>> {
        let session = lock(&self.0).get(&key(token)).cloned()?;
        (!session.is_over(now)).then_some(session)
    }

    /// Ends the session that a token stands for, if there is one.
    pub fn end(&self, token: &str) {
        let session = lock(&self.0).remove(&key(token));
        if let Some(session) = session {
            session.end();
        }
    }
}

impl Session {
    /// Whether it has ended.
    pub fn is_over(&self, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.begun);
        age >= Duration::from_secs(SESSION_S) || lock(&self.ending).is_over
    }

    /// Has this called when the session is ended, unless what is given is dropped before; at once
    /// when it is over already.
    pub fn on_end(self: &Arc<Self>, tell: impl FnOnce() + Send + 'static) -> Told {
        let mut ending = lock(&self.ending);
        let number = ending.next;
        ending.next += 1;
        if ending.is_over {
            drop(ending);
            tell();
        } else {
            ending.told.insert(number, Box::new(tell));
        }
        Told(Arc::clone(self), number)
    }

    fn end(&self) {
        let mut ending = lock(&self.ending);
        ending.is_over = true;
        let told = std::mem::take(&mut ending.told);
        drop(ending);
        told.into_values().for_each(|tell| tell());
    }
}

/// Somebody who is told of the end of a session.
#[derive(Debug)]
pub struct Told(Arc<Session>, u64);

impl Drop for Told {
    fn drop(&mut self) {
        lock(&self.0.ending).told.remove(&self.1);
    }
}

fn key(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_token_is_good_for_thirty_days_or_until_its_session_is_ended() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (one, _) = sessions.begin(7, now).unwrap();
        let (other, _) = sessions.begin(7, now).unwrap();
        assert_eq!(one.text().len(), 43);
        assert_ne!(one.text(), other.text());
        let last = now + Duration::from_secs(SESSION_S - 1);
        assert_eq!(sessions.find(one.text(), last).unwrap().account, 7);
        assert!(
            sessions
                .find(one.text(), last + Duration::from_secs(1))
                .is_none()
        );
        sessions.end(one.text());
        assert!(sessions.find(one.text(), now).is_none());
        assert!(sessions.find(other.text(), now).is_some());
        assert!(sessions.find("", now).is_none());
        sessions.end("");
    }

    #[test]
    fn whoever_asked_is_told_of_the_end_once() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let (token, session) = sessions.begin(0, now).unwrap();
        let count = Arc::new(AtomicUsize::new(0));
        let told = || {
            let count = Arc::clone(&count);
            move || {
                count.fetch_add(1, Ordering::SeqCst);
            }
        };
        let kept = session.on_end(told());
        drop(session.on_end(told()));
        sessions.end(token.text());
        sessions.end(token.text());
        assert_eq!(count.load(Ordering::SeqCst), 1);
        let late = session.on_end(told());
        assert_eq!(count.load(Ordering::SeqCst), 2);
        drop((kept, late));
    }

    #[test]
    fn of_too_many_sessions_of_an_account_the_oldest_ends() {
        let (sessions, mut now) = (Sessions::default(), Instant::now());
        let (stranger, _) = sessions.begin(1, now).unwrap();
        let (first, session) = sessions.begin(0, now).unwrap();
        let mut newest = None;
        for count in 1..=PER_ACCOUNT_MAX {
            assert!(sessions.find(first.text(), now).is_some(), "{count}");
            now += Duration::from_millis(1);
            newest = Some(sessions.begin(0, now).unwrap().0);
        }
        assert!(sessions.find(first.text(), now).is_none() && session.is_over(now));
        assert!(sessions.find(stranger.text(), now).is_some());
        assert!(sessions.find(newest.unwrap().text(), now).is_some());
    }
}
