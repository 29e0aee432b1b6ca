//! An account as `--auth` and the lines of `--auth-file` write it, and the hash of its password.
//!
//! A hash is a PHC string, `$scrypt$ln=13,r=8,p=1$SALT$HASH`: it says by itself how it was made. It
//! has no colon, nor has a name, so that `NAME:HASH:ROLE` is read in one way. No error quotes more
//! than the name, since a password may stand where the hash belongs. How a password is hashed is
//! for `access`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::access::Role;

/// Longest name.
const NAME_BYTES_MAX: usize = 255;
/// Bytes of memory that checking a password may take: a machine of 128 MB has some to spare.
const MEMORY_BYTES_MAX: u64 = 64 << 20;
/// Most passes over it.
const PASSES_MAX: u32 = 16;
/// Bytes of a salt and of a hash that are too many for either, or too few to be any.
const PART_BYTES: std::ops::RangeInclusive<usize> = 8..=64;

/// Somebody who may use the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name, by which one signs in; exact to the byte.
    pub name: Arc<str>,
    /// What the password is held against.
    pub hash: PasswordHash,
    /// What may be done.
    pub role: Role,
}

impl FromStr for Account {
    type Err = String;

    /// Takes `NAME:HASH`, `NAME:HASH:ro`, `:rw` or `:drop`.
    fn from_str(text: &str) -> Result<Account, String> {
        let Some((name, rest)) = text.split_once(':') else {
            return Err("an account is NAME:HASH, or NAME:HASH:ro, :rw or :drop".into());
        };
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(char::is_control) {
            return Err("the name of an account has 1 to 255 bytes, no colon among them".into());
        }
        let (hash, role) = match rest.rsplit_once(':') {
            Some((hash, word)) => {
                let role = Role::from_word(word);
                let wrong = || format!("the role of {name:?} can be ro, rw or drop");
                (hash, role.ok_or_else(wrong)?)
            }
            None => (rest, Role::ReadWrite),
        };
        let hash = hash.parse().map_err(|()| {
            format!("the hash of {name:?} is none; livedrop --hash-password makes one")
        })?;
        Ok(Account {
            name: name.into(),
            hash,
            role,
        })
    }
}

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// Binary logarithm of the number of blocks.
    pub log_n: u8,
    /// Size of a block, in units of 128 bytes.
    pub r: u32,
    /// Passes.
    pub p: u32,
    /// What makes equal passwords have unequal hashes.
    pub salt: Box<[u8]>,
    /// What comes of it all.
    pub hash: Box<[u8]>,
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (log_n, r, p) = (self.log_n, self.r, self.p);
        let [salt, hash] = [&self.salt, &self.hash].map(|part| STANDARD_NO_PAD.encode(part));
        write!(f, "$scrypt$ln={log_n},r={r},p={p}${salt}${hash}")
    }
}

impl FromStr for PasswordHash {
    type Err = ();

    fn from_str(text: &str) -> Result<PasswordHash, ()> {
        let mut parts = text.strip_prefix("$scrypt$").ok_or(())?.split('$');
        let mut part = || parts.next().ok_or(());
        let (costs, salt, hash) = (part()?, part()?, part()?);
        let mut costs = costs.split(',');
        let mut cost = |key: &str| {
            let value = costs.next()?.strip_prefix(key)?.strip_prefix('=')?;
            let is_plain = value.bytes().all(|b| b.is_ascii_digit()) && !value.starts_with('0');
            value.parse::<u32>().ok().filter(|_| is_plain)
        };
        let (log_n, r, p) = (cost("ln"), cost("r"), cost("p"));
        let (Some(log_n), Some(r), Some(p), None) = (log_n, r, p, costs.next()) else {
            return Err(());
        };
        let memory = 1_u64.checked_shl(log_n).and_then(|n| {
            let block = u64::from(r).checked_mul(128)?;
            n.checked_mul(block)
        });
        let is_bounded = memory.is_some_and(|bytes| bytes <= MEMORY_BYTES_MAX) && p <= PASSES_MAX;
        let decoded = |text| {
            let bytes = STANDARD_NO_PAD.decode(text).ok()?;
            PART_BYTES.contains(&bytes.len()).then(|| bytes.into())
        };
        let (Some(salt), Some(hash)) = (decoded(salt), decoded(hash)) else {
            return Err(());
        };
        match parts.next().is_none() && is_bounded {
            true => Ok(PasswordHash {
                log_n: u8::try_from(log_n).map_err(|_| ())?,
                r,
                p,
                salt,
                hash,
            }),
            false => Err(()),
        }
    }
}

