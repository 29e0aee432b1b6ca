//! Byte ranges (RFC 9110, section 14): which bytes of a file a `Range` header asks for, and the
//! framing of an answer with several of them.
//!
//! Pure: it reads no file and writes to no socket. Whether a `Range` counts at all (the method is
//! GET, `If-Range` holds) is decided before, see `http::conditional`.

use crate::error::{Error, Result};

/// The most ranges one request may name. Players and download managers ask for a handful; a list
/// beyond this is an attack or a mistake, and section 14.2 lets a server ignore it.
pub const PARTS_MAX: usize = 64;

/// Ranges with fewer bytes than this between them become one: the head of one more part costs
/// about as much as the bytes in between (section 15.3.7.2).
const GAP_MIN_BYTES: u64 = 80;

/// Some bytes of a file: never empty, and never beyond the size it was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    start: u64,
    end: u64,
}

impl ByteRange {
    /// The bytes from `start` up to, but without, `end`; `None` unless `start < end <= size`.
    pub fn new(start: u64, end: u64, size: u64) -> Option<ByteRange> {
        (start < end && end <= size).then_some(ByteRange { start, end })
    }

    /// Offset of the first byte.
    pub fn start(self) -> u64 {
        self.start
    }

    /// Offset after the last byte.
    pub fn end(self) -> u64 {
        self.end
    }

    /// Number of bytes, at least 1.
    pub fn length(self) -> u64 {
        self.end - self.start
    }
}

/// What of a file is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Everything, as a 200: there is no `Range`, or none that counts.
    Whole,
    /// One range, as a 206 with `Content-Range`.
    One(ByteRange),
    /// Two to [`PARTS_MAX`] ranges at least 80 bytes apart, in the order asked, as a 206 with
    /// [`Multipart`].
    Many(Vec<ByteRange>),
}

/// Reads the value of `Range` for a file of `size` bytes (sections 14.1 and 14.2).
///
/// A value that is not valid or has another unit selects the whole file, as if it were not there;
/// so does every value for an empty file, since clients that send `bytes=0-` with everything
/// must be able to fetch one, and a suffix of it can be satisfied but not be written as a
/// `Content-Range`. Of a valid list, what lies beyond the end is dropped.
///
/// Ranges that overlap or nearly touch become one, which stands where the first of them was
/// asked; the others keep the order of the request, as section 15.3.7.2 wishes. So no byte is
/// sent twice, whatever is asked.
///
/// # Errors
/// [`Error::BadRange`] when the value is valid and nothing it asks for is in the file.
pub fn select(header: Option<&str>, size: u64) -> Result<Selection> {
    let Some(specs) = header.and_then(parse) else {
        return Ok(Selection::Whole);
    };
    if size == 0 {
        return Ok(Selection::Whole);
    }
    let asked = specs.iter().filter_map(|spec| spec.within(size)).collect();
    let ranges = coalesce(asked);
    match ranges.as_slice() {
        [] => Err(Error::BadRange { size }),
        [one] => Ok(Selection::One(*one)),
        _ => Ok(Selection::Many(ranges)),
    }
}

/// The value of `Content-Range` for a part of a file of `size` bytes (section 14.4).
pub fn content_range(range: ByteRange, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.end - 1)
}

/// The value of `Content-Range` that goes with a 416 (section 14.4).
pub fn unsatisfied(size: u64) -> String {
    format!("bytes */{size}")
}

/// One member of the list, before the size of the file is known. A number too large for 64 bits
/// is as good as the largest: both lie beyond the end of any file.
enum Spec {
    /// From the first to the last offset, both included.
    Between(u64, u64),
    /// As many bytes as that before the end.
    Suffix(u64),
}

impl Spec {
    fn parse(text: &str) -> Option<Spec> {
        match text.split_once('-')? {
            ("", length) => Some(Spec::Suffix(number(length)?)),
            (first, "") => Some(Spec::Between(number(first)?, u64::MAX)),
            (first, last) => {
                let spec = Spec::Between(number(first)?, number(last)?);
                (magnitude(first) <= magnitude(last)).then_some(spec)
            }
        }
    }

