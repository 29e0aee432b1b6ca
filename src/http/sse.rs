//! Server-Sent Events: what a frame looks like on the wire (HTML Standard, section 9.2).

use std::sync::Arc;

use crate::events::{EventId, Record};

/// How long a browser waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 1000;

/// What opens each stream.
pub fn opening() -> Vec<u8> {
    format!("retry: {RETRY_MS}\n\n").into_bytes()
}

/// The frame of one event, as the hub wants it encoded.
pub fn encode(record: &Record<'_>) -> Arc<[u8]> {
    let id = record.id.map(|id| id.to_string());
    frame(id.as_deref(), record.name, record.data)
        .into_bytes()
        .into()
}

/// A frame. `data` is JSON on one line, in which no line end can occur.
pub fn frame(id: Option<&str>, name: &str, data: &str) -> String {
    match id {
        Some(id) => format!("id: {id}\nevent: {name}\ndata: {data}\n\n"),
        None => format!("event: {name}\ndata: {data}\n\n"),
    }
}

/// The id of the newest event, as `reset` carries it.
pub fn data_of(event_id: EventId) -> String {
    serde_json::json!({ "event_id": event_id.to_string() }).to_string()
}
