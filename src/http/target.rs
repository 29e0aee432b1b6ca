//! Percent-encoding, both ways: paths in request targets, query strings, paths in answers
//! (RFC 3986, section 2.1; for queries the form encoding of the URL Standard).

use std::borrow::Cow;
use std::fmt::Write;

use crate::error::{Error, Result};

/// Splits a target in origin-form into its path and its query, both still encoded.
pub fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// Decodes a path segment by segment; the slashes between segments stay as they are.
///
/// # Errors
/// `BadName` for a `%` without two hexadecimal digits and for a slash that was encoded, since that
/// would make two segments out of one.
pub fn decode_path(path: &str) -> Result<Cow<'_, [u8]>> {
    if !path.contains('%') {
        return Ok(path.as_bytes().into());
    }
    let mut decoded = Vec::with_capacity(path.len());
    for (i, segment) in path.split('/').enumerate() {
        if i > 0 {
            decoded.push(b'/');
        }
        let start = decoded.len();
        decode_into(segment.as_bytes(), false, &mut decoded)?;
        if decoded[start..].contains(&b'/') {
            return Err(Error::BadName("A name cannot contain a slash."));
        }
    }
    Ok(decoded.into())
}

/// Every value of `name` in a query string, decoded, in order.
///
/// # Errors
/// `BadName` for a `%` without two hexadecimal digits.
pub fn query_values(query: &str, name: &str) -> Result<Vec<Vec<u8>>> {
    let mut values = Vec::new();
    for pair in query.split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key == name {
            let mut decoded = Vec::with_capacity(value.len());
            decode_into(value.as_bytes(), true, &mut decoded)?;
            values.push(decoded);
        }
    }
    Ok(values)
}

/// The first value of `name` in a query string, decoded.
///
/// # Errors
/// As `query_values`.
pub fn query_value(query: &str, name: &str) -> Result<Option<Vec<u8>>> {
    Ok(query_values(query, name)?.into_iter().next())
}

/// Encodes a path for a URL: all but unreserved characters and the slashes between segments.
pub fn encode_path(path: &[u8]) -> String {
    let mut encoded = String::with_capacity(path.len() + 16);
    for &byte in path {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn decode_into(encoded: &[u8], plus_is_space: bool, decoded: &mut Vec<u8>) -> Result<()> {
    let mut bytes = encoded.iter();
    while let Some(&byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => match (bytes.next().and_then(hex), bytes.next().and_then(hex)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => {
                    return Err(Error::BadName(
                        "A % must be followed by two hexadecimal digits.",
                    ));
                }
            },
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    Ok(())
}

fn hex(digit: &u8) -> Option<u8> {
    char::from(*digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn paths_are_decoded_segment_by_segment() {
        for (encoded, decoded) in [
            ("", &b""[..]),
            ("a/b", b"a/b"),
            ("a%20b/%C3%A4", "a b/ä".as_bytes()),
            ("a+b", b"a+b"),
            ("%252e%252e", b"%2e%2e"),
            ("%2e%2e", b".."),
            ("%00", b"\0"),
            ("%ff", b"\xff"),
            ("ä", "ä".as_bytes()),
        ] {
            assert_eq!(decode_path(encoded).unwrap(), decoded, "{encoded}");
        }
    }

    #[test]
    fn what_is_not_percent_encoding_is_refused() {
        for encoded in [
            "%", "%2", "%zz", "a%2", "a/%g0", "%+1", "a%2fb", "a%2Fb", "%2f",
        ] {
            assert!(
                matches!(decode_path(encoded), Err(Error::BadName(_))),
                "{encoded}"
            );
        }
    }

    #[test]
    fn a_query_gives_each_value_of_a_name_in_order() {
        let query = "dir=a%2Fb+c&x=1&dir=&dir=%C3%A4&dirx=no";
        let values = query_values(query, "dir").unwrap();
        assert_eq!(values, [&b"a/b c"[..], b"", "ä".as_bytes()]);
        assert_eq!(query_value(query, "y").unwrap(), None);
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let all: Vec<u8> = (1..=255).collect();
        assert_eq!(decode_path(&encode_path(&all)).unwrap(), all);
    }
}
