//! The zip format (PKWARE's APPNOTE 6.3.10), as much of it as members need that are stored, not
//! compressed, and whose CRC is only known once their content has been sent.
//!
//! A local header tells the sizes, which are known, and leaves the CRC to the data descriptor
//! behind the content (bit 3). That is what readers of the central directory ignore and what
//! readers of a pipe need. Numbers that do not fit 32 bits, or 16 for the count of members, are
//! in ZIP64 fields; where all fit there are none, for the sake of old readers.

use super::Member;

const LOCAL: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END64: u32 = 0x0606_4b50;
const LOCATOR64: u32 = 0x0706_4b50;
const END: u32 = 0x0605_4b50;

/// The number stands in a ZIP64 field (section 4.5.3).
const SEE_ZIP64: u32 = u32::MAX;
/// Versions of the format: 2.0 has folders and descriptors, 4.5 has ZIP64 (section 4.4.3).
const VERSION: u16 = 20;
const VERSION_ZIP64: u16 = 45;
/// Made on Unix, so that the upper half of the attributes is a mode (section 4.4.2).
const MADE_ON_UNIX: u16 = 3 << 8 | VERSION_ZIP64;
/// The CRC follows the content (section 4.4.4, bit 3).
const FLAG_DESCRIPTOR: u16 = 1 << 3;
/// The name is UTF-8 (bit 11).
const FLAG_UTF8: u16 = 1 << 11;
/// Extra fields: ZIP64 numbers, and Info-ZIP's time in seconds since 1970, UTC.
const EXTRA_ZIP64: u16 = 0x0001;
const EXTRA_TIME: u16 = 0x5455;

/// Appends what stands before a member's content.
pub fn local_header(out: &mut Vec<u8>, member: &Member<'_>) {
    let is_long = !fits(member.size);
    let size = short(member.size);
    push32(out, LOCAL);
    push_traits(out, member, is_long);
    // Zero stands for "see the descriptor"; of an empty member it is the CRC itself.
    push32(out, 0);
    push32(out, size);
    push32(out, size);
    let mut extra = time_field(member);
    if is_long {
        push_zip64(&mut extra, &[member.size, member.size]);
    }
    push_name_and_extra(out, member, &extra, &[]);
}

/// Appends what stands behind a member's content: nothing for an empty one.
pub fn descriptor(out: &mut Vec<u8>, member: &Member<'_>, crc32: u32) {
    if !has_descriptor(member) {
        return;
    }
    push32(out, DESCRIPTOR);
    push32(out, crc32);
    for _compressed_then_plain in 0..2 {
        if fits(member.size) {
            push32(out, short(member.size));
        } else {
            push64(out, member.size);
        }
    }
}

/// Appends a member's entry in the central directory. Its local header lies at `offset`.
pub fn central_header(out: &mut Vec<u8>, member: &Member<'_>, crc32: u32, offset: u64) {
    let numbers = [member.size, member.size, offset];
    let long: Vec<u64> = numbers.into_iter().filter(|n| !fits(*n)).collect();
    push32(out, CENTRAL);
    push16(out, MADE_ON_UNIX);
    push_traits(out, member, !long.is_empty());
    push32(out, crc32);
    push32(out, short(member.size));
    push32(out, short(member.size));
    let mut extra = time_field(member);
    if !long.is_empty() {
        push_zip64(&mut extra, &long);
    }
    let (kind, is_dos_folder) = match member.is_folder {
        true => (0o040_000, 0x10),
        false => (0o100_000, 0),
    };
    // No comment, the first disk, and content of no known kind.
    let mut rest = vec![0; 6];
    push32(&mut rest, (kind | member.mode()) << 16 | is_dos_folder);
    push32(&mut rest, short(offset));
    push_name_and_extra(out, member, &extra, &rest);
}

/// Appends what ends the archive. The directory lies at `offset` and is `bytes` long.
pub fn end(out: &mut Vec<u8>, members: u64, bytes: u64, offset: u64) {
    let short_members = u16::try_from(members).unwrap_or(u16::MAX);
    if short_members == u16::MAX || !fits(bytes) || !fits(offset) {
        push32(out, END64);
        // The size of the rest of this record.
        push64(out, 44);
        push16(out, MADE_ON_UNIX);
        push16(out, VERSION_ZIP64);
        push64(out, 0);
        for number in [members, members, bytes, offset] {
            push64(out, number);
        }
        push32(out, LOCATOR64);
        push32(out, 0);
        push64(out, offset + bytes);
        push32(out, 1);
    }
    push32(out, END);
    push32(out, 0);
    push16(out, short_members);
    push16(out, short_members);
    push32(out, short(bytes));
    push32(out, short(offset));
    push16(out, 0);
}

/// An empty member's CRC is known: it is 0.
fn has_descriptor(member: &Member<'_>) -> bool {
    member.size > 0
}

