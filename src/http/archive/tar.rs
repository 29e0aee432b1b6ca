//! The tar format: `ustar` headers, and before them an extended header for what they cannot hold
//! (POSIX.1-2017, pax interchange format): long names, names beyond ASCII, files of 8 GiB and
//! more, times before 1970.
//!
//! A member is its header, its content and zeros up to the next block of 512 bytes. Names are
//! exact, also where they are not UTF-8.

use super::Member;

const BLOCK_BYTES: usize = 512;
/// The longest name of a plain header. Its field for a prefix is of no use with pax.
const NAME_BYTES_MAX: usize = 100;
/// The largest number of 11 octal digits: 8 GiB - 1, or a time in the year 2242.
const OCTAL_MAX: u64 = 0o777_7777_7777;
/// Two blocks of zeros end an archive.
pub const END: [u8; 2 * BLOCK_BYTES] = [0; 2 * BLOCK_BYTES];

/// Appends what stands before a member's content.
pub fn header(out: &mut Vec<u8>, member: &Member<'_>) {
    let mut name = member.name.to_vec();
    if member.is_folder {
        name.push(b'/');
    }
    let modified_s = u64::try_from(member.modified_s).ok();
    let mut records = Vec::new();
    if name.len() > NAME_BYTES_MAX || (!name.is_ascii() && std::str::from_utf8(&name).is_ok()) {
        if std::str::from_utf8(&name).is_err() {
            push_record(&mut records, "hdrcharset", b"BINARY");
        }
        push_record(&mut records, "path", &name);
    }
    if member.size > OCTAL_MAX {
        push_record(&mut records, "size", member.size.to_string().as_bytes());
    }
    if modified_s.is_none_or(|s| s > OCTAL_MAX) {
        let text = member.modified_s.to_string();
        push_record(&mut records, "mtime", text.as_bytes());
    }
    let modified_s = modified_s.unwrap_or(0);
    if !records.is_empty() {
        let size = records.len() as u64;
        push_header(out, b"PaxHeader", b'x', 0o644, size, modified_s);
        out.extend_from_slice(&records);
        out.extend_from_slice(padding(size));
    }
    let kind = if member.is_folder { b'5' } else { b'0' };
    push_header(out, &name, kind, member.mode(), member.size, modified_s);
}

/// What stands behind a content of so many bytes.
pub fn padding(size: u64) -> &'static [u8] {
    const ZEROS: [u8; BLOCK_BYTES] = [0; BLOCK_BYTES];
    let over = (size % BLOCK_BYTES as u64) as usize;
    &ZEROS[..(BLOCK_BYTES - over) % BLOCK_BYTES]
}

/// A record of an extended header: its own length in decimal, a space, `key=value`, a line end.
fn push_record(out: &mut Vec<u8>, key: &str, value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    // The length counts its own digits, so that it may need one more than it seems to.
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length += 1;
    }
    out.extend_from_slice(format!("{length} {key}=").as_bytes());
    out.extend_from_slice(value);
    out.push(b'\n');
}

/// A `ustar` header. What does not fit is cut or held to its maximum; an extended header that
/// went before has it whole.
fn push_header(out: &mut Vec<u8>, name: &[u8], kind: u8, mode: u32, size: u64, modified_s: u64) {
    let mut block = [0; BLOCK_BYTES];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &name[..name.len().min(NAME_BYTES_MAX)]);
    put(100, format!("{mode:07o}").as_bytes());
    // User and group 0, without names: the share has none to tell.
    put(108, b"0000000");
    put(116, b"0000000");
    put(124, format!("{:011o}", size.min(OCTAL_MAX)).as_bytes());
    put(
        136,
        format!("{:011o}", modified_s.min(OCTAL_MAX)).as_bytes(),
    );
    // The checksum is taken with spaces in its own field.
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar");
    put(263, b"00");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    out.extend_from_slice(&block);
}

#[cfg(test)]
mod tests;
