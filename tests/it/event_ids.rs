//! The event stream's promises from one start to the next, on the wire, and about what is told
//! together: what stands in its head, how ids sort, and that nobody is answered before the event.

use std::collections::BTreeSet;

use crate::harness::{Binary, Instance, Stream};

const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=b");

/// A form of files with nothing in them.
fn form(names: &[&str]) -> Vec<u8> {
    let part = |name: &&str| {
        format!("--b\r\nContent-Disposition: form-data; filename=\"{name}\"\r\n\r\n\r\n")
    };
    let parts: String = names.iter().map(part).collect();
    (parts + "--b--\r\n").into_bytes()
}

fn told(stream: &mut Stream, count: usize) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for _ in 0..count {
        let frame = stream.next_change();
        told.push((frame.name, frame.data["path"].as_str().unwrap().to_owned()));
    }
    told
}

#[test]
fn a_stream_opens_as_browsers_and_proxies_want_it() {
    let server = Instance::start();
    let mut wire = server.connect();
    wire.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}\n\n") {
        let mut byte = [0];
        wire.read_exact(&mut byte);
        bytes.push(byte[0]);
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let fields: BTreeSet<&str> = head.split("\r\n").collect();
    for field in [
        "HTTP/1.1 200 OK",
        "Content-Type: text/event-stream",
        "Cache-Control: no-store",
        "X-Accel-Buffering: no",
        // It has no length, and ends with its connection.
        "Connection: close",
    ] {
        assert!(fields.contains(field), "{field}: {head}");
    }
    assert!(
        !head.contains("Content-Length") && !head.contains("Transfer-Encoding"),
        "{head}"
    );
    let lines: Vec<&str> = body.split('\n').collect();
    assert!(
        lines[0]
            .strip_prefix("retry: ")
            .is_some_and(|ms| ms.parse::<u32>().is_ok())
    );
    assert_eq!((lines[1], lines[3]), ("", "event: ready"));
    assert!(
        lines[2].starts_with("id: ") && lines[4].starts_with("data: {"),
        "{body}"
    );
}

#[test]
fn ids_are_equally_long_and_sort_across_starts() {
    let folder = tempfile::tempdir().unwrap();
    let mut ids: Vec<String> = Vec::new();
    for start in 0..3 {
        let server = Binary::start(folder.path(), &["--quiet"]);
        let mut stream = server.stream("/events");
        ids.push(stream.next().id.unwrap());
        for file in 0..12 {
            server.ask(&format!("PUT /files/{start}-{file}"), &[], b"");
            ids.push(stream.next_change().id.unwrap());
        }
        // The newest id of the start before is a foreign one to this.
        if start > 0 {
            let before = &ids[start * 13 - 1];
            let mut back = server.stream(&format!("/events?last_event_id={before}"));
            let (reset, ready) = (back.next(), back.next());
            assert_eq!((reset.name.as_str(), reset.id), ("reset", None));
            assert_eq!(
                (ready.name.as_str(), ready.id.as_ref()),
                ("ready", ids.last())
            );
        }
        assert!(server.stop().0.success());
    }
    assert!(ids.iter().all(|id| id.len() == ids[0].len()), "{ids:?}");
    assert!(
        ids.is_sorted() && ids.iter().collect::<BTreeSet<_>>().len() == 39,
        "{ids:?}"
    );
    assert!(
        ids[0]
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"&#+%".contains(&b)),
        "{ids:?}"
    );
}

#[test]
fn the_field_is_heard_before_the_parameter() {
    let server = Instance::start();
    let mut stream = server.stream("/events", &[]);
    let mut ids = vec![stream.next().id.unwrap()];
    for name in ["a", "b"] {
        server.ask(&format!("PUT /files/{name}"), &[], b"");
        ids.push(stream.next_change().id.unwrap());
    }
    // A browser that comes back repeats its first URL, and knows more by now.
    let target = format!("/events?last_event_id={}", ids[0]);
    let mut back = server.stream(&target, &[("Last-Event-ID", &ids[1])]);
    assert_eq!(back.next().id.as_ref(), Some(&ids[2]));
    assert_eq!(back.next().name, "ready");
}

#[test]
fn the_files_of_a_form_are_told_together_with_their_folders_first() {
    let server = Instance::start();
    server.write("a/old", b"old");
    let mut stream = server.stream("/events", &[]);
    assert_eq!(stream.next().name, "ready");
    let body = form(&["new/deep/x", "old", "new/y", "z"]);
    let answer = server.ask("POST /upload?dir=a&on_conflict=replace", &[FORM], &body);
    assert_eq!(answer.status, 201);
    let expected = [
        ("folder", "a/new"),
        ("folder", "a/new/deep"),
        ("upload", "a/new/deep/x"),
        ("update", "a/old"),
        ("upload", "a/new/y"),
        ("upload", "a/z"),
    ];
    let expected = expected.map(|(name, path)| (name.to_owned(), path.to_owned()));
    assert_eq!(told(&mut stream, 6), expected);
    // One that is renamed is told by the name that it has.
    server.ask("POST /upload?dir=a", &[FORM], &form(&["z"]));
    assert_eq!(
        told(&mut stream, 1),
        [("upload".to_owned(), "a/z (2)".to_owned())]
    );
}

#[test]
fn what_fails_is_not_told() {
    let server = Instance::start();
    server.write("old", b"old");
    server.write("folder/x", b"");
    let mut stream = server.stream("/events", &[]);
    assert_eq!(stream.next().name, "ready");
    let fields = [FORM];
    for (line, fields, body) in [
        ("PUT /files/folder", &[][..], vec![]),
        ("PUT /files/old/below", &[], vec![]),
        ("PUT /files/old", &[("If-None-Match", "*")], vec![]),
        ("DELETE /files/none", &[], vec![]),
        ("DELETE /files/old", &[("If-Match", "\"x\"")], vec![]),
        (
            "POST /upload?on_conflict=fail",
            &fields,
            form(&["new/a", "old"]),
        ),
        ("POST /upload", &fields, form(&["a", "../b"])),
    ] {
        let answer = server.ask(line, fields, &body);
        assert!(answer.status >= 400, "{line}: {answer:?}");
    }
    server.ask("PUT /files/last", &[], b"");
    assert_eq!(
        told(&mut stream, 1),
        [("upload".to_owned(), "last".to_owned())]
    );
}

#[test]
fn nobody_is_answered_before_the_event_is_out() {
    let server = Instance::start();
    let newest = || {
        server.get("/api/status").json()["event_id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let mut before = newest();
    for line in [
        "PUT /files/a",
        "PUT /files/a",
        "DELETE /files/a",
        "PUT /files/b/c/d",
        "DELETE /files/b",
    ] {
        assert!(server.ask(line, &[], b"").status < 300, "{line}");
        // Whoever lists now and streams from here must not be told of it again as if it were new,
        // and whoever listed before must be.
        let list = server.get("/api/list/").json();
        let after = list["event_id"].as_str().unwrap().to_owned();
        assert!(after > before, "{line}");
        let mut stream = server.stream(&format!("/events?last_event_id={before}"), &[]);
        let first = stream.next();
        assert!(
            ["upload", "update", "delete", "folder"].contains(&first.name.as_str()),
            "{line}"
        );
        let mut stream = server.stream(&format!("/events?last_event_id={after}"), &[]);
        assert_eq!(stream.next().name, "ready", "{line}");
        before = newest();
        assert_eq!(before, after, "{line}");
    }
}
