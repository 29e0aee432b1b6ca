//! The hub: publishers on one side, subscribers on the other, one thread in between.
//!
//! Two locks. `log` is held by publishers, for as long as it takes to append one event. `roster` is
//! held by whoever joins or leaves and by the dispatcher for a whole round. They are only ever
//! nested as roster, then log; a publisher touches `log` alone and therefore never waits for a
//! subscriber, nor for the number of them. Nothing is sent, and nothing blocks, under `log`.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::event::{Event, Progress, Record};
use super::filter::Filter;
use super::id::{Epoch, EventId};
use super::line::{Direct, Line, Pen};
use super::log::{Log, Missed};
use super::roster::{Batch, Roster};
use crate::error::{Error, Result};

/// Makes the bytes that go over the wire, once for each event, whoever listens.
pub type Encoder = fn(&Record<'_>) -> Arc<[u8]>;

/// How soon the dispatcher looks again after a queue was full: long enough for a thread to be
/// woken and to write, short enough that nobody sees a burst stutter.
const CATCH_UP: Duration = Duration::from_millis(5);

/// How long a glance at an upload waits for company: most uploads end before, and then nobody is
/// told twice.
const GLANCE_DELAY: Duration = Duration::from_millis(50);

/// The dispatcher calls nothing deep; 32-bit machines are short of addresses.
const STACK_BYTES: usize = 128 * 1_024;

/// The ceilings of a hub.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Events kept for those who come back. It is also the longest burst that can be handed out
    /// without a `reset`, so it should hold as many files as one drop may bring.
    pub kept_events_max: usize,
    /// Bytes that the kept events may take, over which the oldest go first.
    pub kept_bytes_max: usize,
    /// Subscribers at a time.
    pub streams_max: usize,
    /// Frames that a subscriber may have unread, at least 1. Each costs 24 bytes (16 on 32-bit
    /// machines) for as long as the subscription lives.
    pub queue_frames_max: usize,
    /// How long a queue may stay full before its subscriber is cut; 0 cuts at once, which also
    /// hits a healthy one when a burst is longer than its queue.
    pub patience_ms: u64,
}

/// As many subscribers as allowed are there, or the hub is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// What stands between those who change the folder and those who watch it.
pub struct Hub {
    shared: Arc<Shared>,
    limits: Limits,
    dispatcher: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    log: Mutex<Log>,
    roster: Mutex<Roster>,
    /// Holds one token at most: several wake-ups before a round are one round.
    wake: Sender<()>,
    /// Whether more than glances wait.
    is_urgent: AtomicBool,
}

