//! What happens in the shared folder, and how it is told: one name and one line of JSON each.
//!
//! Paths are text with `/` between the segments and mean nothing here. How name and line become
//! a frame on a connection is the business of whoever gives the hub its encoder.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::filter::Places;
use super::id::EventId;

/// What stands, or stood, at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file, or a link to one.
    File,
    /// A folder, or a link to one.
    Folder,
    /// A link that leads nowhere.
    Link,
    /// A FIFO, a socket, a device.
    Other,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::File => "file",
            Kind::Folder => "folder",
            Kind::Link => "link",
            Kind::Other => "other",
        }
    }
}

/// A change that has happened. It gets an id, is kept for those who come back, and is never lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A new file stands complete.
    Upload {
        /// Where it stands.
        path: String,
        /// Size in bytes.
        size: u64,
        /// Modification time in Unix milliseconds.
        modified: i64,
    },
    /// An existing file has new content.
    Update {
        /// Where it stands.
        path: String,
        /// Size in bytes.
        size: u64,
        /// Modification time in Unix milliseconds.
        modified: i64,
        /// The token that brings the former content back, if it was kept.
        undo: Option<String>,
    },
    /// Something is gone; of a tree, its top.
    Delete {
        /// Where it stood.
        path: String,
        /// What it was.
        kind: Kind,
        /// The token that brings it back, if it was kept.
        undo: Option<String>,
    },
    /// Something has another name or place; of a tree, its top.
    Move {
        /// Where it stood.
        from: String,
        /// Where it stands.
        path: String,
        /// What it is.
        kind: Kind,
        /// The token that brings back what the move replaced, if something was.
        undo: Option<String>,
    },
    /// A new folder stands.
    Folder {
        /// Where it stands.
        path: String,
    },
}

impl Event {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Event::Upload { .. } => "upload",
            Event::Update { .. } => "update",
            Event::Delete { .. } => "delete",
            Event::Move { .. } => "move",
            Event::Folder { .. } => "folder",
        }
    }

    /// The payload as one line of JSON.
    pub(super) fn data(&self) -> String {
        let undo = match self {
            Event::Update { undo, .. } | Event::Delete { undo, .. } | Event::Move { undo, .. } => {
                undo.as_deref()
            }
            Event::Upload { .. } | Event::Folder { .. } => None,
        };
        let mut line = match self {
            Event::Upload {
                path,
                size,
                modified,
            }
            | Event::Update {
                path,
                size,
                modified,
                ..
            } => Line::of(path)
                .with("size", *size)
                .with("modified", *modified),
            Event::Delete { path, kind, .. } => Line::of(path).with("kind", kind.name()),
            Event::Move {
                from, path, kind, ..
            } => Line::of(path)
                .with("from", from.as_str())
                .with("kind", kind.name()),
            Event::Folder { path } => Line::of(path),
        };
        if let Some(token) = undo {
            line = line.with("undo", token);
        }
        line.written()
    }

    pub(super) fn into_places(self) -> Places {
        let (path, from) = match self {
            Event::Move { from, path, .. } => (path, Some(from.into())),
            Event::Upload { path, .. }
            | Event::Update { path, .. }
            | Event::Delete { path, .. }
            | Event::Folder { path } => (path, None),
        };
        Places {
            path: path.into(),
            from,
        }
    }
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Bytes are coming.
    Receiving,
    /// The sender has stopped and may go on later.
    Paused,
    /// The file stands complete.
    Done,
    /// It has ended without a file.
    Failed,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Receiving => "receiving",
            State::Paused => "paused",
            State::Done => "done",
            State::Failed => "failed",
        }
    }
}

/// A glance at an upload under way. It has no id and is never replayed: a newer one says it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which upload. Whoever knows it can go on with one that comes in pieces.
    pub upload: String,
    /// The account that it belongs to; None where there are no accounts.
    pub owner: Option<Arc<str>>,
    /// Where its file will stand.
    pub path: String,
    /// Bytes received so far.
    pub received: u64,
    /// Size of the whole in bytes, where it is known.
    pub size: Option<u64>,
    /// Speed of late.
    pub bytes_per_second: u64,
    /// How far it is.
    pub state: State,
}

