//! Run by a service manager: the unit and the script that it prints, and sockets that are passed on.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::harness::{PATIENCE, Wire};

fn printed(kind: &str) -> String {
    let program = env!("CARGO_BIN_EXE_livedrop");
    let output = Command::new(program)
        .args(["--print-service", kind])
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_unit_is_valid_and_exposes_little() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("livedrop.service");
    // What it starts has to be there to be verified.
    let text =
        printed("systemd").replace("/usr/local/bin/livedrop", env!("CARGO_BIN_EXE_livedrop"));
    std::fs::write(&unit, text).unwrap();
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(&unit)
        .output()
        .expect("systemd-analyze is there");
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success(), "{said}");
    assert!(!said.contains("livedrop.service:"), "{said}");
    // 0 is safe and 10 is not; an ordinary service has 9.6.
    let rated = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--threshold=20"])
        .arg(&unit)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&rated.stdout);
    assert!(rated.status.success(), "{said}");
}

#[test]
fn the_script_for_openwrt_is_one_and_other_kinds_are_refused() {
    let script = printed("openwrt");
    assert!(script.starts_with("#!/bin/sh /etc/rc.common\n"));
    let program = env!("CARGO_BIN_EXE_livedrop");
    let output = Command::new(program)
        .args(["--print-service", "runit"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("--print-service") && said.contains("systemd"),
        "{said}"
    );
}

#[test]
fn sockets_that_are_passed_on_are_served_and_served_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), b"content").unwrap();
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    for round in 0..2 {
        let mut activator = Command::new("systemd-socket-activate")
            .args(["--listen", &address.to_string()])
            .arg(env!("CARGO_BIN_EXE_livedrop"))
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("systemd-socket-activate is there");
        // It starts the server at the first connection.
        let deadline = Instant::now() + PATIENCE;
        let mut wire = loop {
            if let Some(wire) = Wire::try_connect(address) {
                break wire;
            }
            assert!(Instant::now() < deadline, "it listens");
        };
        let answer = wire.ask("GET /files/file", &[], b"");
        assert_eq!(
            (answer.status, answer.body.as_slice()),
            (200, &b"content"[..]),
            "round {round}"
        );
        let mut url = String::new();
        BufReader::new(activator.stdout.take().unwrap())
            .read_line(&mut url)
            .unwrap();
        assert_eq!(url, format!("http://{address}/\n"));
        let pid = rustix::process::Pid::from_raw(activator.id().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(activator.wait().unwrap().success());
    }
}
