//! Tables and a fuzz for conditional requests: each edge of section 13 is one row.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::Access::{Read, Write};
use super::Verdict::{NotModified, PreconditionFailed as Failed, Proceed};
use super::*;

const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const EXACT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
const EXACT_S: u64 = 784_111_777;

fn at(seconds: u64, nanoseconds: u32) -> SystemTime {
    UNIX_EPOCH + Duration::new(seconds, nanoseconds)
}

/// The file of all tables: tag `"abc"`, modified in the last nanosecond of the second `EXACT`.
fn current() -> Validators {
    Validators {
        etag: EntityTag::parse("\"abc\"").unwrap(),
        modified: at(EXACT_S, 999_999_999),
    }
}

/// Holds the verdicts on a read and a write of that file, and on a write where nothing stands.
fn check(conditions: Conditions<'_>, expected: [Verdict; 3]) {
    let (file, nothing) = (Some(&current()), None);
    let verdicts = [(Read, file), (Write, file), (Write, nothing)]
        .map(|(access, current)| evaluate(&conditions, access, current));
    assert_eq!(verdicts, expected, "{conditions:?}");
}

/// The headers If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since, the order in
/// which they are evaluated; `-` for none.
fn headers(values: [&str; 4]) -> Conditions<'_> {
    let [
        if_match,
        if_unmodified_since,
        if_none_match,
        if_modified_since,
    ] = values.map(|value| (value != "-").then_some(value));
    Conditions {
        if_match,
        if_none_match,
        if_modified_since,
        if_unmodified_since,
    }
}

fn if_match(list: &str) -> Conditions<'_> {
    headers([list, "-", "-", "-"])
}

fn if_none_match(list: &str) -> Conditions<'_> {
    headers(["-", "-", list, "-"])
}

fn if_modified_since(date: &str) -> Conditions<'_> {
    headers(["-", "-", "-", date])
}

fn if_unmodified_since(date: &str) -> Conditions<'_> {
    headers(["-", date, "-", "-"])
}

#[test]
fn without_conditions_everything_proceeds() {
    check(Conditions::default(), [Proceed, Proceed, Proceed]);
}

/// Each row: a list, whether the file is in it by strong and by weak comparison; `None` for
/// malformed.
const LISTS: &[(&str, Option<(bool, bool)>)] = &[
    ("\"abc\"", Some((true, true))),
    ("W/\"abc\"", Some((false, true))),
    ("\"abd\"", Some((false, false))),
    ("\"ABC\"", Some((false, false))),
    ("\"\"", Some((false, false))),
    ("*", Some((true, true))),
    ("\t* ", Some((true, true))),
    // A quoted star is a tag like any other.
    ("\"*\"", Some((false, false))),
    ("\"x\", \"abc\"", Some((true, true))),
    ("\"x\",W/\"abc\",\"y\"", Some((false, true))),
    ("\"abc\"\t,  \"x\"", Some((true, true))),
    (",, \"abc\" , ,", Some((true, true))),
    // A comma inside a tag does not end it.
    ("\"x,\"", Some((false, false))),
    ("\"x,y\",\"abc\"", Some((true, true))),
    ("\",abc,\"", Some((false, false))),
    // There is no escape: the backslash is a character of the first tag.
    ("\"\\\", \"abc\"", Some((true, true))),
    ("\"\u{fc}\", \"abc\"", Some((true, true))),
    // An empty list is valid and lists nothing.
    ("", Some((false, false))),
    (" , ", Some((false, false))),
    ("abc", None),
    ("\"abc", None),
    ("abc\"", None),
    ("w/\"abc\"", None),
    ("W/ \"abc\"", None),
    ("W\"abc\"", None),
    ("'abc'", None),
    ("\"abc\" \"x\"", None),
    ("\"abc\"\"x\"", None),
    ("\"abc\"; \"x\"", None),
    ("\"abc\", *", None),
    ("*, \"abc\"", None),
    ("**", None),
    ("\"abc\", x", None),
    ("\"abc\", \"x", None),
    ("\"a b\", \"abc\"", None),
    ("\"a\x7f\", \"abc\"", None),
    ("\"a\tb\", \"abc\"", None),
    ("\u{a0}\"abc\"", None),
];

