//! Uploads that never lie: what is done in which order, and what a server that is killed at any
//! moment has kept.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Answer, Binary, PATIENCE, Tracer, Wire, tree};

const TRACE: &str = "trace=fsync,syncfs,fdatasync,mkdirat,renameat2,renameat,linkat,sendto,write";

#[test]
fn an_upload_is_synced_named_synced_again_and_only_then_answered() {
    let folder = tempfile::tempdir().unwrap();
    let traced = Tracer::start(folder.path(), &[TRACE], &[]);
    assert_eq!(traced.server.ask("PUT /files/new/a", &[], b"1").status, 201);
    // The content; the folder; the name in it; both folders; the answer.
    assert_eq!(
        traced.calls(),
        ["fsync", "mkdirat", "renameat2", "fsync", "fsync", "answer"]
    );
}

#[test]
fn a_replacement_is_one_exchange() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), b"old").unwrap();
    let traced = Tracer::start(folder.path(), &[TRACE], &[]);
    assert_eq!(traced.server.ask("PUT /files/a", &[], b"new").status, 204);
    // The first does not replace, the second exchanges.
    assert_eq!(
        traced.calls(),
        ["fsync", "renameat2", "renameat2", "fsync", "answer"]
    );
}

#[test]
fn an_event_is_sent_when_what_it_tells_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let traced = Tracer::start(folder.path(), &[TRACE], &[]);
    let mut stream = traced.server.stream("/events");
    assert_eq!(stream.next().name, "ready");
    assert_eq!(post(&traced.server, 2).status, 201);
    let told = std::iter::repeat_with(|| stream.next().name).filter(|name| name == "upload");
    assert_eq!(told.take(2).count(), 2);
    let mut calls = traced.calls();
    assert_eq!(calls.remove(0), "answer", "that of the stream");
    let is_told = |call: &String| call == "event" || call == "answer";
    let first = calls.iter().position(is_told).unwrap();
    let steps = ["fsync", "fsync", "renameat2", "renameat2", "fsync"];
    assert_eq!(calls[..first], steps);
    assert!(calls[first..].iter().all(is_told), "{calls:?}");
    assert!(calls.contains(&"event".into()) && calls.contains(&"answer".into()));
}

/// A form of so many small files.
fn form(files: usize) -> Vec<u8> {
    let part = |i| format!("--b\r\nContent-Disposition: form-data; filename=f{i}\r\n\r\nx\r\n");
    let parts: String = (0..files).map(part).collect();
    (parts + "--b--\r\n").into_bytes()
}

fn post(server: &Binary, files: usize) -> Answer {
    let fields = [("Content-Type", "multipart/form-data; boundary=b")];
    server.ask("POST /upload", &fields, &form(files))
}

#[test]
fn many_files_of_a_form_are_synced_at_once_and_their_folder_once() {
    let folder = tempfile::tempdir().unwrap();
    let traced = Tracer::start(folder.path(), &[TRACE], &[]);
    assert_eq!(post(&traced.server, 100).status, 201);
    let calls = traced.calls();
    assert_eq!(calls.iter().filter(|call| *call == "syncfs").count(), 1);
    assert_eq!(calls.iter().filter(|call| *call == "fsync").count(), 1);
    assert_eq!(calls.first().map(String::as_str), Some("syncfs"));
    assert_eq!(calls[calls.len() - 2..], ["fsync", "answer"]);
}

#[test]
fn without_sync_nothing_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let traced = Tracer::start(folder.path(), &[TRACE], &["--no-sync"]);
    assert_eq!(traced.server.ask("PUT /files/new/a", &[], b"1").status, 201);
    assert_eq!(post(&traced.server, 20).status, 201);
    assert!(!traced.calls().iter().any(|call| call.contains("sync")));
}

/// What version `n` of a file holds: told from any other, and from any piece of itself.
fn content(name: &str, n: usize) -> Vec<u8> {
    let length = 1 + (n * 7919) % 100_000;
    let mut content = format!("{name} {n} {length}\n").into_bytes();
    content.resize(content.len() + length, u8::try_from(n % 251).unwrap());
    content
}

