//! Floor 1, the disk: names, reading, listing, and uploads that are never half there. The only
//! floor that touches files; it knows no HTTP and no JSON.
//!
//! Everything goes through one `cap_std::fs::Dir`, a folder that cannot be left, and a path gets
//! there only as a `RelPath`.

mod entry;
mod folders;
mod kinds;
mod link;
mod listing;
mod name;
mod naming;
mod order;
mod partial;
mod publish;
mod record;
mod relocation;
mod removal;
mod replica;
mod room;
mod search;
mod share;
mod shelf;
mod sweep;
mod trash;
mod undo;
mod upload;
mod walk;
mod watch;

pub use entry::{Entry, Facts, Kind};
pub use name::RelPath;
pub use partial::{Partial, Plan};
pub use publish::{Change, OnConflict, Published};
pub use relocation::{Placed, Removed};
pub use replica::Depth;
pub use search::Hit;
pub use share::{OpenFile, Share, Stored, Terms};
pub use shelf::Unfinished;
pub use trash::Rest;
pub use undo::Undone;
pub use upload::Uploads;
pub use walk::{Found, Tree};
pub use watch::{Outside, Pace, Showing, Size, Watching};
