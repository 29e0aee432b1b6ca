//! Conditional requests (RFC 9110, section 13): entity tags, dates, and what the `If-` headers
//! of a request say about the file as it stands.
//!
//! Pure: it reads no file and no clock. The caller asks for a verdict only where the request
//! would otherwise succeed (section 13.2.1), so a missing file stays a 404.
//!
//! A list of tags that is malformed never opens what a correct one could have closed: see
//! [`evaluate`].

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last second an HTTP date can name, the end of the year 9999, in Unix time.
const LAST_SECOND: u64 = 253_402_300_799;

/// An entity tag (section 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityTag {
    weak: bool,
    /// With its quotes, as it is sent.
    quoted: String,
}

impl EntityTag {
    /// The strong tag of a file. Every way to change a file's bytes changes one of the four:
    /// another file under the name has another inode, and a write sets the change time, which no
    /// program can set to its liking. It is as strong as that clock is fine: writes in place
    /// within one tick (some milliseconds) that keep the size look the same.
    ///
    /// `modified_ns` and `changed_ns` are Unix times in nanoseconds.
    pub fn of_file(inode: u64, size: u64, modified_ns: i128, changed_ns: i128) -> EntityTag {
        EntityTag {
            weak: false,
            quoted: format!("\"{inode:x}-{size:x}-{modified_ns:x}-{changed_ns:x}\""),
        }
    }

    /// Reads one tag, without white space around it; `None` if it is not exactly that.
    pub fn parse(text: &str) -> Option<EntityTag> {
        let (tag, rest) = EntityTag::take(text)?;
        rest.is_empty().then_some(tag)
    }

    /// Whether both stand for the same bytes (strong comparison, section 8.8.3.2).
    pub fn is_same(&self, other: &EntityTag) -> bool {
        !self.weak && !other.weak && self.quoted == other.quoted
    }

    /// Whether one may stand for the other (weak comparison, section 8.8.3.2).
    pub fn is_like(&self, other: &EntityTag) -> bool {
        self.quoted == other.quoted
    }

    /// Splits a tag from the front of `text`. Only a quote ends it: commas are part of a tag, and
    /// there is no escape.
    fn take(text: &str) -> Option<(EntityTag, &str)> {
        let (weak, text) = match text.strip_prefix("W/") {
            Some(text) => (true, text),
            None => (false, text),
        };
        let end = text.strip_prefix('"')?.find('"')? + 2;
        let (quoted, rest) = text.split_at(end);
        let is_etagc = |byte: u8| byte > b' ' && byte != 0x7f;
        let quoted = quoted.bytes().all(is_etagc).then(|| quoted.to_owned())?;
        Some((EntityTag { weak, quoted }, rest))
    }
}

impl fmt::Display for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.weak { "W/" } else { "" })?;
        f.write_str(&self.quoted)
    }
}

/// What tells one version of a file from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    /// The value of `ETag`.
    pub etag: EntityTag,
    /// The time of `Last-Modified`, as fine as the file system has it.
    pub modified: SystemTime,
}

/// The values of the four headers, `None` where a request has none. Several lines of one name
/// are to be joined by a comma first (section 5.3).
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions<'a> {
    /// `If-Match`
    pub if_match: Option<&'a str>,
    /// `If-None-Match`
    pub if_none_match: Option<&'a str>,
    /// `If-Modified-Since`
    pub if_modified_since: Option<&'a str>,
    /// `If-Unmodified-Since`
    pub if_unmodified_since: Option<&'a str>,
}

/// What a request is about to do with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// GET and HEAD.
    Read,
    /// Every other method.
    Write,
}

/// What becomes of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Do as asked; for a GET, `Range` is next, see [`range_holds`].
    Proceed,
    /// 304: the client has this version.
    NotModified,
    /// 412: do nothing.
    PreconditionFailed,
}