/// Nothing is left half done where a lock is held, so that a panic elsewhere is no reason to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// Starts a hub with a thread of its own, `events`.
    ///
    /// # Errors
    /// `Io` when the system gives no thread.
    pub fn new(epoch: Epoch, limits: Limits, encode: Encoder) -> Result<Hub> {
        let (wake, woken) = bounded(1);
        let shared = Arc::new(Shared {
            log: Mutex::new(Log::new(
                epoch,
                encode,
                limits.kept_events_max,
                limits.kept_bytes_max,
            )),
            roster: Mutex::new(Roster::new(Duration::from_millis(limits.patience_ms))),
            wake,
            is_urgent: AtomicBool::new(false),
        });
        let dispatched = Arc::clone(&shared);
        let dispatcher = thread::Builder::new()
            .name("events".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || dispatched.dispatch(&woken))
            .map_err(|source| Error::io("start", "the events thread", source))?;
        Ok(Hub {
            shared,
            limits,
            dispatcher: Mutex::new(Some(dispatcher)),
        })
    }

    /// Gives the event its id and leaves the rest to the dispatcher; never waits for a subscriber.
    /// Events reach everyone in the order of these calls. To be called after the change stands on
    /// the disk, and for changes of one path in the order they were made.
    pub fn publish(&self, event: Event) -> EventId {
        let data = event.data();
        let id = lock(&self.shared.log).append(event, &data);
        self.shared.hurry();
        id
    }

    /// Shows how far an upload is to those who happen to listen. May be dropped or replaced by a
    /// newer one; how often to call it is the caller's choice.
    pub fn publish_progress(&self, progress: Progress) {
        lock(&self.shared.log).show(progress);
        self.shared.wake();
    }

    /// A point in the order of events: an id that names none, later than all before and earlier than
    /// all that follow.
    pub fn mark(&self) -> EventId {
        lock(&self.shared.log).mark()
    }

    /// Tells everyone that what has happened is not known in full, and to list again; and the same
    /// to everyone who comes back with an older id.
    pub fn reset(&self) {
        lock(&self.shared.log).reset();
        self.shared.hurry();
    }

    /// The id of the newest event, or the one before the first. A listing takes it before it reads
    /// the folder: then whatever the listing does not show yet comes after the id.
    pub fn last_id(&self) -> EventId {
        lock(&self.shared.log).last_id()
    }

    /// Joins, in one step with finding out what was missed: each event is either among that or
    /// will come through the receiver, never both. Of an id older than number `since` it is not
    /// known what was missed.
    ///
    /// # Errors
    /// `Full` when there are as many subscribers as allowed, or the hub is closed.
    pub fn subscribe(
        &self,
        last_event_id: Option<&str>,
        since: u64,
        filter: Filter,
    ) -> std::result::Result<Subscription, Full> {
        let mut roster = lock(&self.shared.roster);
        if roster.is_closed() || roster.len() >= self.limits.streams_max {
            return Err(Full);
        }
        let log = lock(&self.shared.log);
        let missed = last_event_id.map(|id| log.after(id, since));
        let (newest, next) = (log.last_id(), log.newest() + 1);
        drop(log);
        let (queue, receiver) = bounded(self.limits.queue_frames_max.max(1));
        let pen = Pen::new(Instant::now());
        let line = Line::new(queue, Arc::clone(&pen));
        let number = roster.join(filter.clone(), line, next);
        drop(roster);

        let replay = match missed {
            None => Replay::Events(Vec::new()),
            Some(Missed::Unknown) => Replay::Reset,
            Some(Missed::Events(frames)) => Replay::Events(
                frames
                    .iter()
                    .filter(|frame| filter.passes(&frame.places))
                    .map(|frame| Arc::clone(&frame.bytes))
                    .collect(),
            ),
        };
        Ok(Subscription {
            replay,
            newest,
            receiver,
            pen,
            id: SubscriberId(number),
            shared: Arc::clone(&self.shared),
        })
    }

    /// How many subscribers there are.
    pub fn subscribers(&self) -> usize {
        lock(&self.shared.roster).len()
    }

    /// Cuts one subscriber, as when its client is seen to have vanished: its receiver ends after
    /// what is queued. Nothing happens if it is gone already.
    pub fn cut(&self, subscriber: SubscriberId) {
        lock(&self.shared.roster).leave(subscriber.0);
    }

    /// Cuts everyone, takes nobody in any more, and ends the thread. Publishing still works and
    /// reaches nobody. Dropping the hub does the same.
    pub fn close(&self) {
        lock(&self.shared.roster).close();
        self.shared.hurry();
        let dispatcher = lock(&self.dispatcher).take();
        if let Some(dispatcher) = dispatcher {
            // It has no result, and a panic of it would have been reported by itself.
            let _ = dispatcher.join();
        }
    }
}