impl Progress {
    pub(super) const NAME: &'static str = "progress";

    /// The payload as one line of JSON, without a line end. `/api/status` shows the same fields.
    pub fn data(&self) -> String {
        self.rest(Line::of(&self.path).with("upload", self.upload.as_str()))
    }

    /// The same for everybody but its owner: without its id.
    pub fn data_for_others(&self) -> String {
        self.rest(Line::of(&self.path))
    }

    fn rest(&self, line: Line) -> String {
        let mut line = line
            .with("received", self.received)
            .with("bytes_per_second", self.bytes_per_second)
            .with("state", self.state.name());
        if let Some(size) = self.size {
            line = line.with("size", size);
        }
        line.written()
    }
}

/// What an encoder makes a frame of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// The event's id; progress has none.
    pub id: Option<EventId>,
    /// The event's name, a lower-case word.
    pub name: &'static str,
    /// The payload: JSON without a line end, since JSON escapes those within names.
    pub data: &'a str,
}

/// A JSON object in the making.
struct Line(Map<String, Value>);

impl Line {
    fn of(path: &str) -> Line {
        Line(Map::new()).with("path", path)
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Line {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    fn written(self) -> String {
        Value::Object(self.0).to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )]
    use super::*;
    use serde_json::json;

    fn parsed(line: &str) -> Value {
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn each_event_has_its_name_and_its_fields_and_no_others() {
        let text = String::from;
        let table = [
            (
                Event::Upload {
                    path: text("a/b.txt"),
                    size: u64::MAX,
                    modified: -1,
                },
                "upload",
                json!({"path": "a/b.txt", "size": u64::MAX, "modified": -1}),
            ),
            (
                Event::Update {
                    path: text("a"),
                    size: 0,
                    modified: 5,
                    undo: Some(text("t")),
                },
                "update",
                json!({"path": "a", "size": 0, "modified": 5, "undo": "t"}),
            ),
            (
                Event::Delete {
                    path: text("a"),
                    kind: Kind::Folder,
                    undo: None,
                },
                "delete",
                json!({"path": "a", "kind": "folder"}),
            ),
            (
                Event::Move {
                    from: text("a"),
                    path: text("b"),
                    kind: Kind::Other,
                    undo: Some(text("t")),
                },
                "move",
                json!({"from": "a", "path": "b", "kind": "other", "undo": "t"}),
            ),
            (
                Event::Folder { path: text("a") },
                "folder",
                json!({"path": "a"}),
            ),
        ];
        for (event, name, data) in table {
            assert_eq!(event.name(), name);
            assert_eq!(parsed(&event.data()), data);
        }
    }

    #[test]
    fn progress_leaves_an_unknown_size_out() {
        let mut progress = Progress {
            upload: "u1".to_owned(),
            owner: None,
            path: "a".to_owned(),
            received: 3,
            size: None,
            bytes_per_second: 9,
            state: State::Receiving,
        };
        let mut fields = json!({
            "upload": "u1", "path": "a", "received": 3, "bytes_per_second": 9,
            "state": "receiving",
        });
        assert_eq!(parsed(&progress.data()), fields);
        progress.size = Some(4);
        fields["size"] = json!(4);
        assert_eq!(parsed(&progress.data()), fields);
        fields.as_object_mut().unwrap().remove("upload");
        assert_eq!(parsed(&progress.data_for_others()), fields);
    }

    #[test]
    fn no_name_can_break_the_line() {
        let name = "a\nb\rc\r\n\ndata: x\u{0}\u{85}\u{2028}\"\\<é";
        let event = Event::Move {
            from: name.to_owned(),
            path: name.to_owned(),
            kind: Kind::File,
            undo: None,
        };
        let line = event.data();
        assert!(!line.bytes().any(|byte| byte < b' '));
        assert_eq!(parsed(&line)["path"], name);
        assert_eq!(parsed(&line)["from"], name);
    }
}
