//! The program as a person meets it: what it prints, how it ends, what it takes.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::harness::{Binary, Wire, hash_of, in_use};

fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_livedrop"))
        .args(arguments)
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn help_and_version_are_for_people() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, 0);
    assert!(help.starts_with("Usage: livedrop [OPTIONS] [FOLDER]\n"));
    assert!(help.lines().count() <= 40 && help.lines().all(|line| line.chars().count() <= 80));
    let version = format!("livedrop {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(&["--version"]), (0, version, String::new()));
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    for (arguments, code, said) in [
        (
            vec!["/nonexistent"],
            1,
            "livedrop: cannot share /nonexistent: no such file or directory\n",
        ),
        (
            vec!["/etc/hostname"],
            1,
            "livedrop: cannot share /etc/hostname: not a directory\n",
        ),
        (
            vec!["--listen", &taken, "/"],
            1,
            &format!("livedrop: cannot listen on {taken}: {}\n", in_use()),
        ),
        (
            vec!["--nonsense"],
            2,
            "livedrop: there is no option --nonsense\nTry 'livedrop --help'.\n",
        ),
    ] {
        assert_eq!(
            run(&arguments),
            (code, String::new(), said.to_owned()),
            "{arguments:?}"
        );
    }
}

#[test]
fn signals_stop_it_cleanly_and_streams_end() {
    for signal in [2, 15] {
        let folder = tempfile::tempdir().unwrap();
        let server = Binary::start(folder.path(), &[]);
        let mut stream = server.stream("/events");
        assert_eq!(stream.next().name, "ready");
        let mut idle = server.connect();
        assert_eq!(idle.ask("GET /health", &[], b"").status, 200);
        server.signal(signal);
        assert!(stream.ends());
        assert!(idle.is_closed());
        let (status, said) = server.wait();
        assert_eq!(status.code(), Some(0), "{said}");
    }
}

#[test]
fn a_running_transfer_is_finished_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &[]);
    let address = server.address;
    let mut wire = server.connect();
    wire.send(
        "PUT /files/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    );
    let mut interim = [0; 25];
    wire.socket().read_exact(&mut interim).unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal(15);
    // The listener is closed at once: a new connection is refused.
    while std::net::TcpStream::connect(address).is_ok() {}
    wire.send("1234");
    let answer = wire.answer(false);
    assert_eq!((answer.status, answer.closes()), (201, true));
    assert_eq!(server.wait().0.code(), Some(0));
    assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), b"1234");
}

#[test]
fn requests_are_logged_a_line_each_unless_it_is_quiet() {
    for (options, lines) in [(&[][..], 2), (&["--quiet"][..], 0)] {
        let folder = tempfile::tempdir().unwrap();
        let server = Binary::start(folder.path(), options);
        server.ask("GET /health?a=%0a", &[], b"");
        server.connect().send("nonsense\r\n\r\n");
        let mut wire = server.connect();
        wire.send("nonsense\r\n\r\n");
        assert_eq!(wire.answer(false).status, 400);
        let (_, said) = server.stop();
        let logged: Vec<_> = said
            .lines()
            .filter(|line| line.starts_with("127.0.0.1 "))
            .collect();
        if lines > 0 {
            // A line follows its answer, so that two connections' lines may change places.
            let is_health = |line: &&str| line.starts_with("127.0.0.1 GET /health?a=%0a 200 3 ");
            assert!(logged.iter().any(is_health), "{said}");
            assert!(logged.len() >= lines, "{said}");
        } else {
            assert_eq!(said, "");
        }
    }
}

#[test]
fn a_closed_or_full_standard_output_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for output in ["/dev/full", "closed"] {
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let redirect = if output == "closed" {
            ">&- 2>&-".into()
        } else {
            format!(">{output} 2>&1")
        };
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(format!("exec \"$0\" --listen {port} \"$1\" {redirect}"))
            .arg(env!("CARGO_BIN_EXE_livedrop"))
            .arg(folder.path())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        while std::net::TcpStream::connect(port).is_err() {
            assert!(
                child.try_wait().unwrap().is_none(),
                "{output}: it has ended"
            );
        }
        for _ in 0..3 {
            assert_eq!(
                Wire::connect(port).ask("GET /health", &[], b"").status,
                200,
                "{output}"
            );
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Writes a file of so many MiB in which no two pages are alike, and gives its hash.
fn write_big(path: &std::path::Path, mebibytes: u64) -> [u8; 32] {
    let mut file = std::fs::File::create(path).unwrap();
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 20];
    for number in 0..mebibytes {
        for (page, bytes) in block.chunks_exact_mut(4096).enumerate() {
            bytes[..8].copy_from_slice(&(number << 32 | page as u64).to_le_bytes());
        }
        hash.update(&block);
        file.write_all(&block).unwrap();
    }
    hash.finalize().into()
}

#[test]
fn a_gibibyte_comes_back_the_same_in_eight_mebibytes_of_memory() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let sent = write_big(&elsewhere.path().join("big"), 1024);
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut curl = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--fail",
            "-o",
            "/dev/null",
            "-F",
        ])
        .arg(format!("file=@{}", elsewhere.path().join("big").display()))
        .arg(format!("{}upload", server.url))
        .spawn()
        .expect("curl is there");
    assert!(curl.wait().unwrap().success());
    let mut curl = Command::new("curl")
        .args(["--silent", "--show-error", "--fail"])
        .arg(format!("{}files/big", server.url))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(hash_of(curl.stdout.take().unwrap()), sent);
    assert!(curl.wait().unwrap().success());
    let peak_kib = server.memory_kib("VmHWM");
    assert!(peak_kib < 8 * 1024, "{peak_kib} KiB resident");
}
