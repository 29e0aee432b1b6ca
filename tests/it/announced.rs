//! `livedrop.local`, in builds with the feature `mdns`: asked for by hand, over the network that this
//! machine has.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use livedrop::lan::machine_addresses;
use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::harness::{Binary, PATIENCE, lines};

const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const PORT: u16 = 5353;
const LABELS: &[u8] = b"\x08livedrop\x05local\0";
/// Type A and the class of the Internet. The bit before it has, in a question, the answer come to
/// who asks, and takes, in an answer, the place of what others have kept.
const ADDRESS: &[u8] = b"\0\x01\x80\x01";

/// Asks for the address of the name until somebody answers (RFC 6762, section 5.1).
fn ask() -> Ipv4Addr {
    let question = [b"\0\0\0\0\0\x01\0\0\0\0\0\0", LABELS, ADDRESS].concat();
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut answer = [0; 1500];
    loop {
        socket.send_to(&question, (GROUP, PORT)).unwrap();
        if let Ok(count) = socket.recv(&mut answer) {
            let end: [u8; 4] = answer[count - 4..count].try_into().unwrap();
            return end.into();
        }
        assert!(Instant::now() < deadline, "somebody answers");
    }
}

/// Whether a question is about the name: its end may be a pointer to where it stood before (RFC 1035,
/// section 4.1.4), and which name comes first is left to chance.
fn asks(question: &[u8]) -> bool {
    let (host, domain) = LABELS.split_at(9);
    let mut ends = question.windows(10).filter_map(|at| at.strip_prefix(host));
    ends.any(|end| end[0] == domain[0] || end[0] >= 0xc0)
}

/// Somebody else who has the name, at an address where nobody is, until it is dropped.
struct Rival {
    is_ending: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Rival {
    fn start() -> Rival {
        let socket = rustix::net::socket(AddressFamily::INET, SocketType::DGRAM, None).unwrap();
        sockopt::set_socket_reuseaddr(&socket, true).unwrap();
        sockopt::set_socket_reuseport(&socket, true).unwrap();
        rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT)).unwrap();
        let socket = UdpSocket::from(socket);
        socket
            .join_multicast_v4(&GROUP, &Ipv4Addr::UNSPECIFIED)
            .unwrap();
        let short = Some(Duration::from_millis(50));
        socket.set_read_timeout(short).unwrap();
        let is_ending = Arc::new(AtomicBool::new(false));
        let ending = Arc::clone(&is_ending);
        let claim = [
            b"\0\0\x84\0\0\0\0\x01\0\0\0\0",
            LABELS,
            ADDRESS,
            b"\0\0\0\x78\0\x04\xc0\0\x02\x63",
        ]
        .concat();
        let thread = std::thread::spawn(move || {
            let mut heard = [0; 9000];
            while !ending.load(Ordering::SeqCst) {
                match socket.recv(&mut heard) {
                    // Bit 15 of the flags: an answer, such as its own.
                    Ok(count) if count > 2 && heard[2] & 0x80 == 0 => {
                        if asks(&heard[..count]) {
                            socket.send_to(&claim, (GROUP, PORT)).unwrap();
                        }
                    }
                    Ok(_) => {}
                    Err(e) => assert_eq!(e.kind(), ErrorKind::WouldBlock),
                }
            }
        });
        Rival {
            is_ending,
            thread: Some(thread),
        }
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        self.is_ending.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn command(folder: &Path, options: &[&str]) -> Command {
    let mut command = Binary::command();
    command.args(["--listen", "0.0.0.0:0"]).args(options);
    command.arg(folder);
    command
}

/// One after another: there is one name on this machine.
#[test]
fn the_name_is_answered_for_and_given_up_to_who_had_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Binary::spawn(command(folder.path(), &[]));
    if !machine_addresses().iter().any(IpAddr::is_ipv4) {
        // Nobody is there to ask; that it serves all the same is what is left to see.
        assert_eq!(server.ask("GET /health", &[], b"").status, 200);
        return;
    }
    let told = ask();
    assert!(!told.is_loopback() && !told.is_unspecified(), "{told}");
    assert!(server.stop().0.success());

    let rival = Rival::start();
    let mut child = command(folder.path(), &[])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = lines(child.stderr.take().unwrap());
    let renamed = "Another livedrop.local is here; this one is livedrop-2.local.";
    while said.recv_timeout(PATIENCE).expect("it says so") != renamed {}
    child.kill().unwrap();
    child.wait().unwrap();
    drop(rival);

    let server = Binary::spawn(command(folder.path(), &["--no-mdns"]));
    let (status, said) = server.stop();
    assert!(status.success() && !said.contains(".local"), "{said}");
}
