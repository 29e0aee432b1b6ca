//! Tables and a fuzz for ranges: each edge of section 14 is one row.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

const MAX: u64 = u64::MAX;

/// What a header selects, as text: `whole`, `416`, or the ranges as `start..end`.
fn shown(header: &str, size: u64) -> String {
    let text = |range: &ByteRange| format!("{}..{}", range.start(), range.end());
    match select(Some(header), size) {
        Ok(Selection::Whole) => "whole".to_owned(),
        Ok(Selection::One(range)) => text(&range),
        Ok(Selection::Many(ranges)) => ranges.iter().map(text).collect::<Vec<_>>().join(" "),
        Err(Error::BadRange { size: told }) if told == size => "416".to_owned(),
        Err(other) => panic!("{header}: {other:?}"),
    }
}

fn check(rows: &[(&str, u64, &str)]) {
    for (header, size, expected) in rows {
        assert_eq!(shown(header, *size), *expected, "{header:?} of {size}");
    }
}

#[test]
fn one_range_is_cut_to_the_file() {
    check(&[
        ("bytes=0-4", 10, "0..5"),
        ("bytes=0-0", 10, "0..1"),
        ("bytes=9-9", 10, "9..10"),
        ("bytes=0-9", 10, "0..10"),
        ("bytes=0-10", 10, "0..10"),
        ("bytes=0-", 10, "0..10"),
        ("bytes=9-", 10, "9..10"),
        ("bytes=5-999", 10, "5..10"),
        ("bytes=007-008", 10, "7..9"),
        ("bytes=-1", 10, "9..10"),
        ("bytes=-10", 10, "0..10"),
        ("bytes=-001", 10, "9..10"),
        ("bytes=0-0", 1, "0..1"),
        ("BYTES=0-4", 10, "0..5"),
        ("  bytes=0-4\t", 10, "0..5"),
    ]);
}

#[test]
fn a_suffix_range_longer_than_the_file_is_the_whole_file_as_a_range() {
    check(&[
        ("bytes=-11", 10, "0..10"),
        ("bytes=-18446744073709551616", 10, "0..10"),
    ]);
}

#[test]
fn what_lies_beyond_the_end_is_unsatisfiable() {
    check(&[
        ("bytes=10-", 10, "416"),
        ("bytes=10-10", 10, "416"),
        ("bytes=10-20", 10, "416"),
        ("bytes=-0", 10, "416"),
        ("bytes=-000", 10, "416"),
        ("bytes=10-,-0,99-100", 10, "416"),
        ("bytes=99999999999999999999-", 10, "416"),
    ]);
}

#[test]
fn an_invalid_value_is_ignored() {
    check(&[
        ("", 10, "whole"),
        ("bytes", 10, "whole"),
        ("bytes=", 10, "whole"),
        ("bytes=,", 10, "whole"),
        ("bytes= , ,", 10, "whole"),
        ("bytes=-", 10, "whole"),
        ("bytes=4", 10, "whole"),
        ("bytes=4-3", 10, "whole"),
        ("bytes=--3", 10, "whole"),
        ("bytes=1-2-3", 10, "whole"),
        ("bytes=+1-2", 10, "whole"),
        ("bytes=0x1-2", 10, "whole"),
        ("bytes=a-b", 10, "whole"),
        ("bytes=1-b", 10, "whole"),
        ("bytes=1.0-2", 10, "whole"),
        ("bytes=\u{661}-\u{662}", 10, "whole"),
        ("bytes=0 - 4", 10, "whole"),
        ("bytes=0- 4", 10, "whole"),
        ("bytes =0-4", 10, "whole"),
        ("bytes= 0-4", 10, "whole"),
        ("bytes:0-4", 10, "whole"),
        ("bytes=0-4;5-6", 10, "whole"),
        ("bytes=bytes=0-4", 10, "whole"),
        ("bytes=0-1\n", 10, "whole"),
        ("items=0-4", 10, "whole"),
        ("=0-4", 10, "whole"),
        // One invalid member spoils the list, also one that could not be satisfied.
        ("bytes=0-4,x", 10, "whole"),
        ("bytes=0-4,99-98", 10, "whole"),
    ]);
    assert_eq!(select(None, 10).unwrap(), Selection::Whole);
}

#[test]
fn every_range_of_an_empty_file_is_ignored() {
    check(&[
        ("bytes=0-", 0, "whole"),
        ("bytes=0-0", 0, "whole"),
        ("bytes=5-", 0, "whole"),
        ("bytes=-5", 0, "whole"),
        ("bytes=-0", 0, "whole"),
    ]);
}