fn fits(number: u64) -> bool {
    number < u64::from(SEE_ZIP64)
}

fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(SEE_ZIP64)
}

/// From the version to the time: what both headers of a member have in common.
fn push_traits(out: &mut Vec<u8>, member: &Member<'_>, is_zip64: bool) {
    let mut flags = 0;
    if has_descriptor(member) {
        flags |= FLAG_DESCRIPTOR;
    }
    if std::str::from_utf8(member.name).is_ok() {
        flags |= FLAG_UTF8;
    }
    push16(out, if is_zip64 { VERSION_ZIP64 } else { VERSION });
    push16(out, flags);
    // Stored.
    push16(out, 0);
    let (date, time) = dos_time(member.modified_s);
    push16(out, time);
    push16(out, date);
}

/// Both lengths, what stands between them and the name, the name, the extra fields.
fn push_name_and_extra(out: &mut Vec<u8>, member: &Member<'_>, extra: &[u8], between: &[u8]) {
    let name = archive_name(member);
    // Paths are at most 4,096 bytes, each tripled at worst, and extra fields a few dozen.
    push16(out, u16::try_from(name.len()).unwrap_or(u16::MAX));
    push16(out, u16::try_from(extra.len()).unwrap_or(u16::MAX));
    out.extend_from_slice(between);
    out.extend_from_slice(&name);
    out.extend_from_slice(extra);
}

/// The name as it stands in the archive, with a slash behind that of a folder.
///
/// On Windows a backslash would become a path separator, and `..\x` would lead out of the folder
/// that is being extracted to. It becomes U+FF3C, which looks the same and is a letter everywhere.
/// No two names may become one: before U+FF3C and what became one, U+201B is an escape, doubled
/// where it stood already. This is how rclone writes such names, too.
fn archive_name(member: &Member<'_>) -> Vec<u8> {
    const LOOKALIKE: &[u8] = "\u{ff3c}".as_bytes();
    const ESCAPE: &[u8] = "\u{201b}".as_bytes();
    let mut name = Vec::with_capacity(member.name.len() + 1);
    let mut rest = member.name;
    let mut escapes = 0;
    while let Some((&byte, tail)) = rest.split_first() {
        let is_lookalike = rest.starts_with(LOOKALIKE);
        if byte == b'\\' || is_lookalike {
            for _ in 0..escapes + usize::from(is_lookalike) {
                name.extend_from_slice(ESCAPE);
            }
            name.extend_from_slice(LOOKALIKE);
            rest = if is_lookalike {
                &rest[LOOKALIKE.len()..]
            } else {
                tail
            };
            escapes = 0;
        } else if rest.starts_with(ESCAPE) {
            name.extend_from_slice(ESCAPE);
            rest = &rest[ESCAPE.len()..];
            escapes += 1;
        } else {
            name.push(byte);
            rest = tail;
            escapes = 0;
        }
    }
    if member.is_folder {
        name.push(b'/');
    }
    name
}

/// Info-ZIP's extended timestamp, the last change alone; none where it has no number for it.
fn time_field(member: &Member<'_>) -> Vec<u8> {
    let mut field = Vec::with_capacity(32);
    if let Ok(seconds) = i32::try_from(member.modified_s) {
        push16(&mut field, EXTRA_TIME);
        push16(&mut field, 5);
        field.push(1);
        field.extend_from_slice(&seconds.to_le_bytes());
    }
    field
}

fn push_zip64(out: &mut Vec<u8>, numbers: &[u64]) {
    push16(out, EXTRA_ZIP64);
    push16(out, u16::try_from(8 * numbers.len()).unwrap_or(u16::MAX));
    for number in numbers {
        push64(out, *number);
    }
}

/// Date and time as MS-DOS has them (section 4.4.6), in UTC, held to the years that it knows. Who
/// can read the extended timestamp does not look at them.
fn dos_time(unix_s: i64) -> (u16, u16) {
    /// 1980-01-01T00:00:00Z and 2107-12-31T23:59:58Z.
    const FIRST_S: i64 = 315_532_800;
    const LAST_S: i64 = 4_354_819_198;
    let seconds = unix_s.clamp(FIRST_S, LAST_S);
    let (mut days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Both loops are short: at most 138 years and 12 months.
    let mut year = 1970;
    while days >= 365 + leap_day(year) {
        days -= 365 + leap_day(year);
        year += 1;
    }
    let months = [
        31,
        28 + leap_day(year),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 1;
    for length in months {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let date = (year - 1980) << 9 | month << 5 | (days + 1);
    let time = (second / 3600) << 11 | (second / 60 % 60) << 5 | (second % 60 / 2);
    (
        u16::try_from(date).unwrap_or(0),
        u16::try_from(time).unwrap_or(0),
    )
}

fn leap_day(year: i64) -> i64 {
    i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
}

fn push16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn push32(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn push64(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&number.to_le_bytes());
}

#[cfg(test)]
mod tests;
