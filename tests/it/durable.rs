//! Uploads that never lie: what is done in which order, and what a server that is killed at any
//! moment has kept.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::harness::ledger::{self, Ledger};
use crate::harness::{Answer, Binary, PATIENCE, Tracer, tree};

const TRACE: &str = "trace=fsync,syncfs,fdatasync,mkdirat,renameat2,renameat,linkat,write,/^send";

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

#[test]
fn a_server_killed_at_any_moment_has_what_it_acknowledged_and_nothing_in_halves() {
    const KILLS: usize = 50;
    let folder = tempfile::tempdir().unwrap();
    let mut random = fastrand::Rng::with_seed(4);
    let ledger = Ledger::default();
    for _ in 0..KILLS {
        let server = Binary::start(folder.path(), &["--quiet"]);
        let address = server.address;
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for writer in 0..3 {
                let (ledger, stop) = (&ledger, &stop);
                scope.spawn(move || ledger.write(address, writer, stop));
            }
            scope.spawn(|| look_until(&stop, folder.path()));
            // What is waited for is the moment itself, whichever it is.
            std::thread::sleep(Duration::from_micros(random.u64(0..30_000)));
            server.kill();
            stop.store(true, Ordering::SeqCst);
        });
        let server = Binary::start(folder.path(), &["--quiet"]);
        let mut wire = server.connect();
        for (name, versions) in ledger.snapshot() {
            let answer = wire.ask(&format!("GET /files/{name}"), &[], b"");
            let found = (answer.status == 200).then_some(&answer.body[..]);
            ledger::check(&name, versions, found);
        }
        let names = tree(folder.path());
        let hidden = names.iter().any(|name| name.contains(".livedrop-"));
        assert!(!hidden, "{names:?}");
    }
    let told: usize = ledger.snapshot().values().map(|v| v.told).sum();
    assert!(told > KILLS / 2, "enough was written to tell: {told}");
}

/// Reads every file that can be seen, over and over: it is whole.
fn look_until(stop: &AtomicBool, folder: &Path) {
    while !stop.load(Ordering::SeqCst) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            // A hidden one is gone again at any time.
            if !name.starts_with(".livedrop-") {
                let bytes = std::fs::read(folder.join(&name)).unwrap();
                ledger::version(&name, &bytes);
            }
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