#[test]
fn if_match_holds_by_strong_comparison_and_never_when_malformed() {
    for (list, matched) in LISTS {
        let holds = matched.is_some_and(|(strong, _)| strong);
        let verdict = if holds { Proceed } else { Failed };
        check(if_match(list), [verdict, verdict, Failed]);
    }
}

#[test]
fn if_none_match_compares_weakly_and_a_malformed_one_protects_the_file() {
    for (list, matched) in LISTS {
        let (read, write) = match matched {
            Some((_, true)) => (NotModified, Failed),
            Some((_, false)) => (Proceed, Proceed),
            None => (Proceed, Failed),
        };
        // Whatever it was meant to say, it holds where nothing stands.
        check(if_none_match(list), [read, write, Proceed]);
    }
}

#[test]
fn a_weak_tag_of_the_file_itself_is_never_the_same() {
    let weak = Validators {
        etag: EntityTag::parse("W/\"abc\"").unwrap(),
        ..current()
    };
    for list in ["\"abc\"", "W/\"abc\""] {
        let verdict = |conditions| evaluate(&conditions, Read, Some(&weak));
        assert_eq!(verdict(if_match(list)), Failed);
        assert_eq!(verdict(if_none_match(list)), NotModified);
    }
}

#[test]
fn dates_are_compared_by_the_second() {
    let rows: &[(&str, Verdict, Verdict)] = &[
        // The date, and the verdict of a read with If-Modified-Since and If-Unmodified-Since.
        (BEFORE, Proceed, Failed),
        (EXACT, NotModified, Proceed),
        (AFTER, NotModified, Proceed),
        ("Sunday, 06-Nov-94 08:49:37 GMT", NotModified, Proceed),
        ("Sun Nov  6 08:49:37 1994", NotModified, Proceed),
        ("Fri, 31 Dec 9999 23:59:59 GMT", NotModified, Proceed),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Proceed, Failed),
        // Dates that are not valid say nothing, whichever way they would have pointed.
        ("", Proceed, Proceed),
        ("0", Proceed, Proceed),
        ("784111777", Proceed, Proceed),
        ("tomorrow", Proceed, Proceed),
        ("1994-11-06T08:49:37Z", Proceed, Proceed),
        ("Mon, 06 Nov 1994 08:49:37 GMT", Proceed, Proceed),
        ("Sun, 06 Nov 1994 08:49:37 UTC", Proceed, Proceed),
        ("Sun, 06 Nov 1994 08:49:37", Proceed, Proceed),
        ("Sun, 32 Nov 1994 08:49:37 GMT", Proceed, Proceed),
        ("Fri, 01 Jan 1960 00:00:00 GMT", Proceed, Proceed),
        ("Sat, 00 Jan 0000 00:00:00 GMT", Proceed, Proceed),
        (
            "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
            Proceed,
            Proceed,
        ),
        ("Sun, 06 Nov 1994 08:49:37 \u{fc}MT", Proceed, Proceed),
    ];
    for (date, modified, unmodified) in rows {
        // A write is never answered by 304, and what does not stand was never modified.
        check(if_modified_since(date), [*modified, Proceed, Proceed]);
        check(
            if_unmodified_since(date),
            [*unmodified, *unmodified, Proceed],
        );
    }
}

