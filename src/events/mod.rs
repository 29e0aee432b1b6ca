//! Floor 1, the events: what has happened in the shared folder, told to everyone who watches.
//!
//! A publisher appends to a bounded log and goes on. One thread, the dispatcher, hands what the log
//! holds to everyone: it writes what a client takes at once, and the rest goes to a bounded queue per
//! subscriber; a queue that stays full costs that subscriber its place, and nobody else anything. Whoever comes back names the last id it saw and gets the rest
//! from the log, or `reset` if the log no longer knows.
//!
//! Invariants, each held by a test:
//! - Ids are given, kept and delivered in one order. Numbers without an event are marks.
//! - A subscriber's position is a number taken in the same step as its replay: an event is in the
//!   replay or in the queue, never in both, never in neither.
//! - Whoever cannot be given every event that passes its filter is cut, not kept with a gap.
//! - A publisher takes the log's lock alone; locks nest as roster, then log, and never otherwise.
//!
//! No HTTP and no files: paths are text, and what a frame looks like is said by an encoder that
//! comes in from above.

mod event;
mod filter;
mod glance;
mod hub;
mod id;
mod line;
mod log;
#[cfg(test)]
mod model;
mod roster;
#[cfg(test)]
mod tests;

pub use event::{Event, Kind, Progress, Record, State};
pub use filter::Filter;
pub use hub::{Encoder, Full, Hub, Limits, Replay, SubscriberId, Subscription};
pub use id::{Epoch, EventId};
pub use line::Direct;
