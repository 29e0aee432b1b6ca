//! Passwords into hashes: slowly for what is kept, fast for what is known already.
//!
//! Slow is scrypt (RFC 7914) over 8 MiB, about 100 ms on the processor of a Raspberry Pi 3; the
//! memory is what a machine of 128 MB can give, one password at a time.

use std::hint::black_box;

use sha2::{Digest, Sha256};

use crate::config::PasswordHash;
use crate::error::{Error, Result};
use crate::random;

/// Binary logarithm of the number of blocks, size of a block, passes.
const COSTS: (u8, u32, u32) = (13, 8, 1);
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Hashes a password to be kept, with a new salt.
///
/// # Errors
/// `Io` when the system has no random bytes.
pub fn hash(password: &[u8]) -> Result<PasswordHash> {
    let salt: [u8; SALT_BYTES] = random::bytes()?;
    let (log_n, r, p) = COSTS;
    let mut made = PasswordHash {
        log_n,
        r,
        p,
        salt: salt.into(),
        hash: [0; HASH_BYTES].into(),
    };
    made.hash = derive(&made, password).ok_or_else(|| {
        let source = std::io::ErrorKind::InvalidInput.into();
        Error::io("hash", "a password", source)
    })?;
    Ok(made)
}

/// A hash that no password has, as costly as that one.
///
/// # Errors
/// `Io` when the system has no random bytes.
pub(super) fn unreachable(like: Option<&PasswordHash>) -> Result<PasswordHash> {
    let (log_n, r, p) = like.map_or(COSTS, |hash| (hash.log_n, hash.r, hash.p));
    let salt: [u8; SALT_BYTES] = random::bytes()?;
    let hash: [u8; HASH_BYTES] = random::bytes()?;
    Ok(PasswordHash {
        log_n,
        r,
        p,
        salt: salt.into(),
        hash: hash.into(),
    })
}

/// Whether a hash is that of a password; the time does not tell how near it was.
pub(super) fn verify(hash: &PasswordHash, password: &[u8]) -> bool {
    derive(hash, password).is_some_and(|derived| is_same(&derived, &hash.hash))
}

fn derive(hash: &PasswordHash, password: &[u8]) -> Option<Box<[u8]>> {
    let length = hash.hash.len();
    let params = scrypt::Params::new(hash.log_n, hash.r, hash.p, length).ok()?;
    let mut derived = vec![0; length];
    scrypt::scrypt(password, &hash.salt, &params, &mut derived).ok()?;
    Some(derived.into())
}

/// What a password is known by while the process lives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quick([u8; 32]);

impl PartialEq for Quick {
    fn eq(&self, other: &Quick) -> bool {
        is_same(&self.0, &other.0)
    }
}

/// The fast hash of a password of the account with that number, under a secret key.
pub(super) fn quick(key: &[u8; 32], number: usize, password: &[u8]) -> Quick {
    let mut hash = Sha256::new();
    hash.update(key);
    hash.update((number as u64).to_le_bytes());
    hash.update(password);
    Quick(hash.finalize().into())
}

/// Whether two are equal, in a time that depends on their length alone.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let pairs = one.iter().zip(other);
    let difference = pairs.fold(0, |all, (a, b)| black_box(all | (a ^ b)));
    one.len() == other.len() && black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_hash_is_that_of_its_password_alone_and_never_twice_the_same() {
        let one = hash("pässword".as_bytes()).unwrap();
        assert!(verify(&one, "pässword".as_bytes()));
        assert!(!verify(&one, b"password"));
        assert!(!verify(&one, b""));
        assert_ne!(one, hash("pässword".as_bytes()).unwrap());
        assert_eq!(one.to_string().parse(), Ok(one));
    }

    #[test]
    fn a_hash_that_others_made_is_understood() {
        // hashlib.scrypt(b"correct horse", salt=b"saltysalt", n=1024, r=8, p=2, dklen=32)
        let text = "$scrypt$ln=10,r=8,p=2$c2FsdHlzYWx0$9/rsdmmOaE+JNdYXkVJqJuKe9Ya4LCr9VZogrO7SMdw";
        let hash: PasswordHash = text.parse().unwrap();
        assert!(verify(&hash, b"correct horse"));
        assert!(!verify(&hash, b"correct horses"));
    }

    #[test]
    fn the_same_is_the_same_to_the_last_bit() {
        assert!(is_same(b"", b"") && is_same(b"ab", b"ab"));
        for (one, other) in [
            (&b"ab"[..], &b"ac"[..]),
            (b"ab", b"a"),
            (b"", b"a"),
            (b"\0", b""),
        ] {
            assert!(!is_same(one, other));
        }
    }
}