/// The version that some bytes are, whole; fails when they are not.
fn version(name: &str, bytes: &[u8]) -> usize {
    let end = bytes
        .iter()
        .position(|&b| b == b'\n')
        .expect("a first line");
    let line = std::str::from_utf8(&bytes[..end]).unwrap();
    let n = line
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a version");
    assert!(
        bytes == content(name, n),
        "{name} is whole: {line}, {} bytes",
        bytes.len()
    );
    n
}

#[test]
fn a_server_killed_at_any_moment_has_what_it_acknowledged_and_nothing_in_halves() {
    const KILLS: u64 = 50;
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(4);
    // By name, the last version that was acknowledged and the last that was sent.
    let acknowledged: Mutex<HashMap<String, (usize, usize)>> = Mutex::default();
    for round in 0..KILLS {
        let server = Binary::start(folder.path(), &["--quiet"]);
        let address = server.address;
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for writer in 0..3 {
                let (acknowledged, stop) = (&acknowledged, &stop);
                scope.spawn(move || write_until_killed(address, writer, acknowledged, stop));
            }
            let pause = std::time::Duration::from_micros(random.u64(0..30_000));
            // What is waited for is the moment itself, whichever it is.
            std::thread::sleep(pause);
            server.kill();
            stop.store(true, Ordering::SeqCst);
        });
        let server = Binary::start(folder.path(), &["--quiet"]);
        for (name, (told, sent)) in acknowledged.lock().unwrap().iter() {
            let answer = server.ask(&format!("GET /files/{name}"), &[], b"");
            if answer.status == 404 {
                assert_eq!(*told, 0, "{name} was acknowledged, round {round}");
                continue;
            }
            let stands = version(name, &answer.body);
            assert!(
                (*told..=*sent).contains(&stands),
                "{name}: {stands} of {told}..={sent}"
            );
        }
        let names = tree(folder.path());
        assert!(
            !names.iter().any(|name| name.contains(".livedrop-")),
            "{names:?}"
        );
        drop(server);
    }
    let told = acknowledged
        .lock()
        .unwrap()
        .values()
        .map(|(told, _)| told)
        .sum::<usize>();
    assert!(told > 100, "enough was written to tell: {told}");
}

/// Replaces files over and over, by PUT and by forms, until the server is gone.
fn write_until_killed(
    address: std::net::SocketAddr,
    writer: usize,
    acknowledged: &Mutex<HashMap<String, (usize, usize)>>,
    stop: &AtomicBool,
) {
    let Some(mut wire) = Wire::try_connect(address) else {
        return;
    };
    for turn in 0.. {
        let name = format!("w{writer}f{}", turn % 4);
        let n = {
            let mut table = acknowledged.lock().unwrap();
            let row = table.entry(name.clone()).or_default();
            row.1 += 1;
            row.1
        };
        let bytes = content(&name, n);
        let answer = if turn % 2 == 0 {
            wire.try_ask(&format!("PUT /files/{name}"), &[], &bytes)
        } else {
            let head = format!("--b\r\nContent-Disposition: form-data; filename={name}\r\n\r\n");
            let body = [head.as_bytes(), &bytes, b"\r\n--b--\r\n"].concat();
            let fields = [("Content-Type", "multipart/form-data; boundary=b")];
            wire.try_ask("POST /upload?on_conflict=replace", &fields, &body)
        };
        let Some(answer) = answer else { return };
        assert!([201, 204].contains(&answer.status), "{answer:?}");
        acknowledged
            .lock()
            .unwrap()
            .entry(name)
            .and_modify(|row| row.0 = n);
        if stop.load(Ordering::SeqCst) {
            return;
        }
    }
}

#[test]
fn a_reader_of_the_old_file_keeps_it_while_it_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let old = vec![b'o'; 8 << 20];
    std::fs::write(folder.path().join("a"), &old).unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut reader = server.connect();
    reader.send("GET /files/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut first = [0; 1];
    std::io::Read::read_exact(&mut reader.socket(), &mut first).unwrap();
    assert_eq!(server.ask("PUT /files/a", &[], b"new").status, 204);
    let rest = reader.rest();
    assert!(rest.ends_with(&old[..1 << 20]) && std::time::Instant::now() < deadline);
    assert_eq!(server.ask("GET /files/a", &[], b"").body, b"new");
}