#[test]
fn conditions_are_evaluated_in_the_order_of_the_rfc() {
    let (abc, other, bad) = ("\"abc\"", "\"x\"", "x");
    // Each row: the headers, the verdict of a read and of a write.
    let rows: &[([&str; 4], Verdict, Verdict)] = &[
        // If-Match makes If-Unmodified-Since meaningless, both ways.
        ([abc, BEFORE, "-", "-"], Proceed, Proceed),
        ([other, AFTER, "-", "-"], Failed, Failed),
        ([bad, AFTER, "-", "-"], Failed, Failed),
        // If-None-Match makes If-Modified-Since meaningless, both ways and when malformed.
        (["-", "-", abc, BEFORE], NotModified, Failed),
        (["-", "-", other, AFTER], Proceed, Proceed),
        (["-", "-", "", AFTER], Proceed, Proceed),
        (["-", "-", bad, AFTER], Proceed, Failed),
        // The first pair decides first; 412 goes before 304.
        ([other, "-", abc, "-"], Failed, Failed),
        ([abc, "-", abc, "-"], NotModified, Failed),
        ([abc, "-", other, "-"], Proceed, Proceed),
        ([abc, "-", "-", AFTER], NotModified, Proceed),
        (["-", BEFORE, abc, "-"], Failed, Failed),
        (["-", AFTER, abc, "-"], NotModified, Failed),
        (["-", BEFORE, "-", AFTER], Failed, Failed),
        (["-", EXACT, "-", EXACT], NotModified, Proceed),
        (["-", "soon", "-", EXACT], NotModified, Proceed),
        ([abc, BEFORE, other, AFTER], Proceed, Proceed),
        ([abc, BEFORE, abc, BEFORE], NotModified, Failed),
    ];
    for (values, read, write) in rows {
        let conditions = headers(*values);
        let verdict = |access| evaluate(&conditions, access, Some(&current()));
        assert_eq!(
            [verdict(Read), verdict(Write)],
            [*read, *write],
            "{values:?}"
        );
    }
}

#[test]
fn if_range_wants_the_same_tag_or_the_exact_date() {
    let rows = [
        ("\"abc\"", true),
        (" \"abc\"\t", true),
        ("W/\"abc\"", false),
        ("\"abd\"", false),
        ("\"abc\", \"abc\"", false),
        ("\"abc", false),
        ("abc", false),
        ("*", false),
        ("", false),
        (EXACT, true),
        ("Sunday, 06-Nov-94 08:49:37 GMT", true),
        (BEFORE, false),
        (AFTER, false),
        ("Mon, 06 Nov 1994 08:49:37 GMT", false),
    ];
    let later = at(EXACT_S + 1, 0);
    for (value, holds) in rows {
        let verdict = range_holds(Some(value), &current(), later);
        assert_eq!(verdict, holds, "{value}");
    }
    assert!(range_holds(None, &current(), later));
    let weak = Validators {
        etag: EntityTag::parse("W/\"abc\"").unwrap(),
        ..current()
    };
    assert!(!range_holds(Some("\"abc\""), &weak, later));
    assert!(!range_holds(Some("W/\"abc\""), &weak, later));
}

#[test]
fn a_date_whose_second_is_not_over_or_that_was_clamped_holds_no_range() {
    let within = at(EXACT_S, 999_999_999);
    assert!(!range_holds(Some(EXACT), &current(), within));
    assert!(!range_holds(Some(EXACT), &current(), at(0, 0)));
    // The tag does not depend on the clock.
    assert!(range_holds(Some("\"abc\""), &current(), at(0, 0)));
    let epoch = "Thu, 01 Jan 1970 00:00:00 GMT";
    let old = Validators {
        modified: UNIX_EPOCH - Duration::from_secs(5),
        ..current()
    };
    assert!(!range_holds(Some(epoch), &old, at(EXACT_S, 0)));
}

#[test]
fn dates_beyond_what_http_can_name_are_clamped() {
    let end = "Fri, 31 Dec 9999 23:59:59 GMT";
    let epoch = "Thu, 01 Jan 1970 00:00:00 GMT";
    for (time, expected) in [
        (at(EXACT_S, 999_999_999), EXACT),
        (at(0, 0), epoch),
        (UNIX_EPOCH - Duration::from_nanos(1), epoch),
        (UNIX_EPOCH - Duration::from_secs(1 << 31), epoch),
        (UNIX_EPOCH - Duration::from_secs(i64::MAX as u64), epoch),
        (at(1 << 31, 0), "Tue, 19 Jan 2038 03:14:08 GMT"),
        (at(1 << 32, 0), "Sun, 07 Feb 2106 06:28:16 GMT"),
        (at(LAST_SECOND, 0), end),
        (at(LAST_SECOND + 1, 0), end),
        (at(i64::MAX as u64, 0), end),
    ] {
        assert_eq!(http_date(time), expected);
    }
    // What was handed out holds when it comes back.
    for time in [at(LAST_SECOND + 5, 0), UNIX_EPOCH - Duration::from_secs(5)] {
        let odd = Validators {
            modified: time,
            ..current()
        };
        let date = http_date(time);
        assert_eq!(
            evaluate(&if_modified_since(&date), Read, Some(&odd)),
            NotModified
        );
        assert_eq!(
            evaluate(&if_unmodified_since(&date), Write, Some(&odd)),
            Proceed
        );
    }
}