/// Evaluates the conditions in the order of section 13.2.2 against the file as it stands, `None`
/// where nothing stands.
///
/// Dates that are not valid are ignored, as the RFC wants; so are dates before 1970, which
/// livedrop never hands out. Of malformed lists of tags the RFC says nothing, so they get the
/// reading that can do no harm: `If-Match` does not hold; `If-None-Match` lets a read proceed,
/// since sending the bytes once more is always right, and stops a write onto something that
/// stands, since its client asked not to overwrite what it may not know.
pub fn evaluate(
    conditions: &Conditions<'_>,
    access: Access,
    current: Option<&Validators>,
) -> Verdict {
    let is_expected = match (conditions.if_match, conditions.if_unmodified_since) {
        (Some(list), _) => is_listed(list, current, EntityTag::is_same) == Some(true),
        (None, Some(date)) => !is_later(current, date).unwrap_or(false),
        (None, None) => true,
    };
    if !is_expected {
        return Verdict::PreconditionFailed;
    }
    match (conditions.if_none_match, conditions.if_modified_since) {
        (Some(list), _) => {
            let listed = is_listed(list, current, EntityTag::is_like);
            match access {
                Access::Read if listed == Some(true) => Verdict::NotModified,
                Access::Write if listed.unwrap_or(current.is_some()) => Verdict::PreconditionFailed,
                _ => Verdict::Proceed,
            }
        }
        (None, Some(date)) if access == Access::Read => match is_later(current, date) {
            Some(false) => Verdict::NotModified,
            _ => Verdict::Proceed,
        },
        _ => Verdict::Proceed,
    }
}

/// Whether `Range` counts: there is no `If-Range`, or it names the file as it stands (section
/// 13.1.5). If not, the whole file is the answer.
///
/// A tag must be the same by strong comparison. A date must be exactly that of `Last-Modified`,
/// and its second must be over at `now`: as long as it lasts, a further version could bear the
/// same date, and the client would join halves of two files (section 8.8.2.2).
pub fn range_holds(if_range: Option<&str>, current: &Validators, now: SystemTime) -> bool {
    let Some(value) = if_range.map(trim) else {
        return true;
    };
    if let Some(tag) = EntityTag::parse(value) {
        return tag.is_same(&current.etag);
    }
    let modified = second(current.modified);
    // All times before 1970 are shown as its first second, which therefore tells nothing.
    let is_strong = modified > 0 && modified < second(now);
    is_strong && date(value) == Some(modified)
}

/// A date of any of the three forms (section 5.6.7); `None` for what is none.
pub fn parse_date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text.trim()).ok()
}

/// A time as `Last-Modified` and `Date` show it (IMF-fixdate, section 5.6.7). Times that a date
/// cannot name, before 1970 and after 9999, become the nearest that it can: a file may have any.
pub fn http_date(time: SystemTime) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second(time)))
}

/// Whether the file is in a list of tags; `*` lists whatever stands. `None` if it is malformed.
fn is_listed(
    list: &str,
    current: Option<&Validators>,
    is_match: fn(&EntityTag, &EntityTag) -> bool,
) -> Option<bool> {
    if trim(list) == "*" {
        return Some(current.is_some());
    }
    let mut is_found = false;
    let mut rest = list;
    loop {
        // Empty elements are to be skipped (section 5.6.1.2).
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Some(is_found);
        }
        let (tag, after) = EntityTag::take(rest)?;
        is_found |= current.is_some_and(|current| is_match(&tag, &current.etag));
        rest = trim(after);
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

/// Whether the file was modified in a later second than `value` names. `None` if there is
/// nothing to compare: no file, or no valid date.
fn is_later(current: Option<&Validators>, value: &str) -> Option<bool> {
    Some(second(current?.modified) > date(value)?)
}

/// A valid HTTP date in Unix seconds.
fn date(value: &str) -> Option<u64> {
    httpdate::parse_http_date(value).ok().map(second)
}

/// The second of a time, since HTTP dates know no finer ones, within what they can name.
fn second(time: SystemTime) -> u64 {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since_1970.as_secs().min(LAST_SECOND)
}

/// Without the optional white space (OWS) at both ends: spaces and tabs, nothing else.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests;
