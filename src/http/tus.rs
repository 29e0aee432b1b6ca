//! The fields of tus 1.0.0 (<https://tus.io/protocols/resumable-upload>): numbers, metadata and
//! checksums, read strictly. What they mean for a file is the route's matter.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use sha2::Sha256;

use crate::error::{Error, Result};

/// The one version of the protocol that is spoken.
pub const VERSION: &str = "1.0.0";
/// The extensions, as OPTIONS lists them.
pub const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,termination,expiration,checksum";
/// The algorithms of `Upload-Checksum`, as OPTIONS lists them.
pub const ALGORITHMS: &str = "sha1,sha256,crc32";
/// The type of a piece.
pub const PIECE_TYPE: &str = "application/offset+octet-stream";

/// A non-negative number of 64 bits: digits and nothing else.
///
/// # Errors
/// `BadRequest`.
pub fn number(text: &str) -> Result<u64> {
    let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let wrong = || Error::BadRequest("A length or offset must be a decimal number.".into());
    is_plain
        .then(|| text.parse().ok())
        .flatten()
        .ok_or_else(wrong)
}

/// The pairs of `Upload-Metadata`: a key, and its value decoded, which may be missing.
///
/// # Errors
/// `BadRequest` when a key is empty or comes twice, or a value is not base64.
pub fn metadata(field: &str) -> Result<Vec<(&str, Vec<u8>)>> {
    let wrong = |text: &'static str| Error::BadRequest(text.into());
    let mut pairs: Vec<(&str, Vec<u8>)> = Vec::new();
    if field.trim().is_empty() {
        return Ok(pairs);
    }
    for pair in field.split(',') {
        let pair = pair.trim_matches([' ', '\t']);
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(wrong("A key of Upload-Metadata is empty or not ASCII."));
        }
        if pairs.iter().any(|(known, _)| *known == key) {
            return Err(wrong("A key of Upload-Metadata comes twice."));
        }
        let value = STANDARD
            .decode(value.trim_matches(' '))
            .map_err(|_| wrong("A value of Upload-Metadata is not base64."))?;
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// The checksum that a piece is to have, and what of it has been computed so far.
#[derive(Clone)]
pub struct Checksum {
    expected: Vec<u8>,
    state: State,
}

#[derive(Clone)]
enum State {
    Sha1(Sha1),
    Sha256(Sha256),
    Crc32(crc32fast::Hasher),
}

impl Checksum {
    /// Reads `Upload-Checksum`: an algorithm, a space, and the sum in base64. That of CRC-32 is four
    /// bytes, the highest first.
    ///
    /// # Errors
    /// `BadRequest`.
    pub fn parse(field: &str) -> Result<Checksum> {
        let wrong = |text: &'static str| Error::BadRequest(text.into());
        let (algorithm, sum) = field
            .split_once(' ')
            .ok_or_else(|| wrong("Upload-Checksum is an algorithm and a sum in base64."))?;
        let (state, length) = match algorithm {
            "sha1" => (State::Sha1(Sha1::new()), 20),
            "sha256" => (State::Sha256(Sha256::new()), 32),
            "crc32" => (State::Crc32(crc32fast::Hasher::new()), 4),
            _ => return Err(wrong("Upload-Checksum can be sha1, sha256 or crc32.")),
        };
        let expected = STANDARD
            .decode(sum.trim_matches(' '))
            .ok()
            .filter(|sum| sum.len() == length)
            .ok_or_else(|| wrong("The sum in Upload-Checksum is not one of its algorithm."))?;
        Ok(Checksum { expected, state })
    }

    /// Takes in more of the piece.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha1(state) => state.update(bytes),
            State::Sha256(state) => state.update(bytes),
            State::Crc32(state) => state.update(bytes),
        }
    }

    /// Whether the piece is what it was to be.
    pub fn holds(self) -> bool {
        match self.state {
            State::Sha1(state) => state.finalize()[..] == self.expected[..],
            State::Sha256(state) => state.finalize()[..] == self.expected[..],
            State::Crc32(state) => state.finalize().to_be_bytes()[..] == self.expected[..],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn numbers_are_digits_of_64_bits() {
        assert_eq!(number("0").unwrap(), 0);
        assert_eq!(number("18446744073709551615").unwrap(), u64::MAX);
        for text in [
            "",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "0x1",
            "1,1",
            "18446744073709551616",
        ] {
            assert!(number(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn metadata_is_pairs_of_a_key_and_base64() {
        let pairs = metadata("filename w7wucG5n,empty,dir YS9i , flag ").unwrap();
        let expected: Vec<(&str, Vec<u8>)> = vec![
            ("filename", "ü.png".as_bytes().to_vec()),
            ("empty", vec![]),
            ("dir", b"a/b".to_vec()),
            ("flag", vec![]),
        ];
        assert_eq!(pairs, expected);
        assert_eq!(metadata("").unwrap(), vec![]);
        for field in [
            ",",
            "a YQ==,",
            "a YQ==,a YQ==",
            "a YQ",
            "a YQ== YQ==",
            "a $$$$",
            "ä YQ==",
            " ,a",
        ] {
            assert!(metadata(field).is_err(), "{field:?}");
        }
    }

    #[test]
    fn anything_may_come_as_metadata_or_checksum() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..20_000 {
            let length = random.usize(..40);
            let text: String =
                std::iter::repeat_with(|| random.choice(b"ab ,=YQ\t-1\xC3").unwrap())
                    .take(length)
                    .map(|&b| char::from(b))
                    .collect();
            if let Ok(pairs) = metadata(&text) {
                assert!(
                    pairs.iter().all(|(key, _)| !key.contains([' ', ','])),
                    "{text:?}"
                );
            }
            assert!(Checksum::parse(&text).is_err());
        }
    }

    #[test]
    fn a_checksum_holds_for_its_piece_alone() {
        // RFC 3174 and FIPS 180-4 have the sums of "abc"; CRC-32 that of "123456789" is CBF43926.
        for (field, piece) in [
            ("sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", &b"abc"[..]),
            (
                "sha256 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
                b"abc",
            ),
            ("crc32 y/Q5Jg==", b"123456789"),
        ] {
            let checksum = Checksum::parse(field).unwrap();
            let (mut whole, mut other) = (checksum.clone(), checksum);
            let (head, tail) = piece.split_at(1);
            whole.update(head);
            whole.update(tail);
            assert!(whole.holds(), "{field}");
            other.update(tail);
            assert!(!other.holds(), "{field}");
        }
        for field in [
            "sha1",
            "sha1 ",
            "md5 AAAA",
            "sha1 AAAA",
            "crc32 y/Q5J",
            "SHA1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=",
        ] {
            assert!(Checksum::parse(field).is_err(), "{field}");
        }
    }
}