#[test]
fn numbers_saturate_at_64_bits_and_never_wrap() {
    check(&[
        ("bytes=0-18446744073709551615", 10, "0..10"),
        ("bytes=0-18446744073709551616", 10, "0..10"),
        ("bytes=1-18446744073709551617", 10, "1..10"),
        ("bytes=18446744073709551616-", 10, "416"),
        (
            "bytes=18446744073709551617-18446744073709551616",
            10,
            "whole",
        ),
        (
            "bytes=099999999999999999999-99999999999999999999",
            10,
            "416",
        ),
        ("bytes=0-", MAX, "0..18446744073709551615"),
        (
            "bytes=18446744073709551614-",
            MAX,
            "18446744073709551614..18446744073709551615",
        ),
        ("bytes=18446744073709551615-", MAX, "416"),
        (
            "bytes=-18446744073709551615",
            MAX,
            "0..18446744073709551615",
        ),
        (
            "bytes=4294967296-4294967299",
            1 << 33,
            "4294967296..4294967300",
        ),
    ]);
}

#[test]
fn a_list_keeps_the_order_asked_and_merges_what_nearly_touches() {
    check(&[
        ("bytes=0-9,500-509", 1000, "0..10 500..510"),
        ("bytes=500-509,0-9", 1000, "500..510 0..10"),
        ("bytes=0-0,-1", 1000, "0..1 999..1000"),
        // Empty elements and white space round the commas.
        ("bytes=0-9 ,\t500-509", 1000, "0..10 500..510"),
        ("bytes=,,0-9, ,500-509,", 1000, "0..10 500..510"),
        ("bytes= ,0-9", 1000, "0..10"),
        // Overlapping, doubled, contained, touching.
        ("bytes=0-9,5-14", 1000, "0..15"),
        ("bytes=5-14,0-9", 1000, "0..15"),
        ("bytes=0-9,0-9,0-9", 1000, "0..10"),
        ("bytes=0-99,10-19", 1000, "0..100"),
        ("bytes=0-9,10-19", 1000, "0..20"),
        ("bytes=0-,-5", 1000, "0..1000"),
        // A gap of 79 bytes is sent along, one of 80 is not.
        ("bytes=0-9,89-99", 1000, "0..100"),
        ("bytes=0-9,90-99", 1000, "0..10 90..100"),
        // What is merged stands where its first member was asked.
        ("bytes=500-509,0-9,510-519", 1000, "500..520 0..10"),
        (
            "bytes=900-909,510-519,0-9,500-509",
            1000,
            "900..910 500..520 0..10",
        ),
        // One range joins two others.
        ("bytes=0-9,200-209,5-205", 1000, "0..210"),
        // What lies beyond the end is dropped when another is in the file.
        ("bytes=1000-,0-9", 1000, "0..10"),
        ("bytes=0-9,-0,500-2000", 1000, "0..10 500..1000"),
    ]);
}

#[test]
fn a_list_of_64_members_is_answered_and_one_of_65_is_ignored() {
    let list = |members: usize| {
        let list: Vec<String> = (0..members).map(|n| format!("{0}-{0}", n * 100)).collect();
        format!("bytes={}", list.join(","))
    };
    match select(Some(&list(PARTS_MAX)), 100_000).unwrap() {
        Selection::Many(ranges) => assert_eq!(ranges.len(), PARTS_MAX),
        other => panic!("{other:?}"),
    }
    assert_eq!(shown(&list(PARTS_MAX + 1), 100_000), "whole");
    // Counted as asked: neither merging nor dropping makes a long list acceptable.
    assert_eq!(
        shown(&format!("bytes={}0-0", "0-0,".repeat(64)), 10),
        "whole"
    );
    assert_eq!(
        shown(&format!("bytes={}0-0", "0-0,".repeat(63)), 10),
        "0..1"
    );
    assert_eq!(shown(&format!("bytes={}0-0", ",".repeat(5000)), 10), "0..1");
}

#[test]
fn a_byte_range_cannot_be_empty_or_outside() {
    assert!(ByteRange::new(0, 10, 10).is_some());
    assert!(ByteRange::new(0, 11, 10).is_none());
    assert!(ByteRange::new(5, 5, 10).is_none());
    assert!(ByteRange::new(6, 5, 10).is_none());
    assert!(ByteRange::new(0, 0, 0).is_none());
}

#[test]
fn content_range_names_the_last_byte_and_the_size() {
    let range = ByteRange::new(0, 5, 10).unwrap();
    assert_eq!(content_range(range, 10), "bytes 0-4/10");
    let last = ByteRange::new(MAX - 1, MAX, MAX).unwrap();
    assert_eq!(
        content_range(last, MAX),
        "bytes 18446744073709551614-18446744073709551614/18446744073709551615"
    );
    assert_eq!(unsatisfied(10), "bytes */10");
}