/// The first name that two accounts have.
pub fn doubled(accounts: &[Account]) -> Option<&str> {
    let twice = accounts.iter().enumerate().find(|(i, account)| {
        accounts[..*i]
            .iter()
            .any(|earlier| earlier.name == account.name)
    });
    twice.map(|(_, account)| &*account.name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const HASH: &str = "$scrypt$ln=13,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA";

    #[test]
    fn an_account_is_a_name_a_hash_and_perhaps_a_role() {
        for (end, role) in [
            ("", Role::ReadWrite),
            (":rw", Role::ReadWrite),
            (":ro", Role::ReadOnly),
            (":drop", Role::Drop),
        ] {
            let account: Account = format!("ann é:{HASH}{end}").parse().unwrap();
            assert_eq!((&*account.name, account.role), ("ann é", role));
            assert_eq!(account.hash.to_string(), HASH);
        }
    }

    #[test]
    fn what_is_no_account_is_refused_without_a_word_of_it() {
        for text in [
            "",
            "secret",
            ":secret",
            "ann:",
            "ann:secret",
            "ann:secret:ro",
            &format!("ann:{HASH}:"),
            &format!("ann:{HASH}:admin"),
            &format!("ann:{HASH}:ro:rw"),
            &format!("a\nb:{HASH}"),
        ] {
            let error = text.parse::<Account>().unwrap_err();
            assert!(
                !error.contains("secret") && !error.contains("c2Fs"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn a_hash_that_is_malformed_or_costs_too_much_is_none() {
        for (old, new) in [
            ("$scrypt", "scrypt"),
            ("scrypt", "argon2id"),
            ("ln=13", "ln=17"),
            ("ln=13", "ln=64"),
            ("ln=13", "ln=013"),
            ("ln=13", "ln=+13"),
            ("ln=13", "ln=0"),
            ("r=8", "r=4294967295"),
            ("p=1", "p=17"),
            ("p=1", "p=1,x=1"),
            (",p=1", ""),
            ("c2FsdHNhbHQ", "c2FsdHNhbHQ="),
            ("c2FsdHNhbHQ", "c2Fs"),
            ("aGFzaGhhc2hoYXNoaGFzaA", ""),
            ("aGFzaGhhc2hoYXNoaGFzaA", "aGFzaGhhc2hoYXNoaGFzaA$x"),
        ] {
            let text = HASH.replacen(old, new, 1);
            assert_ne!(text, HASH);
            assert!(text.parse::<PasswordHash>().is_err(), "{text}");
        }
        assert!(
            HASH.replacen("ln=13", "ln=16", 1)
                .parse::<PasswordHash>()
                .is_ok()
        );
    }

    #[test]
    fn two_accounts_of_one_name_are_found() {
        let account = |name: &str| format!("{name}:{HASH}").parse::<Account>().unwrap();
        assert_eq!(doubled(&[account("a"), account("b")]), None);
        assert_eq!(
            doubled(&[account("a"), account("b"), account("a")]),
            Some("a")
        );
    }
    #[test]
    fn whatever_is_taken_is_bounded_and_written_as_it_would_be_taken_again() {
        let mut random = fastrand::Rng::with_seed(7914);
        let mut taken = 0;
        for _ in 0..50_000 {
            let mut text = HASH.as_bytes().to_vec();
            for _ in 0..random.usize(..3) {
                let at = random.usize(..text.len());
                text[at] = b"$,=0123456789abAB+/:"[random.usize(..20)];
            }
            let text = String::from_utf8(text).unwrap();
            if let Ok(hash) = text.parse::<PasswordHash>() {
                taken += 1;
                assert!((1 << hash.log_n) * u64::from(hash.r) * 128 <= MEMORY_BYTES_MAX);
                assert_eq!(hash.to_string().parse(), Ok(hash), "{text}");
            }
        }
        assert!(taken > 1000, "{taken}");
    }
}
