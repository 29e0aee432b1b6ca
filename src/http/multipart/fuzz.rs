//! Seeded random forms: what was written comes out byte for byte however the reads are cut, and
//! no mutation makes the reader panic, loop or depend on the cuts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use fastrand::Rng;

use super::disposition::Disposition;
use super::tests::{Pieces, collect, parts};
use super::{Form, PartHead, boundary};

type Parts = Vec<(PartHead, Vec<u8>)>;

/// Sizes at which a reader that takes CR and LF of a delimiter apart is known to go wrong.
const TELLING_SIZES: [usize; 4] = [8_045, 16_237, 24_429, 49_005];

const BOUNDARIES: [&str; 5] = [
    "b",
    "----WebKitFormBoundary7MA4YWxkTrZu0gW",
    "------------------------d74496d66958873e",
    "-- -- --",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
];

/// A read size between 1 byte and 64 KiB, as often small as large.
fn read_size(rng: &mut Rng) -> usize {
    let bits = rng.u32(0..=16);
    rng.usize(1..=1 << bits)
}

/// A size that is mostly small, at times large or telling.
fn data_size(rng: &mut Rng) -> usize {
    match rng.u32(0..200) {
        0 => TELLING_SIZES[rng.usize(0..TELLING_SIZES.len())],
        1 => rng.usize(0..100_000),
        2..20 => 0,
        _ => rng.usize(0..1_500),
    }
}

/// Data full of what comes close to a delimiter.
fn data(rng: &mut Rng, boundary: &str, noise: &[u8], size: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(size + 200);
    let delimiter = format!("\r\n--{boundary}");
    while data.len() < size {
        match rng.u32(0..8) {
            0 => data.extend_from_slice(&delimiter.as_bytes()[..rng.usize(0..delimiter.len())]),
            1 => {
                data.extend_from_slice(delimiter.as_bytes());
                let endings = [
                    "x", "-\r\n", "--x", " x\r\n", "\n", "\r\r\n", "-", "--\n", "\t-", "--\rx",
                ];
                data.extend_from_slice(rng.choice(endings).unwrap().as_bytes());
            }
            2 => data.extend_from_slice(
                rng.choice(["\r", "\n", "\r\n", "--", "\r\n\r\n"])
                    .unwrap()
                    .as_bytes(),
            ),
            3 => data.extend_from_slice(&delimiter.as_bytes()[1..]),
            _ => {
                let from = rng.usize(0..noise.len() / 2);
                let length = rng.usize(0..size).min(noise.len() / 2);
                data.extend_from_slice(&noise[from..from + length]);
            }
        }
    }
    data.truncate(size);
    data
}

/// Whether a line of `data` is a delimiter, so that no sender could have chosen this boundary.
fn holds_delimiter(data: &[u8], boundary: &str) -> bool {
    let is_delimiter = |line: &[u8]| {
        let line = String::from_utf8_lossy(&line[..line.len().min(100)]);
        let line = line.trim_end_matches([' ', '\t']);
        line.strip_prefix("--")
            .and_then(|line| line.strip_prefix(boundary))
            .is_some_and(|end| end.is_empty() || end == "--")
    };
    let mut from = 0;
    let ends = memchr::memmem::find_iter(data, "\r\n").chain([data.len()]);
    for end in ends {
        if is_delimiter(&data[from..end.max(from)]) {
            return true;
        }
        from = end + 2;
    }
    false
}

/// A part with names that need escaping and `size` bytes of data.
fn part(rng: &mut Rng, boundary: &str, noise: &[u8], size: usize) -> (PartHead, Vec<u8>) {
    let name = |rng: &mut Rng| {
        let pieces = [
            "a", "b.txt", ";", "\"", "%", "%2", "%0d", "\u{e9}", " ", "/", "\r", "\n", "=", "'",
            "\0",
        ];
        let count = rng.usize(1..6);
        let text: String = (0..count).filter_map(|_| rng.choice(pieces)).collect();
        text.into_bytes()
    };
    let head = PartHead {
        name: name(rng),
        filename: rng.bool().then(|| name(rng)),
        content_type: rng.bool().then(|| "application/octet-stream".to_owned()),
    };
    let mut written = data(rng, boundary, noise, size);
    while holds_delimiter(&written, boundary) {
        written = data(rng, boundary, noise, size);
    }
    (head, written)
}

