//! The `Content-Disposition` of a download (RFC 6266): the name of a file, whatever its bytes,
//! as a header value that no browser misreads and no name can break out of.
//!
//! It does not judge names: which ones may exist is decided in `storage`.

/// The value that makes a browser save the answer under `name`.
///
/// A plain name stands in `filename` alone. Any other comes twice: in `filename` with `_` for
/// every character that some client misreads, and exact in `filename*` (RFC 8187), which every
/// current browser prefers. Left out where the first says it all, `filename*` costs nothing in the
/// usual case.
///
/// Bytes that are not UTF-8 become U+FFFD. Control characters and `/` become `_` in both forms:
/// they are of no use in a saved name, and a client or proxy that decodes the name must not
/// find a line end or a path in it. The value is printable ASCII and at most ten times as long as
/// the name; an empty name gives no `filename`, so that the URL names the file.
pub fn attachment(name: &[u8]) -> String {
    let name: String = String::from_utf8_lossy(name)
        .chars()
        .map(|c| if c.is_control() || c == '/' { '_' } else { c })
        .collect();
    if name.is_empty() {
        return "attachment".to_owned();
    }
    let fallback: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    let mut value = format!("attachment; filename=\"{fallback}\"");
    if fallback != name {
        value.push_str("; filename*=UTF-8''");
        push_encoded(&mut value, &name);
    }
    value
}

/// Whether every client reads `c` as itself inside a quoted string. Quotes and backslashes are
/// escaped by some and not by others, and some decode `%41` (RFC 6266, appendix D).
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%')
}

/// Appends the `value-chars` of RFC 8187, section 3.2.1: all but `attr-char` percent-encoded.
fn push_encoded(value: &mut String, name: &str) {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            value.push(char::from(byte));
        } else {
            value.push('%');
            value.push(HEX[usize::from(byte >> 4)]);
            value.push(HEX[usize::from(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]

    use super::attachment;

    #[test]
    fn a_plain_name_stands_in_filename_alone() {
        for name in [
            "a.txt",
            "two words.txt",
            "a;b, c=d.txt",
            "it's (2) [x] {y} *.txt",
            "#?&+~^`|.txt",
            " lead and trail ",
            "<img src=x onerror=alert(1)>",
            ".hidden",
            "-rf",
            "CON",
        ] {
            let expected = format!("attachment; filename=\"{name}\"");
            assert_eq!(attachment(name.as_bytes()), expected);
        }
        assert_eq!(attachment(b""), "attachment");
    }

    #[test]
    fn any_other_name_has_a_fallback_and_is_exact_in_filename_star() {
        let rows: &[(&[u8], &str, &str)] = &[
            ("naïve.txt".as_bytes(), "na_ve.txt", "na%C3%AFve.txt"),
            ("日本.txt".as_bytes(), "__.txt", "%E6%97%A5%E6%9C%AC.txt"),
            ("😀.png".as_bytes(), "_.png", "%F0%9F%98%80.png"),
            // Decomposed forms stay as they are on the disk.
            ("e\u{301}.txt".as_bytes(), "e_.txt", "e%CC%81.txt"),
            (
                "a\u{202e}gpj.exe".as_bytes(),
                "a_gpj.exe",
                "a%E2%80%AEgpj.exe",
            ),
            (b"say \"hi\".txt", "say _hi_.txt", "say%20%22hi%22.txt"),
            (b"back\\slash", "back_slash", "back%5Cslash"),
            (b"\\\"", "__", "%5C%22"),
            (b"100%.txt", "100_.txt", "100%25.txt"),
            (b"%41.txt", "_41.txt", "%2541.txt"),
            (
                b"it's (1)*\".txt",
                "it's (1)*_.txt",
                "it%27s%20%281%29%2A%22.txt",
            ),
            (b"\xff\xfe.bin", "__.bin", "%EF%BF%BD%EF%BF%BD.bin"),
            (b"caf\xe9.txt", "caf_.txt", "caf%EF%BF%BD.txt"),
            // A sequence that is cut short is one character that is not UTF-8.
            (b"\xf0\x9f\x98.png", "_.png", "%EF%BF%BD.png"),
        ];
        for (name, fallback, encoded) in rows {
            let expected =
                format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}");
            assert_eq!(attachment(name), expected);
        }
    }

    #[test]
    fn control_characters_and_slashes_are_gone_in_both_forms() {
        let rows: &[(&[u8], &str)] = &[
            (b"a\r\nSet-Cookie: x=y", "a__Set-Cookie: x=y"),
            (b"a\nb", "a_b"),
            (b"a\0b", "a_b"),
            (b"\x1b[31m\x7f", "_[31m_"),
            (b"../../etc/passwd", ".._.._etc_passwd"),
        ];
        for (name, plain) in rows {
            let expected = format!("attachment; filename=\"{plain}\"");
            assert_eq!(attachment(name), expected);
        }
        // U+0085 ends a line for some, and so it is `_` even where `filename*` could hold it.
        let value = attachment("ü\u{85}".as_bytes());
        assert_eq!(
            value,
            "attachment; filename=\"__\"; filename*=UTF-8''%C3%BC_"
        );
    }

    #[test]
    fn the_longest_names_are_kept_whole_and_the_value_grows_linearly() {
        let name = "ü".repeat(127) + "x";
        let value = attachment(name.as_bytes());
        assert!(value.ends_with(&("%C3%BC".repeat(127) + "x")));
        let hostile = vec![0xff; 100_000];
        assert_eq!(attachment(&hostile).len(), 1_000_000 + 42);
    }

    #[test]
    fn no_name_breaks_out_of_the_value() {
        let mut random = fastrand::Rng::with_seed(6266);
        let favourites = b"\"\\%\r\n\0;=*'/ aB1\x7f\xc3\xbc\xff\xf0\x9f\x98\x80";
        for _ in 0..20_000 {
            let name: Vec<u8> = (0..random.usize(1..40))
                .map(|_| match random.bool() {
                    true => favourites[random.usize(0..favourites.len())],
                    false => random.u8(..),
                })
                .collect();
            let value = attachment(&name);
            assert!(
                value.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{value}"
            );
            assert_eq!(value.matches('"').count(), 2, "{value}");
            assert!(!value.contains('\\'), "{value}");
            let inner = value.strip_prefix("attachment; filename=\"").unwrap();
            let (fallback, rest) = inner.split_once('"').unwrap();
            assert!(!fallback.contains('%'), "{value}");
            match rest.strip_prefix("; filename*=UTF-8''") {
                Some(encoded) => assert_eq!(decoded(encoded), tamed(&name)),
                None => assert_eq!((rest, fallback), ("", tamed(&name).as_str())),
            }
        }
    }

    /// What a client makes of `value-chars`; fails on any byte that is not allowed there.
    fn decoded(encoded: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = encoded.as_bytes();
        while let Some((&byte, tail)) = rest.split_first() {
            if byte == b'%' {
                let hex = std::str::from_utf8(&tail[..2]).unwrap();
                bytes.push(u8::from_str_radix(hex, 16).unwrap());
                rest = &tail[2..];
            } else {
                assert!(byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte));
                bytes.push(byte);
                rest = tail;
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    fn tamed(name: &[u8]) -> String {
        String::from_utf8_lossy(name).replace(|c: char| c.is_control() || c == '/', "_")
    }
}
