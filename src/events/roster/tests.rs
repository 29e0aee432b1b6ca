//! Who is served what, cut when, and in which order by either way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
use super::*;
use crate::events::filter::Places;
use crate::events::line::Pen;
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
    let line = Line::new(sender, Pen::new(Instant::now()));
    roster.join(Filter::everything(), line, next);
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
fn the_short_cut_gives_the_same_in_the_same_order() {
    let now = Instant::now();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let mut roster = Roster::new(PATIENCE);
        let receiver = join(&mut roster, 64, 1);
        let wire = Arc::new(std::sync::Mutex::new(Vec::new()));
        let out = Arc::clone(&wire);
        let mut takes = random.clone();
        let direct: Direct = Box::new(move |bytes| {
            let count = takes.usize(0..=bytes.len());
            out.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        });
        roster.open(0, direct);
        let pen = |roster: &Roster| roster.subscribers[&0].line.pen();
        for last in 1..=12 {
            assert!(!roster.serve(&batch(1, last), now));
            if random.bool() {
                for frame in receiver.try_iter() {
                    wire.lock().unwrap().extend_from_slice(&frame);
                    pen(&roster).wrote_one();
                }
            }
        }
        for frame in receiver.try_iter() {
            wire.lock().unwrap().extend_from_slice(&frame);
        }
        let all: String = (1..=12).map(|n| format!("e{n}")).collect();
        assert_eq!(*wire.lock().unwrap(), all.as_bytes());
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
