//! A subscriber's way out: a bounded queue that its own thread writes from, and a short cut.
//!
//! Waking a thread to write a few bytes costs more than writing them. So whoever hands events out
//! writes them itself, as long as the client takes them at once; what it does not take goes into
//! the queue, and its thread, which may wait, does the rest. The order holds because the short cut
//! is only taken when nothing is unwritten, and because the pen is in one hand at a time.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;

use crossbeam_channel::{Sender, TrySendError};

/// Writes what can be taken at once and never waits. Gives the number of bytes, 0 when none can.
pub type Direct = Box<dyn FnMut(&[u8]) -> io::Result<usize> + Send>;

/// What the two ends of a line share.
#[derive(Debug)]
pub(super) struct Pen {
    /// Frames that were put into the queue and are not written yet, those in the thread's hand too.
    unwritten: AtomicUsize,
    /// When something was written last. Whoever writes holds it.
    written: Mutex<Instant>,
}

impl Pen {
    pub(super) fn new(now: Instant) -> Arc<Pen> {
        Arc::new(Pen {
            unwritten: AtomicUsize::new(0),
            written: Mutex::new(now),
        })
    }

    /// Takes it in hand, to write or to learn when that was done last.
    pub(super) fn take(&self) -> MutexGuard<'_, Instant> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a frame out of the queue is written.
    pub(super) fn wrote_one(&self) {
        self.unwritten.fetch_sub(1, Ordering::Release);
    }
}

/// The end that events are put into.
pub(super) struct Line {
    queue: Sender<Arc<[u8]>>,
    pen: Arc<Pen>,
    direct: Option<Direct>,
}

/// What became of the short cut.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// All is on its way, in the queue maybe.
    All,
    /// Nothing was written: it has to go through the queue.
    Nothing,
    /// There is nobody any more.
    Gone,
}

impl Line {
    pub(super) fn new(queue: Sender<Arc<[u8]>>, pen: Arc<Pen>) -> Line {
        Line {
            queue,
            pen,
            direct: None,
        }
    }

    /// Opens the short cut.
    pub(super) fn open(&mut self, direct: Direct) {
        self.direct = Some(direct);
    }

    /// Whether the short cut may be tried. What is unwritten can only become less meanwhile.
    pub(super) fn is_free(&self) -> bool {
        self.direct.is_some() && self.pen.unwritten.load(Ordering::Acquire) == 0
    }

    /// Writes at once what can be; to be called while `is_free`.
    pub(super) fn write(&mut self, bytes: &[u8], now: Instant) -> Written {
        let Some(direct) = &mut self.direct else {
            return Written::Nothing;
        };
        let mut written = match self.pen.written.try_lock() {
            Ok(written) => written,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Its thread writes a beat.
            Err(TryLockError::WouldBlock) => return Written::Nothing,
        };
        let count = match direct(bytes) {
            Ok(0) => return Written::Nothing,
            Ok(count) => count,
            Err(_) => return Written::Gone,
        };
        *written = now;
        let rest = bytes.get(count..).unwrap_or_default();
        if rest.is_empty() {
            return Written::All;
        }
        // The queue is empty, and has room for one at least. The pen stays in this hand until the rest
        // is in it, so that nothing else comes in between.
        let queued = self.queue(&rest.into());
        drop(written);
        match queued {
            Ok(()) => Written::All,
            Err(_) => Written::Gone,
        }
    }

    /// Puts a frame into the queue.
    pub(super) fn queue(&self, frame: &Arc<[u8]>) -> Result<(), TrySendError<()>> {
        // Before it can be seen there, so that it is never counted too late.
        self.pen.unwritten.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(Arc::clone(frame)).map_err(|error| {
            self.pen.wrote_one();
            match error {
                TrySendError::Full(_) => TrySendError::Full(()),
                TrySendError::Disconnected(_) => TrySendError::Disconnected(()),
            }
        })
    }

    #[cfg(test)]
    pub(super) fn pen(&self) -> Arc<Pen> {
        Arc::clone(&self.pen)
    }

    /// Frames that the queue holds, and the most that it can.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.queue.len(), self.queue.capacity().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use crossbeam_channel::{Receiver, bounded};

    type Wire = Arc<Mutex<Vec<u8>>>;

    /// A line whose client takes so many bytes at once, and what was written by the short cut.
    fn line(
        queue_frames: usize,
        take: impl Fn(usize) -> io::Result<usize> + Send + 'static,
    ) -> (Line, Receiver<Arc<[u8]>>, Wire) {
        let (sender, receiver) = bounded(queue_frames);
        let mut line = Line::new(sender, Pen::new(Instant::now()));
        let wire = Arc::new(Mutex::new(Vec::new()));
        let out = Arc::clone(&wire);
        line.open(Box::new(move |bytes| {
            let count = take(bytes.len())?;
            out.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        }));
        (line, receiver, wire)
    }

    #[test]
    fn what_the_client_does_not_take_goes_through_the_queue() {
        let now = Instant::now();
        for (taken, written) in [(6, Written::All), (2, Written::All), (0, Written::Nothing)] {
            let (mut line, receiver, wire) = line(1, move |_| Ok(taken));
            assert!(line.is_free());
            assert_eq!(line.write(b"events", now), written);
            assert_eq!(*wire.lock().unwrap(), b"events"[..taken]);
            let rest: Vec<u8> = receiver.try_iter().flat_map(|it| it.to_vec()).collect();
            let queued = if taken == 0 {
                &b""[..]
            } else {
                &b"events"[taken..]
            };
            assert_eq!(rest, queued);
        }
    }

    #[test]
    fn the_short_cut_is_closed_until_what_was_queued_is_written() {
        let (mut line, receiver, wire) = line(4, Ok);
        line.queue(&Arc::from(*b"a")).unwrap();
        assert!(!line.is_free());
        // In its thread's hand it is not written yet.
        assert_eq!(&*receiver.recv().unwrap(), b"a");
        assert!(!line.is_free());
        let pen = Arc::clone(&line.pen);
        let hand = pen.take();
        pen.wrote_one();
        assert!(line.is_free());
        // Nor may two write at once.
        assert_eq!(line.write(b"b", Instant::now()), Written::Nothing);
        drop(hand);
        assert_eq!(line.write(b"b", Instant::now()), Written::All);
        assert_eq!(*wire.lock().unwrap(), b"b");
    }

    #[test]
    fn what_found_no_room_in_the_queue_does_not_close_it() {
        let (line, receiver, _) = line(1, Ok);
        line.queue(&Arc::from(*b"a")).unwrap();
        assert_eq!(line.queue(&Arc::from(*b"b")), Err(TrySendError::Full(())));
        receiver.recv().unwrap();
        line.pen.wrote_one();
        assert!(line.is_free());
    }

    #[test]
    fn a_client_that_is_gone_is_told_as_such() {
        let (mut line, _receiver, _) = line(1, |_| Err(io::ErrorKind::BrokenPipe.into()));
        assert_eq!(line.write(b"a", Instant::now()), Written::Gone);
    }
}
