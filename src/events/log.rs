//! The newest events in their order, bounded in number and in bytes; the oldest go first.
//!
//! It serves two readers: those who come back with an id, and the dispatcher, whose only queue it
//! is. Beside the ring wait the glances at uploads that are not handed out yet. No locks and no
//! threads here: `hub` owns those.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::json;

use super::event::{Event, Progress, Record};
use super::filter::Places;
use super::glance::{Glance, Glances};
use super::hub::Encoder;
use super::id::{Epoch, EventId};

/// One event, encoded once for everybody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The event's number.
    pub(super) seq: u64,
    pub(super) bytes: Arc<[u8]>,
    pub(super) places: Places,
}

impl Frame {
    /// What it costs to keep, in bytes.
    fn cost(&self) -> usize {
        let from = self.places.from.as_ref().map_or(0, |from| from.len());
        size_of::<Frame>() + self.bytes.len() + self.places.path.len() + from
    }
}

/// What a client that came back has missed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missed {
    /// Exactly these, in order.
    Events(Vec<Arc<Frame>>),
    /// Nobody knows any more.
    Unknown,
}

/// The ring and what belongs to it.
pub(super) struct Log {
    epoch: Epoch,
    encode: Encoder,
    kept_events_max: usize,
    kept_bytes_max: usize,
    /// In order. Numbers that are missing between the first and `newest` are marks.
    kept: VecDeque<Arc<Frame>>,
    kept_bytes: usize,
    newest: u64,
    /// Number of the newest event that is no longer kept.
    forgotten: u64,
    /// Number of the last reset: whoever knows less has to list again.
    reset: u64,
    progress: Glances,
}

impl Log {
    pub(super) fn new(
        epoch: Epoch,
        encode: Encoder,
        kept_events_max: usize,
        kept_bytes_max: usize,
    ) -> Log {
        Log {
            epoch,
            encode,
            kept_events_max,
            kept_bytes_max,
            kept: VecDeque::new(),
            kept_bytes: 0,
            newest: 0,
            forgotten: 0,
            reset: 0,
            progress: Glances::default(),
        }
    }

    /// Appends an event whose payload is `data`.
    pub(super) fn append(&mut self, event: Event, data: &str) -> EventId {
        let seq = self.newest + 1;
        let id = self.epoch.id(seq);
        // The encoder is not ours and may panic: nothing has changed before it returns.
        let bytes = (self.encode)(&Record {
            id: Some(id),
            name: event.name(),
            data,
        });
        let frame = Frame {
            seq,
            bytes,
            places: event.into_places(),
        };
        self.keep(frame);
        id
    }

    /// Takes a number for no event, so that what was known before can be told from what is known
    /// from now on.
    pub(super) fn mark(&mut self) -> EventId {
        self.newest += 1;
        self.last_id()
    }

    /// Tells everyone to list again, those who come back with an older id too.
    pub(super) fn reset(&mut self) {
        let seq = self.newest + 1;
        let id = self.epoch.id(seq);
        let data = json!({ "event_id": id.to_string() }).to_string();
        let bytes = (self.encode)(&Record {
            id: Some(id),
            name: "reset",
            data: &data,
        });
        // The shared folder itself is in everyone's filter.
        let places = Places {
            path: "".into(),
            from: None,
        };
        let frame = Frame { seq, bytes, places };
        self.keep(frame);
        self.reset = seq;
    }

    fn keep(&mut self, frame: Frame) {
        self.kept_bytes += frame.cost();
        self.newest = frame.seq;
        self.kept.push_back(Arc::new(frame));
        self.forget();
    }

    /// Drops the oldest until the rest is within the limits. The newest always stays: the
    /// dispatcher has yet to see it.
    fn forget(&mut self) {
        while self.kept.len() > 1
            && (self.kept.len() > self.kept_events_max || self.kept_bytes > self.kept_bytes_max)
        {
            if let Some(oldest) = self.kept.pop_front() {
                self.kept_bytes -= oldest.cost();
                self.forgotten = oldest.seq;
            }
        }
    }

    /// Puts a glance in line; an older one of the same upload that still waits is replaced, so
    /// that the end of an upload is never dropped in favour of its middle.
    pub(super) fn show(&mut self, progress: Progress) {
        self.progress.show(progress, self.encode);
    }

    /// The glances that wait, each once.
    pub(super) fn take_progress(&mut self) -> Vec<Glance> {
        self.progress.take()
    }

    /// The id of the newest event; number 0 before the first.
    pub(super) fn last_id(&self) -> EventId {
        self.epoch.id(self.newest)
    }

    /// Number of the newest event.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    /// The events numbered `next` and up, as far as they are still kept, and the number from which
    /// on the result is complete: larger than `next` where some are lost.
    pub(super) fn tail(&self, next: u64) -> (u64, Vec<Arc<Frame>>) {
        let skip = self.kept.partition_point(|frame| frame.seq < next);
        let tail = self.kept.iter().skip(skip).map(Arc::clone).collect();
        (next.max(self.forgotten + 1), tail)
    }

