//! The hub under many threads at once, held against what was really published: subscribers come,
//! go, stall and come back with their last id, and between any two things one has seen there must
//! be nothing that it should have seen as well. The choices are seeded; the interleaving is not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crossbeam_channel::RecvTimeoutError;

use super::tests::{PATIENCE, folder, hub, limits, replayed, seq};
use super::*;

const PUBLISHERS: usize = 4;
const EVENTS_EACH: usize = 2_000;
const SUBSCRIBERS: u64 = 8;

/// One step of a subscriber: it knew all up to `from`, and then saw `to`.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Event number `to`, which passes its filter.
    Saw { from: u64, to: u64 },
    /// That nothing up to `to` is missing, since its replay is over.
    Ready { from: u64, to: u64 },
    /// Reset: it lists again and knows all up to there.
    Reset,
}

/// What one subscriber went through.
#[derive(Default)]
struct Diary {
    position: u64,
    steps: Vec<Step>,
}

impl Diary {
    fn saw(&mut self, to: u64) {
        let from = self.position;
        self.steps.push(Step::Saw { from, to });
        self.position = to;
    }

    /// Comes (back) and notes what it is told before it listens.
    fn join(&mut self, hub: &Hub, folder: Option<&str>) -> Subscription {
        let id = Epoch::new(1, 2).id(self.position).to_string();
        let filter = Filter::folders(folder);
        let mut subscription = hub.subscribe(Some(&id), 0, filter).unwrap();
        let to = subscription.newest().seq();
        match replayed(&mut subscription) {
            Some(seqs) => {
                for seq in seqs {
                    self.saw(seq);
                }
                let from = self.position;
                self.steps.push(Step::Ready { from, to });
            }
            None => self.steps.push(Step::Reset),
        }
        self.position = to;
        subscription
    }

    /// Reads up to `count` frames, fewer if it is cut or the publishers have ended.
    fn read(&mut self, subscription: &Subscription, count: usize, ended: &AtomicBool) {
        for _ in 0..count {
            let last = ended.load(Ordering::SeqCst);
            match subscription.receiver().try_recv() {
                Ok(frame) => self.saw(seq(&frame)),
                Err(error) if error.is_disconnected() || last => return,
                Err(_) => thread::yield_now(),
            }
        }
    }
}

fn subscriber(hub: &Hub, number: u64, ended: &AtomicBool) -> Diary {
    let mut random = fastrand::Rng::with_seed(number);
    let folder = watched(number);
    let mut diary = Diary::default();
    while !ended.load(Ordering::SeqCst) {
        let subscription = diary.join(hub, folder.as_deref());
        for _ in 0..random.usize(0..4) {
            diary.read(&subscription, random.usize(0..100), ended);
            if random.u8(..) < 80 {
                // It stalls, mostly for longer than its queue lasts.
                for _ in 0..random.usize(0..300) {
                    thread::yield_now();
                }
            }
        }
    }
    diary.join(hub, folder.as_deref());
    diary
}

/// Half of the subscribers watch one publisher's folder, half watch everything.
fn watched(number: u64) -> Option<String> {
    (number % 2 == 1).then(|| format!("p{}", number as usize / 2 % PUBLISHERS))
}

