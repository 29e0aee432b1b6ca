//! The hub as a whole, its thread running. Nothing here sleeps: waits are for the thing itself, and
//! `PATIENCE` only bounds how long a test that fails may hang.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};

use super::*;

/// Far beyond what a slow machine needs.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn limits() -> Limits {
    Limits {
        kept_events_max: 10_000,
        kept_bytes_max: usize::MAX,
        streams_max: 100,
        queue_frames_max: 16,
        patience_ms: 60_000,
    }
}

/// A hub whose frames are the number of the event, a space and its payload.
pub(super) fn hub(limits: Limits) -> Hub {
    let encode: Encoder = |record| {
        let seq = record.id.map_or(0, EventId::seq);
        format!("{seq} {}", record.data).into_bytes().into()
    };
    Hub::new(Epoch::new(1, 2), limits, encode).unwrap()
}

/// The number in such a frame.
pub(super) fn seq(frame: &[u8]) -> u64 {
    let text = std::str::from_utf8(frame).unwrap();
    text.split_once(' ').unwrap().0.parse().unwrap()
}

pub(super) fn folder(path: &str) -> Event {
    Event::Folder {
        path: path.to_owned(),
    }
}

/// The numbers of a replay, `None` for a reset.
pub(super) fn replayed(subscription: &mut Subscription) -> Option<Vec<u64>> {
    match subscription.take_replay() {
        Replay::Events(frames) => Some(frames.iter().map(|frame| seq(frame)).collect()),
        Replay::Reset => None,
    }
}

fn received(subscription: &Subscription, count: usize) -> Vec<u64> {
    let next = |_| seq(&subscription.receiver().recv_timeout(PATIENCE).unwrap());
    (0..count).map(next).collect()
}

/// The numbers that are still queued, up to the cut.
fn until_cut(subscription: &Subscription) -> Vec<u64> {
    let mut seqs = Vec::new();
    loop {
        match subscription.receiver().recv_timeout(PATIENCE) {
            Ok(frame) => seqs.push(seq(&frame)),
            Err(RecvTimeoutError::Disconnected) => return seqs,
            Err(RecvTimeoutError::Timeout) => panic!("not cut"),
        }
    }
}

#[test]
fn whoever_comes_without_an_id_hears_what_is_published_from_then_on() {
    let hub = hub(limits());
    assert_eq!(hub.last_id().seq(), 0);
    hub.publish(folder("before"));
    let mut subscription = hub.subscribe(None, 0, Filter::everything()).unwrap();
    assert_eq!(subscription.newest(), hub.last_id());
    assert_eq!(replayed(&mut subscription), Some(vec![]));
    let ids: Vec<_> = (0..40).map(|_| hub.publish(folder("a")).seq()).collect();
    assert_eq!(received(&subscription, 40), ids);
    assert_eq!(hub.last_id().seq(), 41);
}

#[test]
fn every_id_gives_exactly_the_rest_and_then_what_comes() {
    let hub = hub(limits());
    let mut ids = vec![hub.last_id()];
    ids.extend((0..50).map(|_| hub.publish(folder("a"))));
    let mut subscriptions = Vec::new();
    for (n, id) in ids.iter().enumerate() {
        let id = id.to_string();
        let mut subscription = hub.subscribe(Some(&id), 0, Filter::everything()).unwrap();
        let rest: Vec<u64> = (n as u64 + 1..=50).collect();
        assert_eq!(replayed(&mut subscription), Some(rest));
        assert_eq!(replayed(&mut subscription), Some(vec![]));
        assert_eq!(subscription.newest(), ids[50]);
        subscriptions.push(subscription);
    }
    hub.publish(folder("b"));
    for subscription in &subscriptions {
        assert_eq!(received(subscription, 1), [51]);
    }
}

#[test]
fn a_filter_narrows_the_replay_and_the_stream() {
    let hub = hub(limits());
    let start = hub.last_id().to_string();
    for path in ["a", "a/b", "a/b/c", "d", "d/a"] {
        hub.publish(folder(path));
    }
    let mut subscription = hub
        .subscribe(Some(&start), 0, Filter::folders(["a"]))
        .unwrap();
    assert_eq!(replayed(&mut subscription), Some(vec![1, 2]));
    for path in ["b", "b/a", "a/x"] {
        hub.publish(folder(path));
    }
    assert_eq!(received(&subscription, 1), [8]);
}

