//! Who is listening, and up to which event each has been served.
//!
//! A subscriber is a bounded queue and the number of the next event it has to see. That number
//! alone decides what is put into the queue, so nothing is ever skipped or doubled, whatever the
//! order in which subscribers join and events arrive. One whose queue is full falls behind; it
//! catches up from the log as soon as there is room, and is cut when it finds none for too long or
//! when the log has forgotten what it needs. No locks, no threads and no clock here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError};

use super::filter::Filter;
use super::glance::Glance;
use super::log::Frame;

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
    queue: Sender<Arc<[u8]>>,
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
}

impl Roster {
    /// `patience` is how long a queue may stay full before its subscriber is cut.
    pub(super) fn new(patience: Duration) -> Roster {
        Roster {
            subscribers: BTreeMap::new(),
            next_subscriber: 0,
            patience,
            closed: false,
        }
    }

    /// Adds a subscriber that is to see the events numbered `next` and up; returns its number.
    pub(super) fn join(&mut self, filter: Filter, queue: Sender<Arc<[u8]>>, next: u64) -> u64 {
        let number = self.next_subscriber;
        self.next_subscriber += 1;
        let subscriber = Subscriber {
            filter,
            queue,
            next,
            full_since: None,
        };
        self.subscribers.insert(number, subscriber);
        number
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
        let patience = self.patience;
        let mut behind = false;
        self.subscribers.retain(
            |_, subscriber| match subscriber.serve(batch, now, patience) {
                Standing::Served => {
                    subscriber.show(&batch.progress);
                    true
                }
                Standing::Behind => {
                    behind = true;
                    true
                }
                Standing::Gone => false,
            },
        );
        behind
    }
}

