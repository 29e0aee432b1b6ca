//! Server-Sent Events: what a frame looks like on the wire (HTML, section 9.2).

use std::sync::Arc;

use serde_json::json;

use crate::events::{EventId, Record};

/// How long a browser waits before it connects again, in milliseconds.
const RETRY_MS: u32 = 1000;

/// The line that opens each stream.
pub fn opening() -> Vec<u8> {
    format!("retry: {RETRY_MS}\n\n").into_bytes()
}

/// The frame of one record. Its data is one line of JSON, in which a newline cannot occur.
pub fn encode(record: &Record<'_>) -> Arc<[u8]> {
    frame(record.id, record.name, record.data).into_bytes().into()
}
