//! The `Content-Disposition` of a part: which field of the form it is, and under which name a file
//! was sent (RFC 7578, section 4.2).
//!
//! Four ways of writing a name meet here. Browsers escape `"`, CR and LF as `%22`, `%0D` and `%0A`
//! and nothing else; other clients escape `"` and `\` with a backslash; old browsers send a whole
//! Windows path with its backslashes as they are; some send `filename*` (RFC 8187). Nothing is
//! judged: a name may come out with slashes, control characters or bytes that are not UTF-8.

use super::bad;
use super::parameters::Parameters;
use crate::error::Result;

/// What a `Content-Disposition` says, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Disposition {
    /// The name of the field, empty when there is none.
    pub(super) name: Vec<u8>,
    /// The name of the file; `None` for a part that is not a file.
    pub(super) filename: Option<Vec<u8>>,
}

impl Disposition {
    /// Parses the value of the field.
    pub(super) fn parse(field: &[u8]) -> Result<Disposition> {
        let (kind, parameters) = Parameters::of(field);
        if !kind.eq_ignore_ascii_case(b"form-data") {
            return Err(bad(
                "A part of the form has a Content-Disposition other than form-data.",
            ));
        }
        let (mut name, mut plain, mut extended) = (None, None, None);
        for parameter in parameters {
            let malformed = |_| bad("A part of the form has a malformed Content-Disposition.");
            let parameter = parameter.map_err(malformed)?;
            let slot = match parameter.name.to_ascii_lowercase().as_slice() {
                b"name" => &mut name,
                b"filename" => &mut plain,
                b"filename*" => &mut extended,
                _ => continue,
            };
            if slot.replace(parameter.value).is_some() {
                return Err(bad("A part of the form has two names."));
            }
        }
        Ok(Disposition {
            name: name.map(|raw| unescape(raw).text).unwrap_or_default(),
            filename: filename(plain, extended)?,
        })
    }
}

/// The name of the file from `filename` and `filename*`, of which the second wins unless it cannot
/// be read (RFC 6266, section 4.3).
fn filename(plain: Option<&[u8]>, extended: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
    match (plain, extended.map(decode_extended)) {
        (_, Some(Some(text))) => {
            let is_share = text.starts_with(br"\\");
            Ok(Some(without_windows_folders(text, is_share)))
        }
        // Without a name the part would pass for a text field, and the file would be lost.
        (None, Some(None)) => Err(bad("A part of the form has a filename* that is not valid.")),
        (Some(raw), _) => {
            let Unescaped {
                text,
                lone_backslash,
            } = unescape(raw);
            // The `\\` of an unescaped share has been taken for one backslash, but then single
            // ones follow, which no client that escapes would send.
            let is_share = text.starts_with(br"\\") || raw.starts_with(br"\\") && lone_backslash;
            Ok(Some(without_windows_folders(text, is_share)))
        }
        (None, None) => Ok(None),
    }
}

struct Unescaped {
    text: Vec<u8>,
    /// There was a backslash that escaped nothing and stands for itself.
    lone_backslash: bool,
}

/// Undoes both ways of escaping in one pass. Percent signs count only in the three forms, and the
/// case, that browsers produce, since browsers leave every other percent sign as it is.
fn unescape(raw: &[u8]) -> Unescaped {
    let mut text = Vec::with_capacity(raw.len());
    let mut lone_backslash = false;
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        let (byte, after) = match rest {
            [b'\\', byte @ (b'\\' | b'"'), after @ ..] => (*byte, after),
            [b'%', b'2', b'2', after @ ..] => (b'"', after),
            [b'%', b'0', b'D', after @ ..] => (b'\r', after),
            [b'%', b'0', b'A', after @ ..] => (b'\n', after),
            _ => {
                lone_backslash |= *first == b'\\';
                (*first, after)
            }
        };
        text.push(byte);
        rest = after;
    }
    Unescaped {
        text,
        lone_backslash,
    }
}

/// Decodes the value of `filename*`: `UTF-8'language'percent-encoded` (RFC 8187, section 3.2).
/// `None` for another charset, a broken escape, bytes that are not UTF-8, and no name at all.
fn decode_extended(raw: &[u8]) -> Option<Vec<u8>> {
    let mut pieces = raw.splitn(3, |&byte| byte == b'\'');
    let charset = pieces.next()?;
    let _language = pieces.next()?;
    let mut rest = pieces.next()?;
    if !charset.eq_ignore_ascii_case(b"utf-8") {
        return None;
    }
    let mut text = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        let (byte, after) = match rest {
            [b'%', high, low, after @ ..] => (hex(*high)? << 4 | hex(*low)?, after),
            [b'%', ..] => return None,
            _ => (*first, after),
        };
        text.push(byte);
        rest = after;
    }
    let valid = !text.is_empty() && std::str::from_utf8(&text).is_ok();
    valid.then_some(text)
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