#[test]
fn an_id_that_is_no_longer_or_not_yet_known_is_answered_by_reset() {
    let hub = hub(Limits {
        kept_events_max: 3,
        ..limits()
    });
    let ids: Vec<_> = (0..5).map(|_| hub.publish(folder("a"))).collect();
    let foreign = Epoch::new(1, 3).id(4).to_string();
    let future = Epoch::new(1, 2).id(6).to_string();
    let forgotten = ids[0].to_string();
    let mut subscriptions = Vec::new();
    for id in ["", "4", &foreign, &future, &forgotten] {
        let mut subscription = hub.subscribe(Some(id), 0, Filter::everything()).unwrap();
        assert_eq!(subscription.take_replay(), Replay::Reset, "{id:?}");
        assert_eq!(subscription.newest(), ids[4]);
        subscriptions.push(subscription);
    }
    let oldest_known = ids[1].to_string();
    let mut known = hub
        .subscribe(Some(&oldest_known), 0, Filter::everything())
        .unwrap();
    assert_eq!(replayed(&mut known), Some(vec![3, 4, 5]));
    hub.publish(folder("b"));
    for subscription in &subscriptions {
        assert_eq!(received(subscription, 1), [6]);
    }
}

#[test]
fn a_stalled_subscriber_is_cut_and_the_others_get_everything() {
    let hub = hub(Limits {
        patience_ms: 0,
        queue_frames_max: 4,
        ..limits()
    });
    let mut stalled = hub.subscribe(None, 0, Filter::everything()).unwrap();
    let others = [(); 3].map(|()| hub.subscribe(None, 0, Filter::everything()).unwrap());
    for n in 1..=40 {
        let id = hub.publish(folder("a"));
        for other in &others {
            assert_eq!(received(other, 1), [n]);
        }
        assert_eq!(id.seq(), n);
    }
    assert_eq!(hub.subscribers(), 3);
    assert_eq!(until_cut(&stalled), [1, 2, 3, 4]);
    // It catches up by its id.
    let last = Epoch::new(1, 2).id(4).to_string();
    stalled = hub.subscribe(Some(&last), 0, Filter::everything()).unwrap();
    assert_eq!(replayed(&mut stalled), Some((5..=40).collect()));
}

#[test]
fn a_burst_longer_than_the_queue_costs_nobody_who_reads_his_place() {
    let hub = hub(Limits {
        queue_frames_max: 2,
        ..limits()
    });
    let subscriptions = [(); 3].map(|()| hub.subscribe(None, 0, Filter::everything()).unwrap());
    for _ in 0..200 {
        hub.publish(folder("a"));
    }
    for subscription in &subscriptions {
        let all: Vec<u64> = (1..=200).collect();
        assert_eq!(received(subscription, 200), all);
    }
    assert_eq!(hub.subscribers(), 3);
}

#[test]
fn publishing_does_not_wait_for_a_subscriber_that_never_reads() {
    let hub = Arc::new(hub(Limits {
        kept_events_max: 100,
        queue_frames_max: 1,
        ..limits()
    }));
    let stalled = hub.subscribe(None, 0, Filter::everything()).unwrap();
    let (done, finished) = bounded(1);
    let publisher = Arc::clone(&hub);
    std::thread::spawn(move || {
        for _ in 0..20_000 {
            publisher.publish(folder("a"));
        }
        done.send(()).unwrap();
    });
    finished.recv_timeout(PATIENCE).unwrap();
    // The log has long forgotten what it would need next.
    let seqs = until_cut(&stalled);
    assert!(seqs.len() <= 1, "{seqs:?}");
}

#[test]
fn publishing_does_not_wait_for_a_round_in_progress() {
    // Holding the roster is what a round over very many subscribers does.
    let hub = hub(limits());
    hub.while_roster_is_held(|| {
        for n in 1..=1_000 {
            assert_eq!(hub.publish(folder("a")).seq(), n);
        }
        assert_eq!(hub.last_id().seq(), 1_000);
    });
}