    /// What came after the id that a client sent. An id of another start of the server, one that
    /// the ring has forgotten, one not yet given and one that is none are all the same to it, and
    /// so is one from before `since`.
    pub(super) fn after(&self, id: &str, since: u64) -> Missed {
        let oldest = self.forgotten.max(self.reset).max(since);
        match EventId::parse(id) {
            Some(id) if id.epoch() == self.epoch && (oldest..=self.newest).contains(&id.seq()) => {
                Missed::Events(self.tail(id.seq() + 1).1)
            }
            _ => Missed::Unknown,
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

    const EPOCH: (u64, u32) = (7, 9);

    fn log(kept_events_max: usize, kept_bytes_max: usize) -> Log {
        let encode: Encoder = |record| record.data.as_bytes().into();
        let epoch = Epoch::new(EPOCH.0, EPOCH.1);
        Log::new(epoch, encode, kept_events_max, kept_bytes_max)
    }

    fn append(log: &mut Log, path: &str) -> EventId {
        let event = Event::Folder {
            path: path.to_owned(),
        };
        let data = event.data();
        log.append(event, &data)
    }

    fn seqs(missed: Missed) -> Option<Vec<u64>> {
        match missed {
            Missed::Events(frames) => Some(frames.iter().map(|frame| frame.seq).collect()),
            Missed::Unknown => None,
        }
    }

    #[test]
    fn every_id_that_is_kept_gives_exactly_the_rest() {
        let mut log = log(100, usize::MAX);
        let mut ids = vec![log.last_id()];
        for n in 0..=100_u64 {
            for (seq, id) in ids.iter().enumerate() {
                let rest: Vec<u64> = (seq as u64 + 1..=n).collect();
                assert_eq!(seqs(log.after(&id.to_string(), 0)), Some(rest));
            }
            if n < 100 {
                ids.push(append(&mut log, "a"));
                assert_eq!(log.last_id(), *ids.last().unwrap());
            }
        }
    }

    #[test]
    fn the_ring_forgets_the_oldest_beyond_its_number() {
        let mut log = log(3, usize::MAX);
        let start = log.last_id().to_string();
        let ids: Vec<_> = (0..3).map(|_| append(&mut log, "a").to_string()).collect();
        assert_eq!(seqs(log.after(&start, 0)), Some(vec![1, 2, 3]));
        append(&mut log, "a");
        assert_eq!(log.after(&start, 0), Missed::Unknown);
        assert_eq!(seqs(log.after(&ids[0], 0)), Some(vec![2, 3, 4]));
        assert_eq!(log.tail(1).0, 2);
    }

    #[test]
    fn the_ring_forgets_the_oldest_beyond_its_bytes() {
        let mut probe = log(9, usize::MAX);
        append(&mut probe, "same");
        let cost = probe.kept_bytes;
        for (kept_bytes_max, kept) in [(3 * cost, 3), (3 * cost - 1, 2), (0, 1)] {
            let mut log = log(9, kept_bytes_max);
            for _ in 0..5 {
                append(&mut log, "same");
            }
            assert_eq!(log.kept.len(), kept);
            assert_eq!(log.kept_bytes, kept * cost);
        }
    }

    #[test]
    fn the_newest_stays_even_if_it_alone_is_over_the_limit() {
        let mut log = log(0, 0);
        let start = log.last_id().to_string();
        append(&mut log, "a");
        assert_eq!(seqs(log.after(&start, 0)), Some(vec![1]));
        append(&mut log, "a");
        assert_eq!(log.after(&start, 0), Missed::Unknown);
    }

    #[test]
    fn an_id_that_is_foreign_malformed_or_yet_to_come_is_unknown() {
        let mut log = log(10, usize::MAX);
        let newest = append(&mut log, "a");
        let future = Epoch::new(EPOCH.0, EPOCH.1).id(2).to_string();
        let last = Epoch::new(EPOCH.0, EPOCH.1).id(u64::MAX).to_string();
        let later = Epoch::new(EPOCH.0 + 1, EPOCH.1).id(1).to_string();
        let random = Epoch::new(EPOCH.0, EPOCH.1 + 1).id(1).to_string();
        for id in ["", "1", "x", &future, &last, &later, &random] {
            assert_eq!(log.after(id, 0), Missed::Unknown, "{id:?}");
        }
        assert_eq!(seqs(log.after(&newest.to_string(), 0)), Some(vec![]));
    }

    #[test]
    fn a_mark_parts_what_was_known_before_from_what_is_known_after() {
        let mut log = log(3, usize::MAX);
        let before = append(&mut log, "a").to_string();
        let mark = log.mark();
        assert_eq!((mark.seq(), log.last_id()), (2, mark));
        append(&mut log, "b");
        assert_eq!(seqs(log.after(&before, 0)), Some(vec![3]));
        assert_eq!(log.after(&before, mark.seq()), Missed::Unknown);
        assert_eq!(
            seqs(log.after(&mark.to_string(), mark.seq())),
            Some(vec![3])
        );
        // A mark takes no place of an event.
        for _ in 0..9 {
            log.mark();
        }
        assert_eq!(seqs(log.after(&before, 0)), Some(vec![3]));
        assert_eq!(log.tail(1).0, 1);
    }

    #[test]
    fn after_a_reset_nobody_comes_back_with_an_older_id() {
        let mut log = log(9, usize::MAX);
        let before = append(&mut log, "a").to_string();
        log.reset();
        let reset = log.last_id();
        append(&mut log, "b");
        assert_eq!(log.after(&before, 0), Missed::Unknown);
        assert_eq!(seqs(log.after(&reset.to_string(), 0)), Some(vec![3]));
        let (first, tail) = log.tail(2);
        assert_eq!((first, tail.len()), (2, 2));
        let told = format!("{{\"event_id\":\"{reset}\"}}");
        assert_eq!(&*tail[0].bytes, told.as_bytes());
    }
}
