//! Requests that are sent before the answers to the ones before: answered in order, or the
//! connection ends cleanly after an answer. Nothing is ever answered out of step.

use fastrand::Rng;

use crate::harness::{Answer, Instance, Wire};

/// Requests whose answers tell them apart, with those answers' statuses and bodies.
fn requests() -> Vec<(String, u16, &'static str)> {
    let get = |name: &str| format!("GET /files/{name} HTTP/1.1\r\nHost: x\r\n\r\n");
    let long = "a".repeat(3000);
    vec![
        (get("1"), 200, "one"),
        (get("2"), 200, "two"),
        (
            "PUT /files/3 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nthree".into(),
            204,
            "",
        ),
        (get("3"), 200, "three"),
        (
            format!("GET /files/1 HTTP/1.1\r\nHost: x\r\nX: {long}\r\n\r\n"),
            200,
            "one",
        ),
        (
            "PUT /files/empty HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".into(),
            204,
            "",
        ),
        (get("empty"), 200, ""),
        (
            "GET /files/2 HTTP/1.1\r\nHost: x\r\nCookie: \u{e4}\r\n\r\n".into(),
            200,
            "two",
        ),
        (
            format!(
                "PUT /files/4 HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{long}",
                long.len()
            ),
            204,
            "",
        ),
        (get("2"), 200, "two"),
    ]
}

fn start() -> Instance {
    let server = Instance::start();
    for (name, content) in [
        ("1", "one"),
        ("2", "two"),
        ("3", ""),
        ("4", ""),
        ("empty", ""),
    ] {
        server.write(name, content.as_bytes());
    }
    server
}

fn check(answer: &Answer, (text, status, body): &(String, u16, &str)) {
    let head = text.lines().next().unwrap();
    assert_eq!((answer.status, answer.text()), (*status, *body), "{head}");
}

/// Sends `bytes` in the given pieces, and reads the answers until the end. They must be those to
/// the first requests, in order; all of them unless the server says that it closes.
fn send_in_pieces(server: &Instance, pieces: &[&[u8]], rows: &[(String, u16, &str)]) -> usize {
    let mut wire = server.connect();
    for piece in pieces {
        wire.send_while_taken(piece);
    }
    for (i, row) in rows.iter().enumerate() {
        let answer = wire.answer(false);
        check(&answer, row);
        if answer.closes() {
            assert_eq!(wire.rest(), b"", "nothing follows the last answer");
            return i + 1;
        }
    }
    wire.end();
    assert_eq!(wire.rest(), b"", "one answer for each request");
    rows.len()
}

fn bytes_of(rows: &[(String, u16, &str)]) -> Vec<u8> {
    rows.iter().flat_map(|(text, ..)| text.bytes()).collect()
}

#[test]
fn requests_sent_at_once_are_all_answered_in_order() {
    let server = start();
    let rows = requests();
    for count in [1, 2, 3, 5, 10] {
        for from in 0..=rows.len() - count {
            let some = &rows[from..from + count];
            let answered = send_in_pieces(&server, &[&bytes_of(some)], some);
            assert_eq!(answered, count, "{count} from {from}");
        }
    }
}

#[test]
fn requests_split_at_any_byte_are_answered_in_order() {
    let server = start();
    let rows = requests();
    let pair = &rows[1..3];
    let bytes = bytes_of(pair);
    for at in 0..=bytes.len() {
        send_in_pieces(&server, &[&bytes[..at], &bytes[at..]], pair);
    }
    // All ten in random pieces, many of which end within a head or a body.
    let bytes = bytes_of(&rows);
    let mut random = Rng::with_seed(3);
    for _ in 0..200 {
        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let longest = *random.choice([1, 30, 500, 3000].iter()).unwrap();
            let (piece, after) = rest.split_at(random.usize(1..=longest).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        send_in_pieces(&server, &pieces, &rows);
    }
}

#[test]
fn a_request_that_arrives_late_is_answered_after_the_one_before() {
    let server = start();
    let rows = requests();
    let mut wire = server.connect();
    for row in rows.iter().cycle().take(100) {
        wire.send(&row.0);
        check(&wire.answer(false), row);
    }
    // The second comes while the first is being read, before, or behind it: many races.
    for _ in 0..300 {
        let mut wire: Wire = server.connect();
        let mut other = wire.socket().try_clone().unwrap();
        wire.send(&rows[0].0);
        let second = rows[1].0.clone();
        let sender = std::thread::spawn(move || {
            use std::io::Write;
            // The server may have ended the connection cleanly after the first.
            let _ = other.write_all(second.as_bytes());
        });
        let answer = wire.answer(false);
        check(&answer, &rows[0]);
        if answer.closes() {
            assert_eq!(wire.rest(), b"");
        } else {
            check(&wire.answer(false), &rows[1]);
        }
        sender.join().unwrap();
    }
}

#[test]
fn a_refusal_in_a_row_is_the_last_answer() {
    let server = start();
    let rows = requests();
    let bad = "GET /files/2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1,1\r\n\r\n";
    let bytes = [rows[0].0.as_str(), bad, &rows[1].0, &rows[2].0].concat();
    let mut wire = server.connect();
    wire.send(bytes);
    check(&wire.answer(false), &rows[0]);
    assert_eq!(wire.answer(false).status, 400);
    assert_eq!(wire.rest(), b"");
    assert_eq!(server.read("3"), b"", "what stood behind it was not done");
}
