//! The zip format byte by byte: what real readers do not complain about may still be wrong.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::HashMap;

use super::*;

/// 2024-02-29T12:34:56Z.
const LEAP_S: i64 = 1_709_210_096;

fn file(name: &[u8], size: u64) -> Member<'_> {
    Member {
        name,
        is_folder: false,
        size,
        modified_s: LEAP_S,
    }
}

fn bytes(append: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    append(&mut out);
    out
}

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let mut wide = [0; 8];
    wide[..length].copy_from_slice(&bytes[at..at + length]);
    u64::from_le_bytes(wide)
}

#[test]
fn a_small_member_is_the_same_bytes_as_ever() {
    let member = file("ü".as_bytes(), 3);
    let traits = b"\x14\0\x08\x08\0\0\x5c\x64\x5d\x58";
    let time = b"UT\x05\0\x01\xf0\x79\xe0\x65";
    let local = [
        &b"PK\x03\x04"[..],
        traits,
        b"\0\0\0\0\x03\0\0\0\x03\0\0\0\x02\0\x09\0",
        "ü".as_bytes(),
        time,
    ];
    assert_eq!(bytes(|out| local_header(out, &member)), local.concat());
    assert_eq!(
        bytes(|out| descriptor(out, &member, 0x0403_0201)),
        b"PK\x07\x08\x01\x02\x03\x04\x03\0\0\0\x03\0\0\0"
    );
    let central = [
        &b"PK\x01\x02\x2d\x03"[..],
        traits,
        b"\x01\x02\x03\x04\x03\0\0\0\x03\0\0\0\x02\0\x09\0\0\0\0\0\0\0\0\0\xa4\x81\x05\0\0\0",
        "ü".as_bytes(),
        time,
    ];
    let found = bytes(|out| central_header(out, &member, 0x0403_0201, 5));
    assert_eq!(found, central.concat());
    assert_eq!(
        bytes(|out| end(out, 1, 57, 60)),
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x39\0\0\0\x3c\0\0\0\0\0"
    );
}

#[test]
fn a_folder_and_an_empty_file_have_no_descriptor() {
    let folder = Member {
        is_folder: true,
        ..file(b"a", 0)
    };
    for (member, name, attributes) in [
        (folder, &b"a/"[..], 0o040_755 << 16 | 0x10),
        (file(b"a", 0), b"a", 0o100_644 << 16),
    ] {
        assert!(bytes(|out| descriptor(out, &member, 0)).is_empty());
        let local = bytes(|out| local_header(out, &member));
        assert_eq!(number(&local, 6, 2), u64::from(FLAG_UTF8));
        assert_eq!(&local[30..local.len() - 9], name);
        let central = bytes(|out| central_header(out, &member, 0, 0));
        assert_eq!(number(&central, 38, 4), attributes);
    }
}

#[test]
fn sizes_of_four_gigabytes_less_one_and_more_are_in_zip64_fields() {
    for (size, is_long) in [
        (u64::from(u32::MAX) - 1, false),
        (u32::MAX.into(), true),
        (1 << 32, true),
        (1 << 50, true),
    ] {
        let member = file(b"a", size);
        let local = bytes(|out| local_header(out, &member));
        let tail = bytes(|out| descriptor(out, &member, 7));
        let central = bytes(|out| central_header(out, &member, 7, 0));
        let length = if is_long { 8 } else { 4 };
        assert_eq!(tail.len(), 8 + 2 * length, "{size}");
        assert_eq!(number(&tail, 8, length), size);
        assert_eq!(number(&tail, 8 + length, length), size);
        let version = if is_long { 45 } else { 20 };
        assert_eq!(number(&local, 4, 2), version, "{size}");
        assert_eq!(number(&central, 6, 2), version, "{size}");
        if is_long {
            assert_eq!(number(&local, 18, 8), u64::MAX, "{size}");
            assert_eq!(number(&central, 20, 8), u64::MAX, "{size}");
            for header in [&local, &central] {
                let extra = &header[header.len() - 20..];
                assert_eq!((number(extra, 0, 2), number(extra, 2, 2)), (1, 16));
                assert_eq!((number(extra, 4, 8), number(extra, 12, 8)), (size, size));
            }
        } else {
            assert_eq!(number(&local, 18, 4), size);
            assert_eq!(number(&central, 20, 4), size);
        }
    }
}

#[test]
fn an_offset_alone_that_is_long_has_a_zip64_field_alone() {
    for (offset, is_long) in [(u64::from(u32::MAX) - 1, false), (u32::MAX.into(), true)] {
        let central = bytes(|out| central_header(out, &file(b"a", 3), 7, offset));
        assert_eq!(number(&central, 42, 4), offset.min(u32::MAX.into()));
        assert_eq!(number(&central, 20, 4), 3);
        let fields = if is_long { 9 + 12 } else { 9 };
        assert_eq!(number(&central, 30, 2), fields);
        if is_long {
            let extra = &central[central.len() - 12..];
            assert_eq!((number(extra, 2, 2), number(extra, 4, 8)), (8, offset));
        }
    }
}