/// Writes a form as browsers do, with a preamble, blanks and an epilogue at times.
fn written(rng: &mut Rng, boundary: &str, parts: &[(PartHead, Vec<u8>)]) -> Vec<u8> {
    let escape = |name: &[u8]| {
        let text = String::from_utf8_lossy(name).into_owned();
        text.replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let mut body = rng
        .choice(["", "", "\r\n", "preamble\r\n"])
        .unwrap()
        .as_bytes()
        .to_vec();
    for (head, data) in parts {
        let blanks = rng.choice(["", "", " ", "\t "]).unwrap();
        body.extend_from_slice(format!("--{boundary}{blanks}\r\n").as_bytes());
        let mut fields = vec![format!(
            "Content-Disposition: form-data; name=\"{}\"",
            escape(&head.name)
        )];
        if let Some(filename) = &head.filename {
            fields[0].push_str(&format!("; filename=\"{}\"", escape(filename)));
        }
        if let Some(content_type) = &head.content_type {
            fields.push(format!("Content-Type: {content_type}"));
        }
        rng.shuffle(&mut fields);
        body.extend_from_slice(format!("{}\r\n\r\n", fields.join("\r\n")).as_bytes());
        body.extend_from_slice(data);
        body.extend_from_slice(b"\r\n");
    }
    let epilogue = rng.choice(["", "\r\n", " \r\nepilogue"]).unwrap();
    body.extend_from_slice(format!("--{boundary}--{epilogue}").as_bytes());
    body
}

#[test]
fn twenty_thousand_forms_come_out_byte_for_byte_however_they_are_cut() {
    let mut rng = Rng::with_seed(7578);
    let mut noise = vec![0; 65_536];
    rng.fill(&mut noise);
    for round in 0..20_000 {
        let boundary = *rng.choice(&BOUNDARIES).unwrap();
        let count = rng.usize(0..4);
        let expected: Parts = (0..count)
            .map(|_| {
                let size = data_size(&mut rng);
                part(&mut rng, boundary, &noise, size)
            })
            .collect();
        let body = written(&mut rng, boundary, &expected);
        let buffer_bytes = rng.usize(0..100_000);
        let next_size = || read_size(&mut rng);
        let rest = &*body;
        let form = Form::new(
            Pieces { rest, next_size },
            boundary.as_bytes(),
            buffer_bytes,
        );
        let found = collect(form).expect("a clean form");
        assert!(found == expected, "round {round}");
    }
}

#[test]
fn the_telling_sizes_come_out_whole_at_every_read_size_of_the_wire() {
    let mut rng = Rng::with_seed(2046);
    for size in TELLING_SIZES {
        let mut data = vec![b'\r'; size];
        rng.fill(&mut data[..size / 2]);
        let boundary = BOUNDARIES[1];
        let head = "Content-Disposition: form-data; name=\"f\"; filename=\"f\"";
        let mut body = format!("--{boundary}\r\n{head}\r\n\r\n").into_bytes();
        body.extend_from_slice(&data);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        for read in [
            1, 536, 1_024, 1_448, 1_460, 4_096, 8_192, 16_384, 32_768, 65_536,
        ] {
            let pieces = Pieces {
                rest: &body,
                next_size: || read,
            };
            let found = parts(pieces, boundary.as_bytes()).unwrap();
            assert!(
                found.len() == 1 && found[0].1 == data,
                "{size} in reads of {read}"
            );
        }
    }
}

/// Changes a few places of `body`: bytes, cuts, doublings, and pieces of syntax.
fn mutate(rng: &mut Rng, body: &mut Vec<u8>) {
    let syntax = [
        "\r\n",
        "\r",
        "\n",
        "--",
        "--b",
        "\r\n--b\r\n",
        "\r\n--b--",
        "\"",
        ";",
        "\\",
        "%",
        ":",
        "=",
        " ",
        "\0",
        "filename*=UTF-8''%41",
        "\r\n\r\n",
        "C:\\",
        "\r\n\t",
    ];
    for _ in 0..rng.usize(1..5) {
        let at = rng.usize(0..=body.len());
        let until = rng.usize(at..=body.len().min(at + 20));
        match rng.u32(0..4) {
            0 if at < body.len() => body[at] = rng.u8(..),
            1 => body.truncate(at.max(1)),
            2 => drop(body.drain(at..until)),
            3 => drop(body.splice(at..at, body[at..until].to_vec())),
            _ => drop(body.splice(at..at, rng.choice(syntax).unwrap().bytes())),
        }
    }
}

#[test]
fn a_mutated_form_is_refused_or_read_the_same_however_it_is_cut() {
    let mut rng = Rng::with_seed(822);
    let mut accepted = 0;
    let rounds = 10_000;
    for round in 0..rounds {
        let count = rng.usize(0..4);
        let noise = b"\r\n--b--\r\n..\r\n--bb".repeat(2);
        let original: Parts = (0..count)
            .map(|_| {
                let size = rng.usize(0..60);
                part(&mut rng, "b", &noise, size)
            })
            .collect();
        let mut body = written(&mut rng, "b", &original);
        mutate(&mut rng, &mut body);

        let whole = parts(&*body, b"b").map_err(|error| error.to_string());
        let next_size = || read_size(&mut rng) % 40 + 1;
        let cut = parts(
            Pieces {
                rest: &body,
                next_size,
            },
            b"b",
        );
        let cut = cut.map_err(|error| error.to_string());
        let text = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(whole, cut, "round {round}: {text:?}");
        let Ok(found) = whole else { continue };
        accepted += 1;
        // Names with bytes that the writer cannot write are left out.
        let clean = |name: &[u8]| std::str::from_utf8(name).is_ok() && !name.contains(&b'\\');
        if found
            .iter()
            .all(|(head, _)| clean(&head.name) && head.filename.as_deref().is_none_or(clean))
        {
            let again = written(&mut rng, "b", &found);
            assert_eq!(
                found,
                parts(&*again, b"b").unwrap(),
                "round {round}: {text:?}"
            );
        }
    }
    assert!(
        (rounds / 20..rounds).contains(&accepted),
        "{accepted} were accepted"
    );
}

#[test]
fn any_text_is_a_field_or_is_refused() {
    let mut rng = Rng::with_seed(6266);
    let syntax = [
        ";",
        "=",
        "\"",
        "\\",
        "%",
        "%22",
        "'",
        " ",
        "\t",
        "*",
        "a",
        "\u{e9}",
        "name",
        "filename",
        "filename*=",
        "UTF-8''",
        "C:\\",
        "\\\\",
        "boundary=",
        "\0",
        "\r\n",
    ];
    let (mut named, mut bounded) = (0, 0);
    for _ in 0..50_000 {
        let text: String = (0..rng.usize(0..12))
            .filter_map(|_| rng.choice(syntax))
            .collect();
        let disposition = Disposition::parse(format!("form-data;{text}").as_bytes());
        named += usize::from(disposition.is_ok_and(|found| found.filename.is_some()));
        let boundary = boundary(&format!("multipart/form-data;{text}"));
        bounded += usize::from(boundary.is_ok_and(|found| (1..=70).contains(&found.len())));
    }
    assert!(
        named > 100 && bounded > 100,
        "{named} names, {bounded} boundaries"
    );
}