impl Subscriber {
    fn serve(&mut self, batch: &Batch, now: Instant, patience: Duration) -> Standing {
        if self.next < batch.first {
            // The log has forgotten what this one needs.
            return Standing::Gone;
        }
        let next = self.next;
        let skip = batch.events.partition_point(|frame| frame.seq < next);
        for frame in batch.events.get(skip..).unwrap_or_default() {
            if self.filter.passes(&frame.places) {
                match self.queue.try_send(Arc::clone(&frame.bytes)) {
                    Ok(()) => self.full_since = None,
                    Err(TrySendError::Disconnected(_)) => return Standing::Gone,
                    Err(TrySendError::Full(_)) => {
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
        Standing::Served
    }

    /// Progress takes at most half of a queue: it can be missed, an event cannot.
    fn show(&self, progress: &[Glance]) {
        let room = self.queue.capacity().unwrap_or(0).div_ceil(2);
        for glance in progress {
            if self.queue.len() >= room {
                return;
            }
            if let Some(bytes) = self.filter.sees(glance) {
                // Whether it is full or gone by now shows at the next event.
                let _ = self.queue.try_send(Arc::clone(bytes));
            }
        }
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
    use crate::events::filter::Places;
    use crossbeam_channel::{Receiver, bounded};

    const PATIENCE: Duration = Duration::from_secs(1);

    fn frame(seq: u64, path: &str) -> Frame {
        Frame {
            seq,
            bytes: format!("{path}{seq}").into_bytes().into(),
            places: Places {
                path: path.into(),
                from: None,
            },
        }
    }

    fn glance(number: u64) -> Glance {
        let Frame { bytes, places, .. } = frame(number, "p");
        Glance {
            bytes,
            others: None,
            places,
        }
    }

    fn batch(first: u64, last: u64) -> Batch {
        Batch {
            first,
            events: (first..=last).map(|n| Arc::new(frame(n, "e"))).collect(),
            progress: Vec::new(),
        }
    }

    fn glances(count: u64) -> Batch {
        Batch {
            first: 1,
            events: Vec::new(),
            progress: (0..count).map(glance).collect(),
        }
    }

    fn join(roster: &mut Roster, queue_frames: usize, next: u64) -> Receiver<Arc<[u8]>> {
        let (sender, receiver) = bounded(queue_frames);
        roster.join(Filter::everything(), sender, next);
        receiver
    }

    fn texts(receiver: &Receiver<Arc<[u8]>>) -> Vec<String> {
        let text = |bytes: Arc<[u8]>| String::from_utf8(bytes.to_vec()).unwrap();
        receiver.try_iter().map(text).collect()
    }

    #[test]
    fn each_sees_what_it_has_not_seen_and_nothing_twice() {
        let now = Instant::now();
        let mut roster = Roster::new(PATIENCE);
        let early = join(&mut roster, 9, 1);
        let late = join(&mut roster, 9, 3);
        let future = join(&mut roster, 9, 5);
        assert!(!roster.serve(&batch(1, 3), now));
        assert!(!roster.serve(&batch(1, 3), now));
        assert!(!roster.serve(&batch(2, 5), now));
        assert_eq!(texts(&early), ["e1", "e2", "e3", "e4", "e5"]);
        assert_eq!(texts(&late), ["e3", "e4", "e5"]);
        assert_eq!(texts(&future), ["e5"]);
        assert_eq!(roster.next(), Some(6));
    }

    #[test]
    fn a_full_queue_catches_up_once_there_is_room() {
        let now = Instant::now();
        let mut roster = Roster::new(PATIENCE);
        let slow = join(&mut roster, 2, 1);
        let quick = join(&mut roster, 9, 1);
        assert!(roster.serve(&batch(1, 5), now));
        assert_eq!(texts(&quick).len(), 5);
        assert_eq!(roster.next(), Some(3));
        assert_eq!(texts(&slow), ["e1", "e2"]);
        // Each gain starts the patience anew.
        assert!(roster.serve(&batch(3, 5), now + PATIENCE * 9));
        assert_eq!(texts(&slow), ["e3", "e4"]);
        assert!(!roster.serve(&batch(5, 5), now + PATIENCE * 99));
        assert_eq!(texts(&slow), ["e5"]);
        assert_eq!(texts(&quick), [""; 0]);
        assert_eq!(roster.len(), 2);
    }

    #[test]
    fn a_queue_that_stays_full_is_cut_when_the_patience_ends_and_not_before() {
        let now = Instant::now();
        let mut roster = Roster::new(PATIENCE);
        let stalled = join(&mut roster, 1, 1);
        assert!(roster.serve(&batch(1, 2), now));
        let last = now + PATIENCE - Duration::from_nanos(1);
        assert!(roster.serve(&batch(2, 2), last));
        assert_eq!(roster.len(), 1);
        assert!(!roster.serve(&batch(2, 2), now + PATIENCE));
        assert_eq!(roster.len(), 0);
        assert_eq!(stalled.recv().as_deref(), Ok(b"e1".as_slice()));
        assert!(stalled.recv().is_err());
    }

    #[test]
    fn without_patience_a_full_queue_is_cut_at_once() {
        let mut roster = Roster::new(Duration::ZERO);
        let exact = join(&mut roster, 2, 2);
        let short = join(&mut roster, 2, 1);
        assert!(!roster.serve(&batch(1, 3), Instant::now()));
        assert_eq!(roster.len(), 1);
        assert_eq!(texts(&exact), ["e2", "e3"]);
        assert_eq!(texts(&short), ["e1", "e2"]);
        assert!(short.recv().is_err());
    }

    #[test]
    fn whoever_needs_what_the_log_has_forgotten_is_cut() {
        let mut roster = Roster::new(PATIENCE);
        let overtaken = join(&mut roster, 9, 1);
        let just = join(&mut roster, 9, 2);
        assert!(!roster.serve(&batch(2, 3), Instant::now()));
        assert!(overtaken.recv().is_err());
        assert_eq!(texts(&just), ["e2", "e3"]);
    }

    #[test]
    fn progress_leaves_half_of_the_queue_to_events() {
        let now = Instant::now();
        for (queue_frames, taken) in [(1, 1), (2, 1), (3, 2), (8, 4)] {
            let mut roster = Roster::new(PATIENCE);
            let receiver = join(&mut roster, queue_frames, 1);
            assert!(!roster.serve(&glances(20), now));
            assert!(!roster.serve(&glances(20), now));
            assert_eq!(texts(&receiver).len(), taken);
        }
    }

    #[test]
    fn whoever_drops_the_receiver_is_forgotten_at_the_next_event() {
        let mut roster = Roster::new(PATIENCE);
        drop(join(&mut roster, 9, 1));
        assert!(!roster.serve(&batch(1, 1), Instant::now()));
        assert_eq!(roster.len(), 0);
        assert_eq!(roster.next(), None);
    }
}
