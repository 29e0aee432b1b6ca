//! The tar format: what stands in a plain header, and when there is an extended one before it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

fn file(name: &[u8]) -> Member<'_> {
    Member {
        name,
        is_folder: false,
        size: 5,
        modified_s: 1_709_210_096,
    }
}

fn written(member: &Member<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    header(&mut out, member);
    assert_eq!(out.len() % BLOCK_BYTES, 0);
    out
}

/// The records before a header, as text, and the header.
fn taken_apart(member: &Member<'_>) -> (String, Vec<u8>) {
    let out = written(member);
    let (extended, plain) = out.split_at(out.len() - BLOCK_BYTES);
    for block in [plain, &extended[..extended.len().min(BLOCK_BYTES)]] {
        if !block.is_empty() {
            assert_checksum(block);
        }
    }
    let records = extended.get(BLOCK_BYTES..).unwrap_or_default();
    let length = match extended.get(124..135) {
        Some(digits) => usize::from_str_radix(str::from_utf8(digits).unwrap(), 8).unwrap(),
        None => 0,
    };
    assert!(records[length..].iter().all(|byte| *byte == 0));
    let text = String::from_utf8_lossy(&records[..length]).into_owned();
    (text, plain.to_vec())
}

fn assert_checksum(block: &[u8]) {
    let field = str::from_utf8(&block[148..154]).unwrap();
    let sum = block.iter().map(|byte| u32::from(*byte)).sum::<u32>()
        - block[148..156].iter().map(|b| u32::from(*b)).sum::<u32>()
        + 8 * u32::from(b' ');
    assert_eq!(u32::from_str_radix(field, 8).unwrap(), sum);
}

#[test]
fn a_plain_member_is_one_block() {
    let (records, block) = taken_apart(&file(b"a.txt"));
    assert_eq!(records, "");
    assert_eq!(&block[..6], b"a.txt\0");
    assert_eq!(&block[100..108], b"0000644\0");
    assert_eq!(&block[124..136], b"00000000005\0");
    assert_eq!(&block[136..148], b"14570074760\0");
    assert_eq!(block[156], b'0');
    assert_eq!(&block[257..265], b"ustar\x0000");
    let folder = Member {
        is_folder: true,
        size: 0,
        ..file(b"a")
    };
    let (_, block) = taken_apart(&folder);
    assert_eq!((&block[..3], block[156]), (&b"a/\0"[..], b'5'));
    assert_eq!(&block[100..107], b"0000755");
}

#[test]
fn names_that_do_not_fit_are_in_an_extended_header() {
    let (fits, long) = ("n".repeat(100), "n".repeat(101));
    for (name, records) in [
        (fits.as_bytes(), String::new()),
        (long.as_bytes(), format!("111 path={long}\n")),
        ("ü".as_bytes(), "11 path=ü\n".into()),
        (b"caf\xe9", String::new()),
        (b"new\nline", String::new()),
        (
            &[b'\xe9'; 101],
            format!(
                "21 hdrcharset=BINARY\n111 path={}\n",
                "\u{fffd}".repeat(101)
            ),
        ),
    ] {
        let (found, block) = taken_apart(&file(name));
        assert_eq!(found, records);
        assert_eq!(&block[..name.len().min(100)], &name[..name.len().min(100)]);
    }
    let folder = Member {
        is_folder: true,
        ..file(fits.as_bytes())
    };
    assert_eq!(taken_apart(&folder).0, format!("111 path={fits}/\n"));
}

#[test]
fn numbers_that_do_not_fit_are_in_an_extended_header() {
    for (size, modified_s, records) in [
        (OCTAL_MAX, 0, ""),
        (OCTAL_MAX + 1, 0, "19 size=8589934592\n"),
        (0, 0o777_7777_7777, ""),
        (0, 0o1_0000_0000_0000, "21 mtime=68719476736\n"),
        (0, -1, "12 mtime=-1\n"),
    ] {
        let member = Member {
            size,
            modified_s,
            ..file(b"a")
        };
        assert_eq!(taken_apart(&member).0, records, "{size} {modified_s}");
    }
}

#[test]
fn a_record_counts_its_own_digits() {
    for length in 0..2000 {
        let mut record = Vec::new();
        push_record(&mut record, "k", &vec![b'v'; length]);
        let text = String::from_utf8(record).unwrap();
        let digits = text.split(' ').next().unwrap();
        assert_eq!(digits.parse::<usize>().unwrap(), text.len());
    }
}

#[test]
fn a_content_is_padded_to_the_next_block() {
    for (size, bytes) in [
        (0, 0),
        (1, 511),
        (511, 1),
        (512, 0),
        (513, 511),
        (1 << 40, 0),
    ] {
        assert_eq!(padding(size).len(), bytes, "{size}");
    }
}
