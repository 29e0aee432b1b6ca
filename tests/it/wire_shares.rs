//! Who gets a place when places are short: the share of one address, the idle before the busy, and
//! a system that has no more threads.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;

use livedrop::config::{Config, Limits, Listen};

use crate::harness::{Binary, Instance, PATIENCE, Toll, Wire};

#[test]
fn one_address_holds_three_quarters_and_an_idle_connection_of_its_own_makes_way() {
    let server = Instance::start_with(|limits| limits.connections_max = Some(8));
    let mut mine: Vec<Wire> = (0..6).map(|_| server.connect()).collect();
    for wire in &mut mine {
        assert_eq!(wire.ask("GET /health", &[], b"").status, 200);
    }
    // The first is in the middle of a request, and so one of the others has to go.
    let head = "PUT /files/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n";
    mine[0].send(format!("{head}Content-Length: 1\r\n\r\n"));
    mine[0].socket().read_exact(&mut [0; 25]).unwrap();
    assert_eq!(server.get("/health").status, 200);
    for wire in &mine[1..] {
        wire.socket().set_nonblocking(true).unwrap();
    }
    // Which was idle first, their threads know; that it is one, all can see.
    let is_closed = |wire: &&Wire| matches!(wire.socket().read(&mut [0; 1]), Ok(0));
    let deadline = std::time::Instant::now() + PATIENCE;
    while !mine[1..].iter().any(|wire| is_closed(&wire)) {
        assert!(std::time::Instant::now() < deadline, "one makes way");
    }
    assert_eq!(mine[1..].iter().filter(is_closed).count(), 1);
    mine[0].send("x");
    assert_eq!(mine[0].answer(false).status, 201);
}

#[test]
fn a_crowd_from_one_address_holds_no_more_than_its_share() {
    const SHARE: usize = 30;
    let server = Instance::start_with(|limits| limits.connections_max = Some(40));
    // Faster than the threads of those that make way can notice.
    let crowd: Vec<Wire> = (0..200).map(|_| server.connect()).collect();
    // Only when this is answered were all before it accepted.
    assert_eq!(server.get("/health").status, 200);
    let is_open = |wire: &&Wire| {
        wire.socket().set_nonblocking(true).unwrap();
        let read = wire.socket().read(&mut [0; 1]);
        read.is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock)
    };
    let deadline = std::time::Instant::now() + PATIENCE;
    while crowd.iter().filter(is_open).count() > SHARE {
        assert!(std::time::Instant::now() < deadline, "the rest make way");
    }
}

#[test]
fn an_address_whose_share_is_busy_is_refused_more() {
    let server = Instance::start_with(|limits| limits.connections_max = Some(4));
    let mut busy: Vec<Wire> = (0..3).map(|_| server.connect()).collect();
    for (i, wire) in busy.iter_mut().enumerate() {
        let head = format!("PUT /files/{i} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n");
        wire.send(head + "Content-Length: 1\r\n\r\n");
        wire.socket().read_exact(&mut [0; 25]).unwrap();
    }
    let mut fourth = server.connect();
    fourth.send_while_taken("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(fourth.rest(), b"");
    for wire in &mut busy {
        wire.send("x");
        assert_eq!(wire.answer(false).status, 201);
    }
}

#[test]
fn a_waiting_connection_gets_the_place_of_one_that_lies_idle() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    // Unix sockets have no share, so that they can take all places.
    let config = Config {
        folder: folder.path().to_owned(),
        listen: vec![
            Listen::Tcp(([127, 0, 0, 1], 0).into()),
            Listen::Unix(socket.clone()),
        ],
        limits: Limits {
            connections_max: Some(2),
            ..Limits::default()
        },
        ..Config::default()
    };
    let server = Instance::start_config(config, folder);
    let mut idle: Vec<UnixStream> = (0..2)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    for stream in &mut idle {
        stream
            .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut answer = [0; 512];
        let n = stream.read(&mut answer).unwrap();
        assert!(answer[..n].starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
    assert_eq!(server.get("/health").status, 200);
    // One of the two went; which of them was idle first, their threads may know.
    for stream in &idle {
        stream.set_nonblocking(true).unwrap();
    }
    let is_open = |mut stream: &UnixStream| stream.read(&mut [0; 1]).is_err();
    let mut open: Vec<&UnixStream> = idle.iter().filter(|stream| is_open(stream)).collect();
    assert_eq!(open.len(), 1);
    // The other goes on, several requests on one connection.
    open[0].set_nonblocking(false).unwrap();
    for _ in 0..2 {
        open[0]
            .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        assert!(open[0].read(&mut [0; 512]).unwrap() > 0);
    }
}

/// A server whose user may have so many threads and no more.
fn with_few_threads(folder: &std::path::Path, threads: u32) -> Binary {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    // A home may be closed to whoever is to start it.
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = place.path().join("livedrop");
    // By another process: a file that this one has open for writing could not be started.
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_livedrop"))
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    let script = format!("ulimit -u {threads}; exec \"$0\" --listen 127.0.0.1:0 \"$1\"");
    // Root is bound by no such limit, and so becomes somebody else; anybody else has one count of
    // threads outside of a user namespace and another inside.
    let is_root = rustix::process::getuid().is_root();
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid",
            "54321",
            "--regid",
            "54321",
            "--clear-groups",
            "--",
        ]);
        command
    } else {
        let mut command = Command::new("unshare");
        command.args(["--user", "--"]);
        command
    };
    command
        .args(["sh", "-c", &script])
        .arg(&program)
        .arg(folder);
    Binary::spawn(command)
}

#[test]
fn a_system_without_more_threads_costs_connections_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_few_threads(folder.path(), 12);
    assert_eq!(server.ask("GET /health", &[], b"").status, 200);
    let before = Toll::at_rest(server.pid());
    let mut crowd: Vec<Wire> = (0..100).map(|_| server.connect()).collect();
    for wire in &mut crowd {
        wire.send_while_taken("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }
    let rests: Vec<Vec<u8>> = crowd.iter_mut().map(Wire::rest).collect();
    let answered = rests
        .iter()
        .filter(|rest| rest.starts_with(b"HTTP/1.1 200 OK\r\n"))
        .count();
    let refused = rests.iter().filter(|rest| rest.is_empty()).count();
    assert_eq!(answered + refused, 100, "whole answers or none");
    assert!(answered > 0);
    drop(crowd);
    before.wait_for(server.pid());
    assert_eq!(server.ask("GET /health", &[], b"").status, 200);
    assert!(server.stop().0.success());
}

#[test]
fn a_second_signal_ends_it_now() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut wire = server.connect();
    wire.send(
        "PUT /files/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
    );
    wire.socket().read_exact(&mut [0; 25]).unwrap();
    server.signal(15);
    while std::net::TcpStream::connect(server.address).is_ok() {}
    server.signal(15);
    let (status, _) = server.wait();
    assert_eq!(status.code(), Some(1));
}