#[test]
fn the_tag_of_a_file_is_strong_short_and_changes_with_each_part() {
    let tag = EntityTag::of_file(0x1a2b, 1 << 33, 1_700_000_000_123_456_789, 5);
    assert_eq!(tag.to_string(), "\"1a2b-200000000-17979cfe3d85cd15-5\"");
    assert_eq!(EntityTag::parse(&tag.to_string()), Some(tag.clone()));
    let tags = [
        tag,
        EntityTag::of_file(0x1a2c, 1 << 33, 1_700_000_000_123_456_789, 5),
        EntityTag::of_file(0x1a2b, 1, 1_700_000_000_123_456_789, 5),
        EntityTag::of_file(0x1a2b, 1 << 33, -1, 5),
        EntityTag::of_file(0x1a2b, 1 << 33, 1, 5),
        EntityTag::of_file(0x1a2b, 1 << 33, 1_700_000_000_123_456_789, 6),
        EntityTag::of_file(u64::MAX, u64::MAX, i128::MIN, i128::MAX),
    ];
    for (index, tag) in tags.iter().enumerate() {
        assert!(EntityTag::parse(&tag.to_string()).unwrap().is_same(tag));
        assert!(tags[..index].iter().all(|other| !other.is_like(tag)));
    }
}

#[test]
fn a_random_list_of_tags_is_read_as_it_was_written() {
    let mut random = fastrand::Rng::with_seed(13);
    let opaque = ["abc", "", ",", "a,b", "\\", "W/", "*", "\u{fc}", "abcd"];
    for _ in 0..20_000 {
        let mut list = String::new();
        let (mut strong, mut weak) = (false, false);
        for _ in 0..random.usize(0..6) {
            let chosen = opaque[random.usize(0..opaque.len())];
            let prefix = if random.bool() { "W/" } else { "" };
            strong |= chosen == "abc" && prefix.is_empty();
            weak |= chosen == "abc";
            list += &format!("{prefix}\"{chosen}\"");
            list += [",", ", ", "\t,", " , ,,"][random.usize(0..4)];
        }
        let read = |is_match| is_listed(&list, Some(&current()), is_match);
        assert_eq!(read(EntityTag::is_same), Some(strong), "{list}");
        assert_eq!(read(EntityTag::is_like), Some(weak), "{list}");
    }
}

#[test]
fn no_garbage_is_found_in_a_list_that_does_not_hold_the_tag() {
    let mut random = fastrand::Rng::with_seed(1312);
    let pieces = [
        "\"", "W/", ",", " ", "\t", "*", "abc", "\"abc\"", "x", "\\", "\u{fc}", "\x7f",
    ];
    let mut seen = [0_u32; 3];
    for _ in 0..50_000 {
        let list: String = (0..random.usize(0..8))
            .map(|_| pieces[random.usize(0..pieces.len())])
            .collect();
        let holds_star = trim(&list) == "*";
        match is_listed(&list, Some(&current()), EntityTag::is_same) {
            Some(true) => assert!(holds_star || list.contains("\"abc\""), "{list}"),
            Some(false) => assert!(!holds_star, "{list}"),
            None => assert!(!list.is_empty(), "{list}"),
        }
        let kind = is_listed(&list, Some(&current()), EntityTag::is_like);
        seen[kind.map_or(2, usize::from)] += 1;
    }
    assert!(seen.iter().all(|&count| count > 100), "{seen:?}");
}
