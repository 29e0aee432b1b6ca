//! Who is listening, and up to which event each has been served.
//!
//! A subscriber is a line with a bounded queue and the number of the next event it has to see. That number
//! alone decides what is put into the queue, so nothing is ever skipped or doubled, whatever the
//! order in which subscribers join and events arrive. One whose queue is full falls behind; it
//! catches up from the log as soon as there is room, and is cut when it finds none for too long or
//! when the log has forgotten what it needs. No locks, no threads and no clock here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::TrySendError;

use super::filter::Filter;
use super::glance::Glance;
use super::line::{Direct, Line, Written};
use super::log::Frame;

/// More than this goes through the queue: it would not fit into what the kernel holds of a stream.
const DIRECT_BYTES_MAX: usize = 16 << 10;

/// What is handed out in one round.
pub(super) struct Batch {
    /// The number from which on `events` are all there are.
    pub(super) first: u64,
    /// Events in order.
    pub(super) events: Vec<Arc<Frame>>,
    pub(super) progress: Vec<Glance>,
}

/// How a subscriber stands after a round.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Served,
    Behind,
    Gone,
}

struct Subscriber {
    filter: Filter,
    line: Line,
    /// Number of the first event that it has not been served.
    next: u64,
    /// Since when its queue has been found full every time.
    full_since: Option<Instant>,
}

/// All subscribers, by number.
pub(super) struct Roster {
    subscribers: BTreeMap<u64, Subscriber>,
    next_subscriber: u64,
    patience: Duration,
    closed: bool,
    /// What goes to one subscriber in one piece; kept for its room.
    gathered: Vec<u8>,
}

impl Roster {
    /// `patience` is how long a queue may stay full before its subscriber is cut.
    pub(super) fn new(patience: Duration) -> Roster {
        Roster {
            subscribers: BTreeMap::new(),
            next_subscriber: 0,
            patience,
            closed: false,
            gathered: Vec::new(),
        }
    }

    /// Adds a subscriber that is to see the events numbered `next` and up; returns its number.
    pub(super) fn join(&mut self, filter: Filter, line: Line, next: u64) -> u64 {
        let number = self.next_subscriber;
        self.next_subscriber += 1;
        let subscriber = Subscriber {
            filter,
            line,
            next,
            full_since: None,
        };
        self.subscribers.insert(number, subscriber);
        number
    }

    /// Opens a subscriber's short cut, unless it is gone.
    pub(super) fn open(&mut self, number: u64, direct: Direct) {
        if let Some(subscriber) = self.subscribers.get_mut(&number) {
            subscriber.line.open(direct);
        }
    }

    /// Lets go of a subscriber: its receiver ends after what is queued.
    pub(super) fn leave(&mut self, number: u64) {
        self.subscribers.remove(&number);
    }

    /// Lets go of everyone, for good.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.subscribers.clear();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    pub(super) fn len(&self) -> usize {
        self.subscribers.len()
    }

    /// The lowest number that somebody has yet to see, `None` if nobody listens.
    pub(super) fn next(&self) -> Option<u64> {
        self.subscribers.values().map(|it| it.next).min()
    }

    /// Hands a batch to everyone, cuts those who cannot take it, and tells whether somebody has
    /// fallen behind and needs another round soon. Never waits.
    pub(super) fn serve(&mut self, batch: &Batch, now: Instant) -> bool {
        let (patience, gathered) = (self.patience, &mut self.gathered);
        let mut behind = false;
        self.subscribers.retain(|_, subscriber| {
            let standing = match subscriber.serve_directly(batch, now, gathered) {
                Some(standing) => standing,
                None => subscriber.serve(batch, now, patience),
            };
            behind |= standing == Standing::Behind;
            standing != Standing::Gone
        });
        behind
    }
}

impl Subscriber {
    /// Writes everything in one piece, where its client takes it at once. None where it has to go
    /// through the queue.
    fn serve_directly(
        &mut self,
        batch: &Batch,
        now: Instant,
        gathered: &mut Vec<u8>,
    ) -> Option<Standing> {
        if self.next < batch.first || !self.line.is_free() {
            return None;
        }
        gathered.clear();
        let events = self.unseen(batch).iter();
        let seen = events.filter(|frame| self.filter.passes(&frame.places));
        let glances = batch.progress.iter().filter_map(|it| self.filter.sees(it));
        for bytes in seen.map(|frame| &frame.bytes).chain(glances) {
            if gathered.len() + bytes.len() > DIRECT_BYTES_MAX {
                return None;
            }
            gathered.extend_from_slice(bytes);
        }
        if !gathered.is_empty() {
            match self.line.write(gathered, now) {
                Written::All => {}
                Written::Nothing => return None,
                Written::Gone => return Some(Standing::Gone),
            }
        }
        if let Some(last) = batch.events.last() {
            self.next = self.next.max(last.seq + 1);
        }
        Some(Standing::Served)
    }

    /// The events that it has yet to see.
    fn unseen<'b>(&self, batch: &'b Batch) -> &'b [Arc<Frame>] {
        let skip = batch.events.partition_point(|frame| frame.seq < self.next);
        batch.events.get(skip..).unwrap_or_default()
    }

    fn serve(&mut self, batch: &Batch, now: Instant, patience: Duration) -> Standing {
        if self.next < batch.first {
            // The log has forgotten what this one needs.
            return Standing::Gone;
        }
        for frame in self.unseen(batch) {
            if self.filter.passes(&frame.places) {
                match self.line.queue(&frame.bytes) {
                    Ok(()) => self.full_since = None,
                    Err(TrySendError::Disconnected(())) => return Standing::Gone,
                    Err(TrySendError::Full(())) => {
                        let since = *self.full_since.get_or_insert(now);
                        return if now.saturating_duration_since(since) >= patience {
                            Standing::Gone
                        } else {
                            Standing::Behind
                        };
                    }
                }
            }
            self.next = frame.seq + 1;
        }
        self.show(&batch.progress);
        Standing::Served
    }

    /// Progress takes at most half of a queue: it can be missed, an event cannot.
    fn show(&self, progress: &[Glance]) {
        for glance in progress {
            let (held, most) = self.line.load();
            if held >= most.div_ceil(2) {
                return;
            }
            if let Some(bytes) = self.filter.sees(glance) {
                // Whether it is full or gone by now shows at the next event.
                let _ = self.line.queue(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests;
