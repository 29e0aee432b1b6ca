//! Uploads that never lie: what is done in which order, what a fault at any step leaves, and what a
//! server that is killed at any moment has kept. The faults are the kernel's own, as strace makes
//! it tell them.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Answer, Binary, PATIENCE, Wire, tree};

/// A server whose system calls strace sees, and may make fail. `-D` keeps strace out of the way:
/// the process that is started is the server.
fn traced(folder: &Path, log: &Path, expressions: &[&str], options: &[&str]) -> Binary {
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-qq", "-o"]).arg(log);
    for expression in expressions {
        command.args(["-e", expression]);
    }
    command.arg(env!("CARGO_BIN_EXE_livedrop"));
    command
        .args(["--quiet", "--listen", "127.0.0.1:0"])
        .args(options)
        .arg(folder);
    Binary::spawn(command)
}

/// The calls that the log has, by name, without what was called before the first request.
fn calls(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap();
    let all = text.lines().filter_map(|line| {
        let call = line.split_once(' ')?.1.trim_start();
        let name = call.split('(').next()?;
        let is_answer = name == "sendto" && call.contains("HTTP/1.1 20");
        match name {
            // Signals and ends.
            _ if call.starts_with(['-', '+']) => None,
            "sendto" if !is_answer => None,
            "sendto" => Some("answer".to_owned()),
            name => Some(name.to_owned()),
        }
    });
    all.collect()
}

const TRACE: &str = "trace=fsync,syncfs,fdatasync,mkdirat,renameat2,renameat,linkat,sendto";

#[test]
fn an_upload_is_synced_named_synced_again_and_only_then_answered() {
    let folder = tempfile::tempdir().unwrap();
    let log = tempfile::NamedTempFile::new().unwrap();
    let server = traced(folder.path(), log.path(), &[TRACE], &[]);
    assert_eq!(server.ask("PUT /files/new/a", &[], b"1").status, 201);
    assert!(server.stop().0.success());
    // The content; the folder; the name in it; both folders; the answer.
    assert_eq!(
        calls(log.path()),
        ["fsync", "mkdirat", "renameat2", "fsync", "fsync", "answer"]
    );
}

#[test]
fn a_replacement_is_one_exchange() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), b"old").unwrap();
    let log = tempfile::NamedTempFile::new().unwrap();
    let server = traced(folder.path(), log.path(), &[TRACE], &[]);
    assert_eq!(server.ask("PUT /files/a", &[], b"new").status, 204);
    assert!(server.stop().0.success());
    // The first does not replace, the second exchanges.
    assert_eq!(
        calls(log.path()),
        ["fsync", "renameat2", "renameat2", "fsync", "answer"]
    );
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
    let log = tempfile::NamedTempFile::new().unwrap();
    let server = traced(folder.path(), log.path(), &[TRACE], &[]);
    assert_eq!(post(&server, 100).status, 201);
    assert!(server.stop().0.success());
    let calls = calls(log.path());
    assert_eq!(calls.iter().filter(|call| *call == "syncfs").count(), 1);
    assert_eq!(calls.iter().filter(|call| *call == "fsync").count(), 1);
    assert_eq!(calls.first().map(String::as_str), Some("syncfs"));
    assert_eq!(calls[calls.len() - 2..], ["fsync", "answer"]);
}

#[test]
fn without_sync_nothing_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let log = tempfile::NamedTempFile::new().unwrap();
    let server = traced(folder.path(), log.path(), &[TRACE], &["--no-sync"]);
    assert_eq!(server.ask("PUT /files/new/a", &[], b"1").status, 201);
    assert_eq!(post(&server, 20).status, 201);
    assert!(server.stop().0.success());
    assert!(!calls(log.path()).iter().any(|call| call.contains("sync")));
}

