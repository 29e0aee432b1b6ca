//! How long a wrong answer takes: longer with each, by the address that asks and by the name that
//! it asks for, whichever has more. What is right is not counted and not held back. No clock here.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// The first wait; each doubles it.
const FIRST: Duration = Duration::from_millis(250);
/// Doublings after which a wait grows no longer, at 4 s.
const DOUBLINGS_MAX: u32 = 4;
/// After so long without another, they are forgotten.
const FORGOTTEN: Duration = Duration::from_secs(900);
/// Addresses and names that are remembered; those quiet for longest go first.
const REMEMBERED_MAX: usize = 4096;

/// Wrong tries of late.
#[derive(Debug, Default)]
pub(super) struct Tries {
    counts: HashMap<Subject, Count>,
    hashes: RandomState,
}

/// Who tries, or whom they try to be. Of an IPv6 address the network counts, since whoever has one
/// has all of its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    Address(u128),
    /// A name that may be anything, by its hash.
    Name(u64),
}

#[derive(Debug, Clone, Copy)]
struct Count {
    tries: u32,
    last: Instant,
}

/// What a wrong answer costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Penalty {
    /// How long the answer is held back.
    pub(super) wait: Duration,
    /// Whether it will not grow, and more tries are no use.
    pub(super) is_last: bool,
}

impl Tries {
    /// Counts a wrong try.
    pub(super) fn fail(&mut self, peer: Option<IpAddr>, name: &str, now: Instant) -> Penalty {
        let name = Subject::Name(self.hashes.hash_one(name));
        let tries = self.count(address(peer), now).max(self.count(name, now));
        let doublings = (tries - 1).min(DOUBLINGS_MAX);
        Penalty {
            wait: FIRST * (1 << doublings),
            is_last: tries - 1 > DOUBLINGS_MAX,
        }
    }

    /// Whether somebody has failed of late.
    pub(super) fn is_suspect(&self, peer: Option<IpAddr>, now: Instant) -> bool {
        let count = self.counts.get(&address(peer));
        count.is_some_and(|count| now.saturating_duration_since(count.last) < FORGOTTEN)
    }

    fn count(&mut self, subject: Subject, now: Instant) -> u32 {
        if self.counts.len() >= REMEMBERED_MAX && !self.counts.contains_key(&subject) {
            let quiet = self.counts.iter().min_by_key(|(_, count)| count.last);
            if let Some(quiet) = quiet.map(|(subject, _)| *subject) {
                self.counts.remove(&quiet);
            }
        }
        let none = Count {
            tries: 0,
            last: now,
        };
        let count = self.counts.entry(subject).or_insert(none);
        if now.saturating_duration_since(count.last) >= FORGOTTEN {
            count.tries = 0;
        }
        count.tries = count.tries.saturating_add(1);
        count.last = now;
        count.tries
    }
}

fn address(peer: Option<IpAddr>) -> Subject {
    Subject::Address(match peer {
        None => 0,
        Some(IpAddr::V4(ip)) => ip.to_ipv6_mapped().to_bits(),
        Some(IpAddr::V6(ip)) => ip.to_bits() >> 64 << 64,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn peer(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn each_wrong_try_takes_longer_up_to_the_last() {
        let (mut tries, now) = (Tries::default(), Instant::now());
        for (wait_ms, is_last) in [
            (250, false),
            (500, false),
            (1000, false),
            (2000, false),
            (4000, false),
            (4000, true),
            (4000, true),
        ] {
            let penalty = tries.fail(peer("10.0.0.1"), "ann", now);
            assert_eq!(
                (penalty.wait.as_millis(), penalty.is_last),
                (wait_ms, is_last)
            );
        }
        assert!(tries.is_suspect(peer("10.0.0.1"), now));
        assert!(!tries.is_suspect(peer("10.0.0.2"), now));
        let later = now + FORGOTTEN;
        assert!(!tries.is_suspect(peer("10.0.0.1"), later));
        assert_eq!(tries.fail(peer("10.0.0.1"), "ann", later).wait, FIRST);
    }

    #[test]
    fn another_name_and_another_address_are_no_way_round() {
        let (mut tries, now) = (Tries::default(), Instant::now());
        for n in 0..3 {
            tries.fail(peer("10.0.0.1"), &n.to_string(), now);
            tries.fail(peer(&format!("10.0.1.{n}")), "ann", now);
        }
        assert_eq!(tries.fail(peer("10.0.0.1"), "new", now).wait, FIRST * 8);
        assert_eq!(tries.fail(peer("10.0.9.9"), "ann", now).wait, FIRST * 8);
        assert_eq!(tries.fail(peer("10.0.9.8"), "bob", now).wait, FIRST);
        tries.fail(peer("2001:db8::1"), "x", now);
        assert_eq!(tries.fail(peer("2001:db8::2"), "y", now).wait, FIRST * 2);
        assert_eq!(tries.fail(peer("2001:db8:0:1::2"), "z", now).wait, FIRST);
    }

    #[test]
    fn no_more_are_remembered_than_the_limit() {
        let (mut tries, mut now) = (Tries::default(), Instant::now());
        for n in 0..REMEMBERED_MAX {
            now += Duration::from_millis(1);
            tries.fail(None, &n.to_string(), now);
        }
        assert_eq!(tries.counts.len(), REMEMBERED_MAX);
        // The one that never rests is still known.
        assert!(tries.is_suspect(None, now));
    }
}