    fn within(&self, size: u64) -> Option<ByteRange> {
        match *self {
            Spec::Between(first, last) => {
                ByteRange::new(first, last.saturating_add(1).min(size), size)
            }
            Spec::Suffix(length) => ByteRange::new(size.saturating_sub(length), size, size),
        }
    }
}

/// A valid list of at least one and at most [`PARTS_MAX`] members, in their order.
fn parse(header: &str) -> Option<Vec<Spec>> {
    let (unit, set) = trim(header).split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let mut specs = Vec::new();
    for (index, element) in set.split(',').enumerate() {
        let spec = trim(element);
        // Empty elements are to be skipped (section 5.6.1.2).
        if spec.is_empty() {
            continue;
        }
        // White space belongs to the commas; there is none between `=` and the first member.
        let detached = index == 0 && element.starts_with([' ', '\t']);
        if detached || specs.len() == PARTS_MAX {
            return None;
        }
        specs.push(Spec::parse(spec)?);
    }
    (!specs.is_empty()).then_some(specs)
}

/// Without the optional white space (OWS) at both ends: spaces and tabs, nothing else.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// The value of digits, of any number of them; `None` for anything but digits.
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Digits alone can only fail by being too many.
    Some(digits.parse().unwrap_or(u64::MAX))
}

/// Orders digits by their value, also beyond 64 bits, where saturated numbers would be equal.
fn magnitude(digits: &str) -> (usize, &str) {
    let significant = digits.trim_start_matches('0');
    (significant.len(), significant)
}

fn coalesce(asked: Vec<ByteRange>) -> Vec<ByteRange> {
    let mut placed: Vec<(usize, ByteRange)> = asked.into_iter().enumerate().collect();
    placed.sort_by_key(|(_, range)| range.start);
    let mut merged: Vec<(usize, ByteRange)> = Vec::with_capacity(placed.len());
    for (place, range) in placed {
        match merged.last_mut() {
            Some((first_place, last)) if range.start < last.end.saturating_add(GAP_MIN_BYTES) => {
                *first_place = place.min(*first_place);
                last.end = last.end.max(range.end);
            }
            _ => merged.push((place, range)),
        }
    }
    merged.sort_by_key(|(place, _)| *place);
    merged.into_iter().map(|(_, range)| range).collect()
}

/// The framing of a `multipart/byteranges` body (section 14.6): what goes before each range and
/// after the last.
#[derive(Debug)]
pub struct Multipart<'a> {
    boundary: String,
    media_type: &'a str,
    ranges: &'a [ByteRange],
    size: u64,
    content_length: u64,
}

impl<'a> Multipart<'a> {
    /// Frames `ranges` of a file of `size` bytes and that `media_type`. The boundary is made of
    /// `random`, which must not be guessable by whoever wrote the file, lest it holds the boundary.
    ///
    /// `None` if the body is longer than 64 bits can say; the whole file is the answer then.
    pub fn new(
        random: u128,
        media_type: &'a str,
        ranges: &'a [ByteRange],
        size: u64,
    ) -> Option<Multipart<'a>> {
        let mut multipart = Multipart {
            boundary: format!("{random:032x}"),
            media_type,
            ranges,
            size,
            content_length: 0,
        };
        let closing_bytes = multipart.closing().len() as u64;
        let content_length = multipart
            .parts()
            .try_fold(closing_bytes, |sum, (head, range)| {
                sum.checked_add(head.len() as u64)?
                    .checked_add(range.length())
            })?;
        multipart.content_length = content_length;
        Some(multipart)
    }

    /// The value of `Content-Type` of the answer.
    pub fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// The value of `Content-Length` of the answer: all heads, all ranges and the closing.
    pub fn content_length(&self) -> u64 {
        self.content_length
    }

    /// Each part: the exact bytes to send first, and the range of the file to send after them.
    pub fn parts(&self) -> impl Iterator<Item = (String, ByteRange)> + '_ {
        self.ranges.iter().enumerate().map(|(index, &range)| {
            let line_end = if index == 0 { "" } else { "\r\n" };
            let head = format!(
                "{line_end}--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
                self.boundary,
                self.media_type,
                content_range(range, self.size)
            );
            (head, range)
        })
    }

    /// The exact bytes to send after the last range.
    pub fn closing(&self) -> String {
        format!("\r\n--{}--\r\n", self.boundary)
    }
}

#[cfg(test)]
mod tests;