#[test]
fn a_fault_at_any_step_changes_nothing_and_is_told() {
    for (fault, status) in [
        ("inject=fsync:error=EIO:when=1", 500),
        // The second is that of the folder, after the name was taken.
        ("inject=fsync:error=EIO:when=2", 500),
        ("inject=fsync:error=ENOSPC:when=1", 507),
        ("inject=syncfs:error=EIO:when=1", 201),
        // The first write of the process is the URL that it prints.
        ("inject=write:error=ENOSPC:when=2", 507),
        ("inject=write:error=EIO:when=2", 500),
        ("inject=fallocate:error=ENOSPC:when=1", 507),
        ("inject=renameat2:error=ENOSPC:when=1", 507),
        ("inject=renameat2:error=EIO:when=2", 500),
        ("inject=mkdirat:error=ENOSPC:when=1", 507),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("old"), b"old").unwrap();
        let log = tempfile::NamedTempFile::new().unwrap();
        let trace = "trace=fsync,syncfs,write,fallocate,renameat2,mkdirat";
        let server = traced(folder.path(), log.path(), &[trace, fault], &[]);
        // A replacement meets the second rename, a new folder the mkdir.
        let target = if fault.contains("mkdirat") || fault.contains("syncfs") {
            "/files/new/a"
        } else {
            "/files/old"
        };
        // The count of calls is each thread's own, and so is a connection.
        let mut wire = server.connect();
        let answer = wire.ask(&format!("PUT {target}"), &[], &vec![b'n'; 600_000]);
        assert_eq!(answer.status, status, "{fault}");
        if answer.closes() {
            // The rest of the body was not wanted any more.
            wire = server.connect();
        }
        if status != 201 {
            assert_eq!(tree(folder.path()), ["old"], "{fault}");
            assert_eq!(
                std::fs::read(folder.path().join("old")).unwrap(),
                b"old",
                "{fault}"
            );
        }
        assert_eq!(wire.ask("PUT /files/next", &[], b"").status, 201, "{fault}");
        drop(wire);
        assert!(server.stop().0.success());
    }
}

#[test]
fn what_a_file_system_lacks_is_done_another_way() {
    let absent: [&[&str]; 5] = [
        &["inject=renameat2:error=EINVAL"],
        &["inject=renameat2:error=ENOSYS"],
        &["inject=renameat2:error=EINVAL", "inject=linkat:error=EPERM"],
        &["inject=fallocate:error=EOPNOTSUPP"],
        &["inject=openat2:error=ENOSYS"],
    ];
    for faults in absent {
        let folder = tempfile::tempdir().unwrap();
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut expressions = vec!["trace=renameat2,linkat,fallocate,openat2"];
        expressions.extend(faults);
        let server = traced(folder.path(), log.path(), &expressions, &[]);
        assert_eq!(
            server.ask("PUT /files/new/a", &[], b"one").status,
            201,
            "{faults:?}"
        );
        assert_eq!(
            server.ask("PUT /files/new/a", &[], b"two").status,
            204,
            "{faults:?}"
        );
        assert_eq!(post(&server, 2).status, 201, "{faults:?}");
        let again = post(&server, 1);
        assert_eq!(again.json()["files"][0]["path"], "f0 (2)", "{faults:?}");
        assert_eq!(
            server.ask("GET /files/new/a", &[], b"").body,
            b"two",
            "{faults:?}"
        );
        assert_eq!(
            server.ask("DELETE /files/f1", &[], b"").status,
            204,
            "{faults:?}"
        );
        assert_eq!(
            tree(folder.path()),
            ["f0", "f0 (2)", "new/", "new/a"],
            "{faults:?}"
        );
        assert!(server.stop().0.success());
    }
}

/// What version `n` of a file holds: told from any other, and from any piece of itself.
fn content(name: &str, n: usize) -> Vec<u8> {
    let length = 1 + (n * 7919) % 100_000;
    let mut content = format!("{name} {n} {length}\n").into_bytes();
    content.resize(content.len() + length, u8::try_from(n % 251).unwrap());
    content
}

/// The version that some bytes are, whole; fails when they are not.
pub fn version(name: &str, bytes: &[u8]) -> usize {
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
pub fn write_until_killed(
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
