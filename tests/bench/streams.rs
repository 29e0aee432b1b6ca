//! Event streams: many watchers of one server, and how long it takes until the last has heard.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use super::load;
use super::peer::Peer;

/// What each event of either server holds, and nothing else that it sends.
const MARK: &str = "a-word-that-all-hear";
/// What a watcher keeps of what came: a mark may be cut in two.
const KEPT_BYTES: usize = MARK.len() - 1;
const PATIENCE: Duration = Duration::from_secs(30);

/// Watchers of one server, each on a connection of its own.
pub struct Watchers<'p> {
    peer: &'p Peer,
    open: Vec<Watcher>,
    published: usize,
}

struct Watcher {
    socket: TcpStream,
    /// The end of what came.
    tail: Vec<u8>,
}

impl<'p> Watchers<'p> {
    /// Opens so many streams; each has had its head.
    pub fn open(peer: &'p Peer, count: usize) -> Watchers<'p> {
        let open = (0..count).map(|_| Watcher::open(peer)).collect();
        let mut watchers = Watchers {
            peer,
            open,
            published: 0,
        };
        // Whoever has heard one has its place in the server.
        watchers.publish();
        watchers
    }

    /// Publishes an event, and gives the time until each watcher has it, shortest first.
    pub fn publish(&mut self) -> Vec<Duration> {
        self.published += 1;
        let begun = Instant::now();
        match self.peer.is_ours() {
            true => {
                let line = format!("PUT /files/{MARK}-{}", self.published);
                load::upload(self.peer.address, &line, "Accept: */*", ("", ""), 1);
            }
            false => load::upload(
                self.peer.address,
                "POST /publish",
                "Content-Type: text/plain",
                (MARK, ""),
                0,
            ),
        }
        let mut waiting: Vec<usize> = (0..self.open.len()).collect();
        let mut times = Vec::with_capacity(waiting.len());
        while !waiting.is_empty() {
            assert!(begun.elapsed() < PATIENCE, "everyone hears");
            let mut fds: Vec<PollFd<'_>> = waiting
                .iter()
                .map(|at| PollFd::new(&self.open[*at].socket, PollFlags::IN))
                .collect();
            poll(&mut fds, None).expect("a poll");
            let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
            drop(fds);
            let mut ready = ready.into_iter();
            waiting.retain(|at| {
                let has_heard = ready.next() == Some(true) && self.open[*at].hears();
                if has_heard {
                    times.push(begun.elapsed());
                }
                !has_heard
            });
        }
        times
    }
}

impl Watcher {
    fn open(peer: &Peer) -> Watcher {
        let mut socket = TcpStream::connect(peer.address).expect("the server is up");
        let request =
            "GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
        socket
            .write_all(request.as_bytes())
            .expect("the server reads");
        let mut status = [0; 12];
        socket.read_exact(&mut status).expect("an answer");
        assert!(status.ends_with(b" 200"), "a stream is open");
        socket
            .set_nonblocking(true)
            .expect("an option every socket has");
        Watcher {
            socket,
            tail: Vec::new(),
        }
    }

    /// Takes what has come, and tells whether the event was in it.
    fn hears(&mut self) -> bool {
        let mut block = [0; 4096];
        loop {
            match self.socket.read(&mut block) {
                Ok(0) => panic!("a stream has ended"),
                Ok(count) => self.tail.extend_from_slice(&block[..count]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => panic!("a stream has broken: {e}"),
            }
        }
        let has_heard = self
            .tail
            .windows(MARK.len())
            .any(|window| window == MARK.as_bytes());
        let kept = match has_heard {
            true => 0,
            false => KEPT_BYTES.min(self.tail.len()),
        };
        self.tail.drain(..self.tail.len() - kept);
        has_heard
    }
}
