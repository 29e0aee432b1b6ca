//! The clients: plain sockets that ask and read, and do nothing else, so that what is measured is
//! the server.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

/// Asks for `target` so many times over each of some connections that are kept open.
pub fn keep_alive(address: SocketAddr, target: &str, connections: usize, each: usize) {
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(move || {
                let mut reader = BufReader::new(connect(address));
                for _ in 0..each {
                    ask(reader.get_mut(), target);
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

/// Sends a body of zeros by PUT; it must be taken.
pub fn put(address: SocketAddr, target: &str, bytes: u64) {
    let head =
        format!("PUT {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\n\r\n");
    send(address, &head, bytes, "");
}

/// Sends a file of zeros by a form, in place of the one before; it must be taken.
pub fn post(address: SocketAddr, name: &str, bytes: u64) {
    let start = format!("--b\r\nContent-Disposition: form-data; filename={name}\r\n\r\n");
    let end = "\r\n--b--\r\n";
    let length = bytes + (start.len() + end.len()) as u64;
    let head = format!("{FORM_HEAD}{length}\r\n\r\n{start}");
    send(address, &head, bytes, end);
}

const FORM_HEAD: &str = "POST /upload?on_conflict=replace HTTP/1.1\r\nHost: localhost\r\n\
    Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ";

/// So many small files, in one form or each by its own PUT over one connection.
/// Files below `new`.
pub fn small_files(address: SocketAddr, files: usize, bytes: usize, in_one_form: bool) {
    let mut reader = BufReader::new(connect(address));
    let content = "z".repeat(bytes);
    if !in_one_form {
        for i in 0..files {
            let head = format!("PUT /files/new/{i} HTTP/1.1\r\nHost: localhost\r\n");
            let request = format!("{head}Content-Length: {bytes}\r\n\r\n{content}");
            reader
                .get_mut()
                .write_all(request.as_bytes())
                .expect("the server reads");
            read_answer(&mut reader);
        }
        return;
    }
    let part =
        |i| format!("--b\r\nContent-Disposition: form-data; filename=new/{i}\r\n\r\n{content}\r\n");
    let body = (0..files).map(part).collect::<String>() + "--b--\r\n";
    let request = format!("{FORM_HEAD}{}\r\n\r\n{body}", body.len());
    reader
        .get_mut()
        .write_all(request.as_bytes())
        .expect("the server reads");
    read_answer(&mut reader);
}

fn send(address: SocketAddr, head: &str, bytes: u64, end: &str) {
    let mut reader = BufReader::new(connect(address));
    let socket = reader.get_mut();
    socket.write_all(head.as_bytes()).expect("the server reads");
    let block = vec![0; 256 << 10];
    let mut left = bytes;
    while left > 0 {
        let n = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        socket.write_all(&block[..n]).expect("the server reads");
        left -= n as u64;
    }
    socket.write_all(end.as_bytes()).expect("the server reads");
    read_answer(&mut reader);
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
    assert!(status.contains(" 20"), "{status}");
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
        None if status.contains(" 204 ") => 0,
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
