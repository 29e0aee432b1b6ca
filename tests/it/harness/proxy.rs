//! A bad line between a client and a server: it carries bytes both ways and cuts each connection
//! after a number of them. It reads nothing of what it carries.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::PATIENCE;

/// The bytes that one connection carries before it is cut; `u64::MAX` is never.
#[derive(Debug, Clone, Copy)]
pub struct Endurance {
    pub to_client_max: u64,
    pub to_server_max: u64,
}

/// The line. It takes new connections until it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    is_ending: AtomicBool,
    connections: AtomicU64,
    cuts: AtomicU64,
    carried: AtomicU64,
}

impl Proxy {
    /// A line on which every connection lasts as long.
    pub fn start(server: SocketAddr, endurance: Endurance) -> Proxy {
        Proxy::start_with(server, move || endurance)
    }

    /// A line on which `endurance` says of each connection how long it lasts.
    pub fn start_with(
        server: SocketAddr,
        mut endurance: impl FnMut() -> Endurance + Send + 'static,
    ) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        let thread = std::thread::spawn(move || {
            for client in listener.incoming() {
                if shared.is_ending.load(Ordering::SeqCst) {
                    break;
                }
                let server = TcpStream::connect_timeout(&server, PATIENCE).unwrap();
                carry(client.unwrap(), server, endurance(), &shared);
            }
        });
        Proxy {
            address,
            counts,
            thread: Some(thread),
        }
    }

    /// Connections that were cut so far.
    pub fn cuts(&self) -> u64 {
        self.counts.cuts.load(Ordering::SeqCst)
    }

    /// Bytes that were carried so far, both ways.
    pub fn carried(&self) -> u64 {
        self.counts.carried.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.counts.is_ending.store(true, Ordering::SeqCst);
        // A last connection, so that the listener wakes and sees it.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Carries one connection, on two threads of its own that end with it.
fn carry(client: TcpStream, server: TcpStream, endurance: Endurance, counts: &Arc<Counts>) {
    // Every other cut is a reset, as from a router that forgot the connection; the rest are orderly
    // ends, which only the missing bytes give away.
    let is_reset = counts.connections.fetch_add(1, Ordering::SeqCst) % 2 == 1;
    let (client, server) = (Arc::new(client), Arc::new(server));
    for (from, to, bytes_max) in [
        (&server, &client, endurance.to_client_max),
        (&client, &server, endurance.to_server_max),
    ] {
        let (from, to, counts) = (Arc::clone(from), Arc::clone(to), Arc::clone(counts));
        std::thread::spawn(move || {
            if let Ok(true) = copy(&from, &to, bytes_max, &counts.carried) {
                counts.cuts.fetch_add(1, Ordering::SeqCst);
                for socket in [&from, &to] {
                    if is_reset {
                        let now = Some(Duration::ZERO);
                        let _ = rustix::net::sockopt::set_socket_linger(&**socket, now);
                    }
                    let _ = socket.shutdown(Shutdown::Both);
                }
            } else {
                let _ = to.shutdown(Shutdown::Write);
            }
        });
    }
}

/// Copies until the end, or until `bytes_max` are copied: then true.
fn copy(
    mut from: &TcpStream,
    mut to: &TcpStream,
    bytes_max: u64,
    carried: &AtomicU64,
) -> io::Result<bool> {
    let mut block = vec![0; 128 << 10];
    let mut left = bytes_max;
    while left > 0 {
        let most = usize::try_from(left).map_or(block.len(), |left| left.min(block.len()));
        let n = from.read(&mut block[..most])?;
        if n == 0 {
            return Ok(false);
        }
        to.write_all(&block[..n])?;
        carried.fetch_add(n as u64, Ordering::SeqCst);
        left -= n as u64;
    }
    Ok(true)
}
