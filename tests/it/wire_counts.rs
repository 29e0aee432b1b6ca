//! Too many of everything: connections, streams, descriptors, resets. It passes, and the server is
//! as it was before: the same threads, the same descriptors, the next request answered.
//!
//! The server is a process of its own here, since it is its threads and descriptors that count.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket, sockopt};

use crate::harness::{Binary, Instance, PATIENCE, Toll, Wire};
use crate::wire_heads::{LAST, REFUSED, SERVED, try_row};

const GET: &str = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
const GET_LAST: &str = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
/// The shapes of descriptor exhaustion are tried so often here; twenty times each by hand, with
/// `LIVEDROP_TEST_ROUNDS=20`.
const ROUNDS: usize = 3;
const CROWD: usize = 500;

/// A server that has answered once, so that what is made at need is there, and what it holds.
fn settled(server: &Binary) -> Toll {
    assert_eq!(server.ask("GET /health", &[], b"").status, 200);
    Toll::at_rest(server.pid())
}

/// Holds that the server is as it was, and ends it.
fn finish(server: Binary, before: Toll) {
    before.wait_for(server.pid());
    let answer = server.ask("GET /api/status", &[], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["panics"], 0);
    before.wait_for(server.pid());
    let (status, said) = server.stop();
    assert!(status.success(), "{said}");
    assert!(!said.contains("panic"), "{said}");
}

/// A connection from one of many addresses of the loopback, as from machines of their own.
fn connect_from(last: u8, to: SocketAddr) -> TcpStream {
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(
        &socket,
        &SocketAddr::from((Ipv4Addr::new(127, 0, 1, last), 0)),
    )
    .unwrap();
    connect(&socket, &to).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn reset(stream: &TcpStream) {
    sockopt::set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
}

#[test]
fn every_shape_leaves_the_server_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let before = settled(&server);
    let (address, pid) = (server.address, server.pid());
    for (rows, closes) in [(REFUSED, true), (SERVED, false), (LAST, true)] {
        for &row in rows {
            try_row(address, row, closes);
        }
        before.wait_for(pid);
    }
    let after = server.memory_kib("VmRSS");
    for (rows, closes) in [(REFUSED, true), (SERVED, false), (LAST, true)] {
        for &row in rows {
            try_row(address, row, closes);
        }
    }
    let grown = server.memory_kib("VmRSS").saturating_sub(after);
    assert!(grown < 512, "{grown} KiB more the second time");
    finish(server, before);
}

#[test]
fn a_storm_of_resets_leaves_the_server_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let before = settled(&server);
    let starts = [
        "",
        "GET / HTTP/1.1\r\nHo",
        GET,
        "PUT /files/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345",
        "GET /events HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    for i in 0..1000 {
        let mut wire = server.connect();
        wire.send_while_taken(starts[i % starts.len()]);
        reset(wire.socket());
    }
    finish(server, before);
    assert_eq!(crate::harness::tree(folder.path()), Vec::<String>::new());
}

/// A server with so few descriptors.
fn start_short(folder: &Path, descriptors: &str) -> Binary {
    let script = format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_livedrop")])
        .args(["--quiet", "--listen", "127.0.0.1:0"])
        .arg(folder);
    Binary::spawn(command)
}

/// Many connections at once from many addresses, all of which ask; each is answered.
fn crowd_that_asks(server: &Binary) {
    let mut crowd: Vec<Wire> = (0..CROWD)
        .map(|i| Wire::of(connect_from((i % 50) as u8 + 1, server.address)))
        .collect();
    for wire in &mut crowd {
        wire.send_while_taken(GET_LAST);
    }
    for wire in &mut crowd {
        assert_eq!(wire.answer(false).status, 200);
        assert_eq!(wire.rest(), b"");
    }
}

/// Many connections at once from one address that say nothing, or not enough; all of them leave.
fn crowd_that_loiters(server: &Binary) {
    let crowd: Vec<Wire> = (0..CROWD)
        .map(|i| {
            let mut wire = server.connect();
            wire.send_while_taken(&GET[..(i % 3) * 10]);
            wire
        })
        .collect();
    for wire in crowd.iter().step_by(2) {
        reset(wire.socket());
    }
}

#[test]
fn a_shortage_of_descriptors_passes() {
    let rounds = std::env::var("LIVEDROP_TEST_ROUNDS");
    let rounds = rounds.map_or(ROUNDS, |n| n.parse().unwrap());
    // Connections take two descriptors each: the last one is gone between the two, or after them.
    for descriptors in ["64", "65"] {
        let folder = tempfile::tempdir().unwrap();
        let server = start_short(folder.path(), descriptors);
        let before = settled(&server);
        for _ in 0..rounds {
            crowd_that_asks(&server);
            before.wait_for(server.pid());
            crowd_that_loiters(&server);
            before.wait_for(server.pid());
            assert_eq!(server.ask("GET /health", &[], b"").status, 200);
        }
        finish(server, before);
    }
}

#[test]
fn one_stream_too_many_is_told_to_come_back() {
    let server = Instance::start_with(|limits| limits.streams_max = 2);
    let first = server.stream("/events", &[]);
    let _second = server.stream("/events", &[]);
    let mut wire = server.connect();
    let answer = wire.ask("GET /events", &[], b"");
    assert_eq!((answer.status, answer.code().as_str()), (503, "busy"));
    let seconds: u32 = answer.field("Retry-After").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
    // Everything else goes on, on the same connection too.
    assert_eq!(wire.ask("GET /health", &[], b"").status, 200);
    drop(first);
    // Its place is free as soon as the server has noticed.
    let deadline = std::time::Instant::now() + PATIENCE;
    while server.get("/api/status").json()["streams"] != 1 {
        assert!(
            std::time::Instant::now() < deadline,
            "the place is not free"
        );
    }
    let _third = server.stream("/events", &[]);
}

#[test]
fn one_connection_too_many_waits_until_another_ends() {
    let server = Instance::start_with(|limits| limits.connections_max = Some(4));
    let streams: Vec<TcpStream> = (1..=4)
        .map(|last| connect_from(last, server.address))
        .collect();
    for stream in &streams {
        let mut wire = Wire::of(stream.try_clone().unwrap());
        wire.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut first = [0; 15];
        std::io::Read::read_exact(&mut wire.socket(), &mut first).unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
    }
    let waiting = connect_from(5, server.address);
    let mut waiting = Wire::of(waiting);
    waiting.send(GET);
    let socket = waiting.socket();
    socket
        .set_read_timeout(Some(Duration::from_millis(600)))
        .unwrap();
    let early = socket.peek(&mut [0]).unwrap_err();
    assert_eq!(early.kind(), ErrorKind::WouldBlock, "nobody serves it yet");
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    // The others are in the middle of something and keep their places; one leaves.
    drop(streams.into_iter().next());
    assert_eq!(waiting.answer(false).status, 200);
}
