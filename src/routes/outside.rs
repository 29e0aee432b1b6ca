//! What happens in watched folders without us, told like our own changes.

use crate::events::Event;
use crate::routes::{App, kind_of_event};
use crate::storage::{Outside, Size};

/// Tells of changes from outside until the share is no longer observed.
pub(crate) fn observe(app: &App) {
    app.share
        .observe(|change| tell(app, change), || app.hub.mark().seq());
}

fn tell(app: &App, change: Outside) {
    let event = match change {
        Outside::Upload(path, Size { bytes, modified_ms }) => Event::Upload {
            path: path.to_string(),
            size: bytes,
            modified: modified_ms,
        },
        Outside::Update(path, Size { bytes, modified_ms }) => Event::Update {
            path: path.to_string(),
            size: bytes,
            modified: modified_ms,
            undo: None,
        },
        Outside::Delete(path, kind) => Event::Delete {
            path: path.to_string(),
            kind: kind_of_event(kind),
            undo: None,
        },
        Outside::Move { from, path, kind } => Event::Move {
            from: from.to_string(),
            path: path.to_string(),
            kind: kind_of_event(kind),
            undo: None,
        },
        Outside::Folder(path) => Event::Folder {
            path: path.to_string(),
        },
        Outside::Reset => return app.hub.reset(),
    };
    app.hub.publish(event);
}
