//! The clients: plain sockets that ask and read, and do nothing else, so that what is measured is
//! the server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use rustix::net::sockopt;

/// Asks for `target` so many times over each of some connections that are kept open.
pub fn keep_alive(address: SocketAddr, target: &str, connections: usize, each: usize) {
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(move || {
                let mut reader = BufReader::new(connect(address));
                for _ in 0..each {
                    ask(reader.get_mut(), target);
                    // Some send head and body apart and wait for the first to be acknowledged,
                    // which a client puts off for 40 ms. It is CPU that is measured here.
                    sockopt::set_tcp_quickack(reader.get_ref(), true).expect("TCP has it");
                    read_answer(&mut reader);
                }
            });
        }
    });
}

/// Downloads `target` over so many connections at once; gives the bytes of all bodies.
pub fn download(address: SocketAddr, target: &str, connections: usize) -> u64 {
    let each = || {
        let mut reader = BufReader::with_capacity(256 << 10, connect(address));
        ask(reader.get_mut(), target);
        read_answer(&mut reader)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(each)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a client ends well"))
            .sum()
    })
}

/// Opens connections that have asked once and now lie idle.
pub fn idle(address: SocketAddr, target: &str, connections: usize) -> Vec<TcpStream> {
    let open = |_| {
        let mut reader = BufReader::new(connect(address));
        ask(reader.get_mut(), target);
        read_answer(&mut reader);
        reader.into_inner()
    };
    (0..connections).map(open).collect()
}

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).expect("the server is up");
    socket
        .set_nodelay(true)
        .expect("an option every socket has");
    socket
}

fn ask(socket: &mut TcpStream, target: &str) {
    let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    socket
        .write_all(request.as_bytes())
        .expect("the server reads");
}

/// Reads one answer and gives the bytes of its body.
fn read_answer(reader: &mut BufReader<TcpStream>) -> u64 {
    let (mut length, mut chunked, mut line) = (None, false, String::new());
    let mut status = String::new();
    reader.read_line(&mut status).expect("an answer");
    assert!(status.contains(" 200 "), "{status}");
    loop {
        line.clear();
        reader.read_line(&mut line).expect("a head");
        let lower = line.trim_end().to_ascii_lowercase();
        match lower.split_once(": ") {
            Some(("content-length", value)) => length = value.parse::<u64>().ok(),
            Some(("transfer-encoding", "chunked")) => chunked = true,
            Some(_) => {}
            None => break,
        }
    }
    match length {
        Some(length) => discard(reader, length),
        None if chunked => read_chunks(reader),
        None => panic!("an answer without a length"),
    }
}

fn read_chunks(reader: &mut BufReader<TcpStream>) -> u64 {
    let mut total = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a chunk");
        let size = u64::from_str_radix(line.trim_end(), 16).expect("a size");
        discard(reader, size + 2);
        total += size;
        if size == 0 {
            return total;
        }
    }
}

fn discard(reader: &mut impl BufRead, mut length: u64) -> u64 {
    let whole = length;
    while length > 0 {
        let have = reader.fill_buf().expect("the body goes on").len();
        assert!(have > 0, "the body is whole");
        let taken = have.min(usize::try_from(length).unwrap_or(usize::MAX));
        reader.consume(taken);
        length -= taken as u64;
    }
    whole
}

/// Sends a body of so many equal bytes behind a head, between two pieces that frame it, and holds
/// that it was taken.
pub fn upload(address: SocketAddr, line: &str, field: &str, frame: (&str, &str), bytes: u64) {
    let mut socket = connect(address);
    let length = bytes + (frame.0.len() + frame.1.len()) as u64;
    let head = format!("{line} HTTP/1.1\r\nHost: x\r\n{field}\r\nContent-Length: {length}\r\n\r\n");
    socket.write_all(head.as_bytes()).expect("the server reads");
    socket
        .write_all(frame.0.as_bytes())
        .expect("the server reads");
    let block = vec![7; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let n = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        socket.write_all(&block[..n]).expect("the server reads");
        left -= n as u64;
    }
    socket
        .write_all(frame.1.as_bytes())
        .expect("the server reads");
    let mut status = [0; 12];
    socket.read_exact(&mut status).expect("an answer");
    assert!(status[9] == b'2', "{}", String::from_utf8_lossy(&status));
}

/// Uploads so many files of equal bytes one after another over one connection.
pub fn puts(address: SocketAddr, count: usize, bytes: usize) {
    let mut reader = BufReader::new(connect(address));
    let body = vec![7; bytes];
    for number in 0..count {
        let head = format!("PUT /files/puts/{number} HTTP/1.1\r\nHost: x\r\n");
        let message = [
            format!("{head}Content-Length: {bytes}\r\n\r\n").as_bytes(),
            &body,
        ]
        .concat();
        reader
            .get_mut()
            .write_all(&message)
            .expect("the server reads");
        let mut line = String::new();
        reader.read_line(&mut line).expect("an answer");
        assert!(line.starts_with("HTTP/1.1 20"), "{line}");
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).expect("a head");
        }
    }
}

/// Uploads so many files of equal bytes in one form.
pub fn form(address: SocketAddr, count: usize, bytes: usize) {
    let mut body = Vec::new();
    for number in 0..count {
        let name = format!("filename=\"form/{number}\"");
        let head = format!("--b\r\nContent-Disposition: form-data; name=f; {name}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.resize(body.len() + bytes, 7);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--b--\r\n");
    let body = String::from_utf8(body).expect("it is ASCII");
    let line = "POST /upload?on_conflict=replace";
    let field = "Content-Type: multipart/form-data; boundary=b";
    upload(address, line, field, (&body, ""), 0);
}