/// The last segment of a whole Windows path, `C:\dir\a.txt` or `\\server\share\a.txt`. In any
/// other name a backslash is a character like others, as it is on Linux and macOS.
fn without_windows_folders(name: Vec<u8>, is_share: bool) -> Vec<u8> {
    let has_drive = matches!(&*name, [drive, b':', b'\\', ..] if drive.is_ascii_alphabetic());
    if !has_drive && !is_share {
        return name;
    }
    // An empty name would say that no file was chosen, so a backslash at the end is passed over.
    let mut segments = name.rsplit(|&byte| byte == b'\\');
    match segments.find(|segment| !segment.is_empty()) {
        Some(segment) => segment.to_vec(),
        None => name,
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

    use super::*;

    fn filename_of(parameters: &[u8]) -> Vec<u8> {
        let field = [b"form-data; name=\"f\"; ", parameters].concat();
        let text = String::from_utf8_lossy(parameters);
        let parsed = Disposition::parse(&field).expect(&text);
        assert_eq!(parsed.name, b"f");
        parsed.filename.expect("a filename")
    }

    #[test]
    fn a_filename_comes_out_as_it_was_meant() {
        let cases: &[(&str, &str)] = &[
            (r#"filename="a.txt""#, "a.txt"),
            (r#"FileName="a.txt""#, "a.txt"),
            (r"filename=a.txt", "a.txt"),
            (r"filename=my file.txt ", "my file.txt"),
            (r#"filename="a;b.txt""#, "a;b.txt"),
            (r#"filename="a; name=\"x\".txt""#, "a; name=\"x\".txt"),
            (r#"filename="a, b=c 'd'.txt""#, "a, b=c 'd'.txt"),
            (r#"filename=" a ""#, " a "),
            (
                "filename=\"gr\u{fc}n \u{1f600}.txt\"",
                "gr\u{fc}n \u{1f600}.txt",
            ),
            (r#"filename="a/b.txt""#, "a/b.txt"),
            (r#"filename="../../etc/passwd""#, "../../etc/passwd"),
            (r#"filename="""#, ""),
            (r"filename=", ""),
            // What browsers escape, and only that.
            (r#"filename="say %22hi%22.txt""#, "say \"hi\".txt"),
            (r#"filename="a%0D%0Ab""#, "a\r\nb"),
            (
                r#"filename="100%25 %20 %2e %5C %00 %0d %0a.txt""#,
                "100%25 %20 %2e %5C %00 %0d %0a.txt",
            ),
            (r#"filename="%2522""#, "%2522"),
            (r#"filename="%""#, "%"),
            (r#"filename="%2""#, "%2"),
            // What other clients escape.
            (r#"filename="say \"hi\".txt""#, "say \"hi\".txt"),
            (r#"filename="\"""#, "\""),
            (r#"filename="a\\b.txt""#, r"a\b.txt"),
            (r#"filename="a\\""#, r"a\"),
            (r#"filename="a\\\"b""#, "a\\\"b"),
            // A backslash that is part of the name.
            (r#"filename="a\b.txt""#, r"a\b.txt"),
            (r#"filename="a\""#, r"a\"),
            (r#"filename="\\a.txt""#, r"\a.txt"),
            (r#"filename="\a.txt""#, r"\a.txt"),
            (r#"filename="CC:\a.txt""#, r"CC:\a.txt"),
            (r#"filename="1:\a.txt""#, r"1:\a.txt"),
            (r#"filename="C:a\b.txt""#, r"C:a\b.txt"),
            (r#"filename="..\a.txt""#, r"..\a.txt"),
        ];
        for (parameters, expected) in cases {
            let found = filename_of(parameters.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), *expected, "{parameters}");
        }
        assert_eq!(filename_of(b"filename=\"\xff\x00\""), b"\xff\x00");
    }

    #[test]
    fn a_whole_windows_path_gives_its_last_segment() {
        let cases = [
            (r#"filename="C:\dir\file.txt""#, "file.txt"),
            (r#"filename="c:\file.txt""#, "file.txt"),
            (r#"filename="C:\\dir\\file.txt""#, "file.txt"),
            (r#"filename="C:\new\%22a%22.txt""#, "\"a\".txt"),
            (r#"filename="C:\dir\\"a\".txt""#, "!"),
            (r#"filename="C:\dir\""#, "dir"),
            (r#"filename="C:\""#, "C:"),
            (r#"filename="\\server\share\file.txt""#, "file.txt"),
            (r#"filename="\\\\server\\share\\file.txt""#, "file.txt"),
            (r#"filename="\\\\""#, r"\\"),
            (r"filename=C:\dir\file.txt", "file.txt"),
            (r"filename*=UTF-8''C:%5Cdir%5Cfile.txt", "file.txt"),
            (r"filename*=UTF-8''%5C%5Cserver%5Cfile.txt", "file.txt"),
            (r"filename*=UTF-8''a%5Cfile.txt", r"a\file.txt"),
        ];
        for (parameters, expected) in cases {
            let field = format!("form-data; {parameters}");
            let found = match Disposition::parse(field.as_bytes()) {
                Ok(parsed) => parsed.filename.expect("a filename"),
                Err(_) => b"!".to_vec(),
            };
            assert_eq!(String::from_utf8_lossy(&found), expected, "{parameters}");
        }
    }

    #[test]
    fn filename_with_a_star_wins_when_it_can_be_read() {
        let cases = [
            (r"filename*=UTF-8''a%20b.txt", "a b.txt"),
            (r"filename*=utf-8'en'%e2%82%AC.txt", "\u{20ac}.txt"),
            (r#"filename="no"; filename*=UTF-8''yes"#, "yes"),
            (r#"filename*=UTF-8''yes; filename="no""#, "yes"),
            (r#"FILENAME*="UTF-8''yes""#, "yes"),
            (r"filename*=UTF-8''it's", "it's"),
            (r"filename*=UTF-8''%2522", "%22"),
            (r"filename*=UTF-8''a%5C%5Cb", r"a\\b"),
            (r#"filename="plain"; filename*=UTF-8''%"#, "plain"),
            (r#"filename="plain"; filename*=UTF-8''%4"#, "plain"),
            (r#"filename="plain"; filename*=UTF-8''%+4"#, "plain"),
            (r#"filename="plain"; filename*=UTF-8''%ff"#, "plain"),
            (r#"filename="plain"; filename*=UTF-8''"#, "plain"),
            (r#"filename="plain"; filename*=EUC-JP''a"#, "plain"),
            (r#"filename="plain"; filename*=a"#, "plain"),
        ];
        for (parameters, expected) in cases {
            let found = filename_of(parameters.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), expected, "{parameters}");
        }
    }

    #[test]
    fn names_may_come_in_any_order_or_not_at_all() {
        let cases: [(&str, &str, Option<&str>); 7] = [
            ("form-data", "", None),
            ("Form-Data; name=a", "a", None),
            (r#"form-data; name="modified""#, "modified", None),
            (r#"form-data; filename="b"; name="a""#, "a", Some("b")),
            (r#"form-data; filename="b""#, "", Some("b")),
            (
                r#"form-data; x=y; filename="name=c"; z="w"; name="a%22\"""#,
                "a\"\"",
                Some("name=c"),
            ),
            (r#"form-data; name="a\b""#, r"a\b", None),
        ];
        for (field, name, filename) in cases {
            let expected = Disposition {
                name: name.into(),
                filename: filename.map(Vec::from),
            };
            assert_eq!(
                Disposition::parse(field.as_bytes()).expect(field),
                expected,
                "{field}"
            );
        }
    }

    #[test]
    fn what_cannot_be_told_is_a_bad_request() {
        for field in [
            "",
            "attachment; filename=a",
            "form-data2; filename=a",
            "form-data, form-data; name=a",
            "; filename=a",
            "form-data; filename",
            "form-data; filename=\"a",
            "form-data; filename=\"a\"b\"",
            "form-data; filename=\"a\"; filename=\"b\"",
            "form-data; name=a; NAME=b",
            "form-data; filename*=UTF-8''a; filename*=UTF-8''b",
            "form-data; filename*=a",
            "form-data; filename*=UTF-8''%zz",
            r#"form-data; name="a\"; filename="b""#,
        ] {
            assert!(Disposition::parse(field.as_bytes()).is_err(), "{field}");
        }
    }
}
