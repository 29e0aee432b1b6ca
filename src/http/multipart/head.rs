//! The head of a part: its fields, of which three matter. The others are checked for form and
//! passed over, whatever their number and order.

use memchr::{memchr, memchr2, memmem};

use super::bad;
use super::disposition::Disposition;
use super::parameters::{is_token, trim};
use crate::error::Result;

/// The most bytes that all fields of a part may have, line ends counted, the blank line not.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;

/// What the head of a part says. The names are decoded and not judged: they may hold slashes,
/// control characters, NUL and bytes that are not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHead {
    /// The name of the form's field, empty when there is none.
    pub name: Vec<u8>,
    /// The name of the file, with its path if the client sent one; `None` for a text field.
    pub filename: Option<Vec<u8>>,
    /// The media type as the client sent it, unchecked.
    pub content_type: Option<String>,
}

impl PartHead {
    /// Whether this is a file input in which nobody chose a file: browsers send it as a part with
    /// an empty filename and no data.
    pub fn is_no_file(&self) -> bool {
        self.filename.as_deref() == Some(b"")
    }

    /// Parses `lines`, each ended by CRLF, without the blank line. It is mutable because folded
    /// lines are joined in place.
    pub(super) fn parse(lines: &mut [u8]) -> Result<PartHead> {
        unfold(lines);
        let mut disposition = None;
        let mut content_type = None;
        let mut rest = &*lines;
        while let Some(end) = memmem::find(rest, b"\r\n") {
            let (name, value) = field(&rest[..end])?;
            rest = &rest[end + 2..];
            if name.eq_ignore_ascii_case(b"content-disposition") {
                if disposition.replace(Disposition::parse(value)?).is_some() {
                    return Err(bad("A part of the form has two Content-Dispositions."));
                }
            } else if name.eq_ignore_ascii_case(b"content-type") {
                content_type = Some(value).filter(|value| !value.is_empty());
            } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
                check_transfer_encoding(value)?;
            }
        }
        let Some(Disposition { name, filename }) = disposition else {
            return Err(bad("A part of the form has no Content-Disposition."));
        };
        Ok(PartHead {
            name,
            filename,
            content_type: content_type.map(|value| String::from_utf8_lossy(value).into_owned()),
        })
    }
}

/// Joins folded lines (RFC 5322, section 2.2.3) by blanks in place of their line ends.
fn unfold(lines: &mut [u8]) {
    let mut from = 0;
    while let Some(found) = memmem::find(&lines[from..], b"\r\n") {
        let at = from + found;
        from = at + 2;
        if matches!(lines.get(from), Some(b' ' | b'\t')) {
            lines[at..from].fill(b' ');
        }
    }
}

/// Splits a line into the name of the field and its value.
fn field(line: &[u8]) -> Result<(&[u8], &[u8])> {
    if memchr2(b'\r', b'\n', line).is_some() {
        return Err(bad(
            "The head of a part of the form has a line that does not end in CRLF.",
        ));
    }
    memchr(b':', line)
        .map(|colon| (&line[..colon], trim(&line[colon + 1..])))
        .filter(|(name, _)| is_token(name))
        .ok_or_else(|| bad("The head of a part of the form has a line that is no field."))
}

/// RFC 7578, section 4.7 did away with the field, but some clients send it with one of the values
/// that change nothing. Base64 stored as it came would be a broken file under a good name.
fn check_transfer_encoding(value: &[u8]) -> Result<()> {
    let unchanged: [&[u8]; 3] = [b"binary", b"8bit", b"7bit"];
    if unchanged
        .iter()
        .any(|known| value.eq_ignore_ascii_case(known))
    {
        return Ok(());
    }
    Err(bad(
        "A part of the form has a Content-Transfer-Encoding, which forms do not have.",
    ))
}