/// Publishes everything, with subscribers about; returns the path of each event by its number,
/// number 0 left empty, and the diaries.
fn run(hub: &Hub) -> (Vec<String>, Vec<Diary>) {
    let ended = AtomicBool::new(false);
    let mut truth = vec![String::new(); PUBLISHERS * EVENTS_EACH + 1];
    let publish = |publisher: usize| {
        let mut ids = Vec::new();
        for n in 0..EVENTS_EACH {
            let path = format!("p{publisher}/{n}");
            ids.push((hub.publish(folder(&path)), path));
            // So that two cores interleave them finely.
            thread::yield_now();
        }
        ids
    };
    let diaries = thread::scope(|scope| {
        let ended = &ended;
        let subscribers: Vec<_> = (0..SUBSCRIBERS)
            .map(|number| scope.spawn(move || subscriber(hub, number, ended)))
            .collect();
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|publisher| scope.spawn(move || publish(publisher)))
            .collect();
        for publisher in publishers {
            let ids = publisher.join().unwrap();
            assert!(ids.is_sorted(), "one publisher's events keep their order");
            for (id, path) in ids {
                let place = &mut truth[usize::try_from(id.seq()).unwrap()];
                assert!(place.is_empty(), "an id was given twice");
                *place = path;
            }
        }
        ended.store(true, Ordering::SeqCst);
        let diaries = subscribers.into_iter().map(|it| it.join().unwrap());
        diaries.collect()
    });
    (truth, diaries)
}

/// Holds a diary against the truth; returns how many resets it has.
fn check(truth: &[String], number: u64, diary: &Diary) -> usize {
    let folder = watched(number);
    let passes = |seq: u64| {
        let path = &truth[usize::try_from(seq).unwrap()];
        folder
            .as_ref()
            .is_none_or(|folder| path.starts_with(&format!("{folder}/")))
    };
    let mut resets = 0;
    for step in &diary.steps {
        match *step {
            Step::Saw { from, to } => {
                assert!(from < to, "subscriber {number}: {step:?} goes back");
                assert!(passes(to), "subscriber {number}: {step:?} is not its own");
                let missed = (from + 1..to).find(|&seq| passes(seq));
                assert_eq!(missed, None, "subscriber {number}: {step:?}");
            }
            Step::Ready { from, to } => {
                assert!(from <= to, "subscriber {number}: {step:?} goes back");
                let missed = (from + 1..=to).find(|&seq| passes(seq));
                assert_eq!(missed, None, "subscriber {number}: {step:?}");
            }
            Step::Reset => resets += 1,
        }
    }
    assert_eq!(diary.position, truth.len() as u64 - 1);
    resets
}

fn hold(limits: Limits) -> usize {
    let hub = hub(limits);
    let (truth, diaries) = run(&hub);
    assert!(truth.iter().skip(1).all(|path| !path.is_empty()));
    let mut resets = 0;
    for (number, diary) in (0..).zip(&diaries) {
        resets += check(&truth, number, diary);
    }
    assert_eq!(hub.subscribers(), 0);
    resets
}

#[test]
fn everyone_sees_every_event_once_in_order_when_all_are_kept() {
    for patience_ms in [0, 60_000] {
        let resets = hold(Limits {
            patience_ms,
            ..limits()
        });
        assert_eq!(resets, 0);
    }
}

#[test]
fn everyone_sees_every_event_once_in_order_or_a_reset_when_few_are_kept() {
    for (kept_events_max, patience_ms) in [(1, 0), (8, 60_000), (64, 0), (300, 1)] {
        let resets = hold(Limits {
            kept_events_max,
            patience_ms,
            queue_frames_max: 4,
            ..limits()
        });
        // Over 8,000 events somebody always comes back too late.
        assert!(resets > 0);
    }
}

#[test]
fn a_patient_reader_of_everything_needs_no_second_subscription() {
    let hub = hub(limits());
    let subscription = hub.subscribe(None, 0, Filter::everything()).unwrap();
    let (seqs, published) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let all = PUBLISHERS * EVENTS_EACH;
            let next = || match subscription.receiver().recv_timeout(PATIENCE) {
                Ok(frame) => seq(&frame),
                Err(RecvTimeoutError::Disconnected) => panic!("cut though it reads"),
                Err(RecvTimeoutError::Timeout) => panic!("an event was lost"),
            };
            (0..all).map(|_| next()).collect::<Vec<_>>()
        });
        let (truth, _) = run(&hub);
        (reader.join().unwrap(), truth.len() as u64 - 1)
    });
    assert_eq!(seqs, (1..=published).collect::<Vec<_>>());
}
