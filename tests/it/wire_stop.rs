//! The end of a server: no new connections, idle ones closed, streams ended, transfers finished,
//! and whoever does not finish is cut when the time is up.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use crate::harness::{Binary, Instance, PATIENCE, Toll, Wire};

/// Waits until nobody listens at the address any more.
fn wait_until_refused(address: std::net::SocketAddr) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match TcpStream::connect(address) {
            Err(e) if e.kind() == ErrorKind::ConnectionRefused => return,
            // What the kernel had taken for it is reset when the listener closes.
            Ok(_) | Err(_) => assert!(Instant::now() < deadline, "it still listens"),
        }
    }
}

#[test]
fn a_signal_closes_the_listener_and_lets_transfers_finish() {
    let folder = tempfile::tempdir().unwrap();
    let length = 64 << 20;
    let file = std::fs::File::create(folder.path().join("big")).unwrap();
    file.set_len(length).unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    let mut idle = server.connect();
    assert_eq!(idle.ask("GET /health", &[], b"").status, 200);
    let mut silent = server.connect();
    let mut begun = server.connect();
    begun.send("GET /health HTTP/1.1\r\nHo");
    let mut upload = server.connect();
    upload.send(
        "PUT /files/x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    );
    // The server is in the middle of it when it says that the body may come.
    upload.socket().read_exact(&mut [0; 25]).unwrap();
    let mut download = server.connect();
    download.send("GET /files/big HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut first = [0; 17];
    download.socket().read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK\r\n");

    server.signal(15);
    wait_until_refused(server.address);
    assert_eq!(idle.rest(), b"");
    assert_eq!(silent.rest(), b"");
    // A request that has begun is finished too, and told that it was the last.
    begun.send("st: x\r\n\r\n");
    let answer = begun.answer(false);
    assert_eq!((answer.status, answer.closes()), (200, true));
    upload.send("hello");
    assert_eq!(upload.answer(false).status, 201);
    assert!(download.rest().len() as u64 > length);
    drop((begun, upload));
    let (status, said) = server.wait();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"hello");
}

#[test]
fn a_stream_that_is_not_read_loses_its_thread_and_does_not_hold_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::start(folder.path(), &["--quiet"]);
    assert_eq!(server.ask("GET /health", &[], b"").status, 200);
    let before = Toll::at_rest(server.pid());
    let mut publisher = server.connect();
    let mut wire = server.connect();
    sockopt::set_socket_recv_buffer_size(wire.socket(), 4096).unwrap();
    wire.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    wire.socket().read_exact(&mut [0; 15]).unwrap();
    // Until the kernel holds all that it can of what the stream does not take, and its queue too.
    let long = "a".repeat(200);
    let deadline = Instant::now() + PATIENCE;
    for i in (0..50).cycle() {
        assert!(Instant::now() < deadline, "it is not cut");
        let target = format!("PUT /files/{long}/{long}/{long}/{i}");
        assert!(publisher.ask(&target, &[], b"").status < 300);
        let status = publisher.ask("GET /api/status", &[], b"").json();
        if status["streams"] == 0 {
            break;
        }
    }
    drop(publisher);
    before.wait_for(server.pid());
    let begun = Instant::now();
    assert_eq!(server.stop().0.code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    drop(wire);
}

#[test]
fn whoever_does_not_finish_is_cut_when_the_time_is_up() {
    let mut server = Instance::start_with(|limits| limits.stop_s = 1);
    let file = std::fs::File::create(server.path("big")).unwrap();
    file.set_len(256 << 20).unwrap();
    let mut download: Wire = server.connect();
    download.send("GET /files/big HTTP/1.1\r\nHost: x\r\n\r\n");
    download.socket().read_exact(&mut [0; 15]).unwrap();
    let mut upload = server.connect();
    upload.send(
        "PUT /files/x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    );
    upload.socket().read_exact(&mut [0; 25]).unwrap();
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "{:?}",
        begun.elapsed()
    );
    assert!(download.rest().len() < 256 << 20);
    assert_eq!(server.tree(), ["big"]);
}
