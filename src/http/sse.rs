//! Server-Sent Events: what a frame looks like on the wire (HTML Standard, section 9.2).

/// How long a browser waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 1000;

/// What opens each stream.
pub fn opening() -> Vec<u8> {
    format!("retry: {RETRY_MS}\n\n").into_bytes()
}

/// A frame. `data` is JSON on one line, in which no line end can occur.
pub fn frame(id: Option<&str>, name: &str, data: &str) -> String {
    match id {
        Some(id) => format!("id: {id}\nevent: {name}\ndata: {data}\n\n"),
        None => format!("event: {name}\ndata: {data}\n\n"),
    }
}