#[test]
fn the_end_has_zip64_records_when_any_number_needs_them() {
    let most = u64::from(u32::MAX);
    for (members, bytes_, offset, is_long) in [
        (0, 0, 0, false),
        (65_534, most - 1, most - 1, false),
        (65_535, 1, 2, true),
        (65_536, 1, 2, true),
        (1, most, 2, true),
        (1, 2, most, true),
    ] {
        let found = bytes(|out| end(out, members, bytes_, offset));
        assert_eq!(found.len(), if is_long { 56 + 20 + 22 } else { 22 });
        let short = &found[found.len() - 22..];
        assert_eq!(number(short, 8, 2), members.min(65_535));
        assert_eq!(number(short, 12, 4), bytes_.min(most));
        assert_eq!(number(short, 16, 4), offset.min(most));
        if is_long {
            assert_eq!(number(&found, 4, 8), 44);
            let numbers = [24, 32, 40, 48].map(|at| number(&found, at, 8));
            assert_eq!(numbers, [members, members, bytes_, offset]);
            assert_eq!(&found[56..60], b"PK\x06\x07");
            assert_eq!(number(&found, 64, 8), offset + bytes_);
        }
    }
}

#[test]
fn names_that_are_not_utf8_do_not_claim_to_be() {
    for (name, is_utf8) in [(&b"a"[..], true), (b"caf\xe9", false), (b"\xc3\xa9", true)] {
        let local = bytes(|out| local_header(out, &file(name, 1)));
        assert_eq!(number(&local, 6, 2) & u64::from(FLAG_UTF8) != 0, is_utf8);
        assert_eq!(&local[30..30 + name.len()], name);
    }
}

#[test]
fn a_backslash_becomes_what_looks_like_it() {
    for (name, written) in [
        ("plain", "plain"),
        (r"a\b", "a＼b"),
        (r"..\..\x", "..＼..＼x"),
        ("a＼b", "a‛＼b"),
        ("a‛b", "a‛b"),
        (r"a‛\b", "a‛‛＼b"),
        ("a‛＼b", "a‛‛‛＼b"),
        (r"\\", "＼＼"),
    ] {
        let found = archive_name(&file(name.as_bytes(), 0));
        assert_eq!(String::from_utf8(found).unwrap(), written, "{name}");
    }
}

#[test]
fn no_two_names_become_one() {
    let mut random = fastrand::Rng::with_seed(4533);
    let mut seen: HashMap<Vec<u8>, String> = HashMap::new();
    for _ in 0..50_000 {
        let length = random.usize(1..8);
        let name: String = (0..length)
            .map(|_| random.choice(['\\', '＼', '‛', 'a']).unwrap())
            .collect();
        let written = archive_name(&file(name.as_bytes(), 0));
        assert!(!written.contains(&b'\\'), "{name}");
        let first = seen.entry(written).or_insert_with(|| name.clone());
        assert_eq!(*first, name);
    }
}

#[test]
fn times_are_those_of_the_calendar_held_to_what_dos_knows() {
    let date = |y: u16, m: u16, d: u16| (y - 1980) << 9 | m << 5 | d;
    let time = |h: u16, m: u16, s: u16| h << 11 | m << 5 | (s / 2);
    for (unix_s, expected) in [
        (LEAP_S, (date(2024, 2, 29), time(12, 34, 56))),
        (951_782_400, (date(2000, 2, 29), 0)),
        (951_868_799, (date(2000, 2, 29), time(23, 59, 58))),
        (951_868_800, (date(2000, 3, 1), 0)),
        (1_735_689_599, (date(2024, 12, 31), time(23, 59, 58))),
        (4_107_542_400, (date(2100, 3, 1), 0)),
        (315_532_800, (date(1980, 1, 1), 0)),
        (315_532_799, (date(1980, 1, 1), 0)),
        (0, (date(1980, 1, 1), 0)),
        (-1, (date(1980, 1, 1), 0)),
        (i64::MIN, (date(1980, 1, 1), 0)),
        (4_354_819_199, (date(2107, 12, 31), time(23, 59, 58))),
        (i64::MAX, (date(2107, 12, 31), time(23, 59, 58))),
    ] {
        assert_eq!(dos_time(unix_s), expected, "{unix_s}");
    }
}

#[test]
fn the_exact_time_is_left_out_where_it_has_no_number() {
    for (modified_s, fields) in [
        (i64::from(i32::MAX), 9),
        (i64::from(i32::MAX) + 1, 0),
        (i64::from(i32::MIN), 9),
        (i64::from(i32::MIN) - 1, 0),
    ] {
        let member = Member {
            modified_s,
            ..file(b"a", 1)
        };
        assert_eq!(time_field(&member).len(), fields, "{modified_s}");
    }
}