#[cfg(test)]
impl Hub {
    /// Runs `action` as if a round over very many subscribers were under way.
    pub(super) fn while_roster_is_held(&self, action: impl FnOnce()) {
        let _round = lock(&self.shared.roster);
        action();
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    /// Asks for a round. A token that is there already stands for a round yet to begin, and that
    /// will see whatever was appended before.
    fn wake(&self) {
        let _ = self.wake.try_send(());
    }

    /// The same for more than a glance.
    fn hurry(&self) {
        // Before the token: whoever takes that sees it.
        self.is_urgent.store(true, Ordering::Release);
        self.wake();
    }

    /// The life of the dispatcher: a round for each wake-up until the hub is closed.
    fn dispatch(&self, woken: &Receiver<()>) {
        let mut behind = Some(false);
        while let Some(somebody) = behind {
            if somebody {
                let _ = woken.recv_timeout(CATCH_UP);
            } else {
                let _ = woken.recv();
                if !self.is_urgent.load(Ordering::Acquire) {
                    let _ = woken.recv_timeout(GLANCE_DELAY);
                }
            }
            self.is_urgent.store(false, Ordering::Release);
            behind = self.round(Instant::now());
        }
    }

    /// Hands out whatever somebody has yet to see. Tells whether somebody has fallen behind,
    /// `None` when the hub is closed.
    fn round(&self, now: Instant) -> Option<bool> {
        let mut roster = lock(&self.roster);
        if roster.is_closed() {
            return None;
        }
        let mut log = lock(&self.log);
        let (first, events) = log.tail(roster.next().unwrap_or(log.newest() + 1));
        let progress = log.take_progress();
        drop(log);
        let batch = Batch {
            first,
            events,
            progress,
        };
        Some(roster.serve(&batch, now))
    }
}

/// Which subscriber, for [`Hub::cut`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriberId(u64);

/// What a subscriber has to be told before it listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// These frames, in order; none if it came without an id.
    Events(Vec<Arc<[u8]>>),
    /// What was missed is not known: it has to list again. The id to tell it is
    /// [`Subscription::newest`].
    Reset,
}

/// One subscriber's end. Dropping it leaves the hub.
pub struct Subscription {
    replay: Replay,
    newest: EventId,
    receiver: Receiver<Arc<[u8]>>,
    pen: Arc<Pen>,
    id: SubscriberId,
    shared: Arc<Shared>,
}

impl Subscription {
    /// What comes first. Taken out, so that it can be let go once it is written; the second time
    /// there is nothing.
    pub fn take_replay(&mut self) -> Replay {
        std::mem::replace(&mut self.replay, Replay::Events(Vec::new()))
    }

    /// The newest event when it joined: the id of `ready`, and of `reset` if there is one.
    pub fn newest(&self) -> EventId {
        self.newest
    }

    /// The frames from then on, one event each. It is disconnected once this subscriber is cut or
    /// the hub closed, and then still gives what was queued.
    #[cfg(test)]
    pub(super) fn receiver(&self) -> &Receiver<Arc<[u8]>> {
        &self.receiver
    }

    /// Has the hub itself write what the client takes at once, from now on: everything that comes
    /// before has to be written by then. `direct` is not called any more once this is dropped.
    pub fn open(&self, direct: Direct) {
        lock(&self.shared.roster).open(self.id.0, direct);
    }

    /// Waits for what the hub could not write itself and writes that; or `beat`, when nothing was
    /// written for so long as it says. False when this subscriber is cut or the hub closed.
    ///
    /// # Errors
    /// What `write` says.
    pub fn relay(
        &self,
        (beat, silence): (&[u8], Duration),
        write: impl Fn(&[u8]) -> io::Result<()>,
    ) -> io::Result<bool> {
        let quiet = self.pen.take().elapsed();
        match self.receiver.recv_timeout(silence.saturating_sub(quiet)) {
            Ok(frame) => {
                let mut written = self.pen.take();
                write(&frame)?;
                *written = Instant::now();
                drop(written);
                self.pen.wrote_one();
            }
            Err(RecvTimeoutError::Timeout) => {
                let mut written = self.pen.take();
                if written.elapsed() >= silence {
                    write(beat)?;
                    *written = Instant::now();
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(false),
        }
        Ok(true)
    }

    /// What to call [`Hub::cut`] with.
    pub fn id(&self) -> SubscriberId {
        self.id
    }

    /// [`Hub::cut`] for this subscriber, to be called from wherever its client is seen to vanish.
    pub fn cutter(&self) -> impl FnOnce() + Send + 'static {
        let (shared, number) = (Arc::clone(&self.shared), self.id.0);
        move || lock(&shared.roster).leave(number)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        lock(&self.shared.roster).leave(self.id.0);
    }
}