#[test]
fn a_multipart_body_has_the_bytes_and_the_length_it_declares() {
    let file: Vec<u8> = (0..=255).collect();
    let ranges = [
        ByteRange::new(200, 202, 256).unwrap(),
        ByteRange::new(65, 68, 256).unwrap(),
    ];
    let multipart = Multipart::new(0xab, "text/plain; charset=utf-8", &ranges, 256).unwrap();
    let mut body = Vec::new();
    for (head, range) in multipart.parts() {
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(&file[range.start() as usize..range.end() as usize]);
    }
    body.extend_from_slice(multipart.closing().as_bytes());
    let expected = b"--000000000000000000000000000000ab\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\
        Content-Range: bytes 200-201/256\r\n\r\n\
        \xc8\xc9\r\n\
        --000000000000000000000000000000ab\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\
        Content-Range: bytes 65-67/256\r\n\r\n\
        ABC\r\n\
        --000000000000000000000000000000ab--\r\n";
    assert_eq!(body, expected);
    assert_eq!(multipart.content_length(), body.len() as u64);
    assert_eq!(
        multipart.content_type(),
        "multipart/byteranges; boundary=000000000000000000000000000000ab"
    );
}

#[test]
fn a_multipart_body_longer_than_64_bits_can_say_is_none() {
    let size = 1 << 40;
    let [low, high] = [(0, 1 << 33), (1 << 34, size)];
    let ranges = [low, high].map(|(start, end)| ByteRange::new(start, end, size).unwrap());
    let over_4_gib = Multipart::new(1, "video/mp4", &ranges, size).unwrap();
    assert!(over_4_gib.content_length() > ranges[0].length() + ranges[1].length());
    let framing = Multipart::new(1, "a/b", &[], MAX).unwrap().content_length();
    assert_eq!(framing, 40);
    let most = ByteRange::new(0, MAX, MAX).unwrap();
    assert!(Multipart::new(1, "a/b", &[most], MAX).is_none());
}

/// Values near the edges are more likely than a uniform choice would make them.
fn near(random: &mut fastrand::Rng, size: u64) -> u64 {
    match random.u8(0..6) {
        0 => random.u64(..),
        1 => u64::MAX - random.u64(0..3),
        2 => random.u64(0..200),
        3 => size.saturating_sub(random.u64(0..200)),
        4 => size.saturating_add(random.u64(0..3)),
        _ => random.u64(0..=size),
    }
}

fn random_header(random: &mut fastrand::Rng, size: u64) -> String {
    let mut header = "bytes=".to_owned();
    for _ in 0..random.usize(0..70) {
        let (first, last) = (near(random, size), near(random, size));
        match random.u8(0..40) {
            0..8 => header.push_str(&format!("{first}-")),
            8..16 => header.push_str(&format!("-{last}")),
            16 => header.push(' '),
            17 => header.push_str(&format!("{first}{last}-{last}{first}{last}")),
            18 if random.u8(0..20) == 0 => header.push(random.char(..)),
            _ => header.push_str(&format!("{}-{}", first.min(last), first.max(last))),
        }
        header.push(',');
        if random.u8(0..10) == 0 {
            break;
        }
    }
    header
}

#[test]
fn no_header_selects_bytes_outside_the_file_or_any_byte_twice() {
    let mut random = fastrand::Rng::with_seed(9110);
    let mut seen = [0_u32; 4];
    for _ in 0..20_000 {
        let size = match random.u8(0..5) {
            0 => random.u64(0..3),
            1 => u64::MAX - random.u64(0..3),
            2 => random.u64(..),
            _ => random.u64(0..100_000),
        };
        let header = random_header(&mut random, size);
        match select(Some(&header), size) {
            Ok(Selection::Whole) => seen[0] += 1,
            Ok(Selection::One(range)) => {
                seen[1] += 1;
                assert!(
                    range.start() < range.end() && range.end() <= size,
                    "{header}"
                );
            }
            Ok(Selection::Many(ranges)) => {
                seen[2] += 1;
                check_many(&header, &ranges, size);
            }
            Err(error) => {
                seen[3] += 1;
                assert!(matches!(error, Error::BadRange { size: told } if told == size));
            }
        }
    }
    assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
}

fn check_many(header: &str, ranges: &[ByteRange], size: u64) {
    assert!((2..=PARTS_MAX).contains(&ranges.len()), "{header}");
    let mut sorted = ranges.to_vec();
    sorted.sort_by_key(|range| range.start());
    for pair in sorted.windows(2) {
        assert!(pair[1].start() - pair[0].end() >= 80, "{header}");
    }
    assert!(
        sorted.iter().all(|range| range.start() < range.end()),
        "{header}"
    );
    assert!(sorted.last().unwrap().end() <= size, "{header}");
    // Disjoint parts cannot be more than the file; what comes on top is the framing alone.
    let total: u64 = ranges.iter().map(|range| range.length()).sum();
    assert!(total <= size, "{header}");
    if let Some(multipart) = Multipart::new(7, "text/plain", ranges, size) {
        assert!(multipart.content_length() - total < 200 * (ranges.len() as u64 + 1));
    }
}