#[test]
fn progress_is_shown_and_neither_numbered_nor_kept() {
    let hub = hub(limits());
    let start = hub.last_id().to_string();
    let subscription = hub.subscribe(None, 0, Filter::folders(["a"])).unwrap();
    let mut progress = Progress {
        upload: "u".to_owned(),
        owner: None,
        path: "b/x".to_owned(),
        received: 1,
        size: None,
        bytes_per_second: 1,
        state: State::Receiving,
    };
    hub.publish_progress(progress.clone());
    progress.upload = "v".to_owned();
    progress.path = "a/x".to_owned();
    hub.publish_progress(progress.clone());
    let frame = subscription.receiver().recv_timeout(PATIENCE).unwrap();
    assert_eq!(*frame, *format!("0 {}", progress.data()).as_bytes());
    assert_eq!(hub.last_id().seq(), 0);
    let mut late = hub
        .subscribe(Some(&start), 0, Filter::everything())
        .unwrap();
    assert_eq!(replayed(&mut late), Some(vec![]));
}

#[test]
fn an_uploads_id_is_told_its_owner_alone_and_nothing_to_whom_sees_nothing() {
    let hub = hub(limits());
    let subscribe = |filter| hub.subscribe(None, 0, filter).unwrap();
    let own = subscribe(Filter::everything().of(Some("ann".into())));
    let other = subscribe(Filter::everything().of(Some("bob".into())));
    let blind = subscribe(Filter::nothing());
    let progress = Progress {
        upload: "u".to_owned(),
        owner: Some("ann".into()),
        path: "x".to_owned(),
        received: 1,
        size: None,
        bytes_per_second: 1,
        state: State::Receiving,
    };
    hub.publish_progress(progress.clone());
    for (subscription, data) in [
        (&own, progress.data()),
        (&other, progress.data_for_others()),
    ] {
        let frame = subscription.receiver().recv_timeout(PATIENCE).unwrap();
        assert_eq!(*frame, *format!("0 {data}").as_bytes());
    }
    hub.publish(Event::Folder { path: "f".into() });
    own.receiver().recv_timeout(PATIENCE).unwrap();
    hub.close();
    assert!(blind.receiver().try_recv().is_err());
}

#[test]
fn there_are_as_many_subscribers_as_allowed_and_a_place_is_given_back() {
    let hub = hub(Limits {
        streams_max: 2,
        ..limits()
    });
    let first = hub.subscribe(None, 0, Filter::everything()).unwrap();
    let second = hub.subscribe(None, 0, Filter::everything()).unwrap();
    assert_eq!(
        hub.subscribe(None, 0, Filter::everything()).err(),
        Some(Full)
    );
    drop(first);
    assert_eq!(hub.subscribers(), 1);
    let third = hub.subscribe(None, 0, Filter::everything()).unwrap();
    assert_eq!(hub.subscribers(), 2);
    hub.cut(second.id());
    hub.cut(second.id());
    assert_eq!(hub.subscribers(), 1);
    assert_eq!(until_cut(&second), [0; 0]);
    // The place of the one that was cut is not given back twice.
    drop(second);
    assert_eq!(hub.subscribers(), 1);
    hub.publish(folder("a"));
    assert_eq!(received(&third, 1), [1]);
}

#[test]
fn closing_cuts_everyone_and_takes_nobody_in() {
    let hub = hub(limits());
    let subscription = hub.subscribe(None, 0, Filter::everything()).unwrap();
    hub.publish(folder("a"));
    assert_eq!(received(&subscription, 1), [1]);
    hub.close();
    hub.close();
    assert_eq!(until_cut(&subscription), [0; 0]);
    assert_eq!(hub.subscribers(), 0);
    assert_eq!(
        hub.subscribe(None, 0, Filter::everything()).err(),
        Some(Full)
    );
    assert_eq!(hub.publish(folder("a")).seq(), 2);
}

#[test]
fn a_dropped_hub_ends_its_subscribers_after_what_is_queued() {
    let hub = hub(limits());
    let subscription = hub.subscribe(None, 0, Filter::everything()).unwrap();
    drop(hub);
    assert_eq!(until_cut(&subscription), [0; 0]);
    drop(subscription);
}
