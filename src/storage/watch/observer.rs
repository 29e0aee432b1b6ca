//! The thread that follows the signals: looks at each name again and tells what differs from what
//! watchers know.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::entries::Known;
use super::moves::Leaving;
use super::signals::{Signal, What};
use super::{Outside, Size};
use crate::storage::entry::{Facts, Kind};
use crate::storage::name::{RelPath, is_reserved};
use crate::storage::share::Share;

/// How long signals are gathered before they are followed: a file that is written in small pieces
/// gives thousands a second.
const GATHER: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 5_000_000,
};
/// Between two looks at what has run out, while anything is watched.
const TICK: Duration = Duration::from_secs(1);
/// How old a change of a file may be that its other names were not told of. Each name that is told
/// asks for a look through all tables, which what was written long ago is not worth.
const FRESH: Duration = Duration::from_secs(60);
/// Files that may be growing at a time; of more, each is told as it is.
const GROWING_MAX: usize = 10_000;

/// Follows the signals of one share.
pub(super) struct Observer<'s, T, M> {
    pub(super) share: &'s Share,
    pub(super) tell: T,
    pub(super) mark: M,
    /// Files that somebody writes to, by folder and name, and when they count as finished.
    pub(super) growing: HashMap<(RelPath, OsString), Instant>,
    pub(super) leaving: Vec<Leaving>,
    compare_at: Instant,
    /// Whether something has happened that no event has a word for.
    pub(super) must_reset: bool,
}

impl Share {
    /// Tells what happens in watched folders without us, until it is stopped. `tell` is called in
    /// the order of the disk; `mark` is that of `watch`.
    pub fn observe(&self, tell: impl Fn(Outside), mark: impl Fn() -> u64) {
        Observer::new(self, tell, mark).run();
    }
}

impl<'s, T: Fn(Outside), M: Fn() -> u64> Observer<'s, T, M> {
    pub(super) fn new(share: &'s Share, tell: T, mark: M) -> Observer<'s, T, M> {
        Observer {
            share,
            tell,
            mark,
            growing: HashMap::new(),
            leaving: Vec::new(),
            compare_at: Instant::now() + share.watch.pace.compare,
            must_reset: false,
        }
    }

    fn run(mut self) {
        while !self.share.watch.stopping.load(Ordering::SeqCst) {
            self.wait();
            let before = Instant::now();
            let signals = self.read();
            let has_overflown = signals.iter().any(|it| it.what == What::Overflow);
            for signal in signals {
                self.follow(signal);
            }
            if has_overflown {
                self.begin_anew();
            }
            self.share.watch.lock().followed = 0;
            self.look_again();
            let now = Instant::now();
            self.end_moves(now);
            self.end_growth(now);
            self.retry();
            if now >= self.compare_at {
                self.compare_at = now + self.share.watch.pace.compare;
                self.compare();
            }
            self.forget_own(before);
            self.let_go(now);
            if std::mem::take(&mut self.must_reset) {
                (self.tell)(Outside::Reset);
            }
        }
    }

    /// Looks at names of which no signal need come, but for those that are looked at later anyway.
    fn look_again(&mut self) {
        let again = std::mem::take(&mut self.share.watch.lock().again);
        for (folder, name, what) in again {
            let key = (folder, name);
            if !self.growing.contains_key(&key) {
                self.settle(&key.0, &key.1, what);
            }
        }
        // What that led to comes after the signals that have come meanwhile.
        if !self.share.watch.lock().again.is_empty() {
            self.share.watch.wake();
        }
    }

    /// Waits until there is something to do.
    fn wait(&self) {
        let watch = &self.share.watch;
        let timeout = self.timeout().map(timespec);
        let mut fds = Vec::new();
        fds.extend(
            watch
                .wake
                .iter()
                .map(|wake| PollFd::new(wake, PollFlags::IN)),
        );
        let kernel = watch.kernel.iter();
        fds.extend(kernel.map(|kernel| PollFd::new(kernel, PollFlags::IN)));
        if poll(&mut fds, timeout.as_ref()).is_err() {
            return;
        }
        let is_signal = fds.last().is_some_and(|fd| !fd.revents().is_empty());
        if let Some(wake) = &watch.wake {
            // It is empty when nobody woke us.
            let _ = rustix::io::read(wake, &mut [0; 8]);
            if is_signal && watch.kernel.is_some() {
                let mut fds = [PollFd::new(wake, PollFlags::IN)];
                // Woken or not, what there is will be read.
                let _ = poll(&mut fds, Some(&GATHER));
            }
        }
    }

    /// How long there is nothing to do if no signal comes; None for ever.
    fn timeout(&self) -> Option<Duration> {
        let watch = &self.share.watch;
        let is_idle = watch.lock().folders.is_empty() && watch.wake.is_some();
        if is_idle && self.growing.is_empty() && self.leaving.is_empty() {
            return None;
        }
        let now = Instant::now();
        let moves = self.leaving.iter().map(|leaving| leaving.until);
        let next = moves
            .chain(self.growing.values().copied())
            .chain([now + TICK, self.compare_at])
            .min();
        next.map(|next| next.saturating_duration_since(now))
    }

    /// Takes the signals, those too that a listing came upon first.
    fn read(&self) -> Vec<Signal> {
        let watch = &self.share.watch;
        let mut state = watch.lock();
        if let Some(kernel) = &watch.kernel {
            state.take(kernel.read());
        }
        let signals = std::mem::take(&mut state.signals);
        state.followed = signals.len();
        signals
    }

    fn follow(&mut self, signal: Signal) {
        let number = signal.number;
        let paths = match signal.what {
            What::Overflow => return,
            What::Ended => self.share.watch.lock().ended(number),
            _ => self.share.watch.lock().paths(number),
        };
        for folder in paths {
            let name = signal.name.as_os_str();
            match signal.what {
                What::Overflow => {}
                What::Itself => self.check(&folder),
                What::Ended => {
                    self.check(&folder);
                    self.lose(&folder);
                }
                _ if name.is_empty() => {}
                _ if is_reserved(name.as_bytes(), usize::from(!folder.is_root())) => {}
                _ if self.has_noticed(&folder, name) => {}
                What::Growing => self.grow(folder, name, Instant::now()),
                What::Left => self.leave(folder, name, signal.cookie),
                What::Came => self.come(&folder, name, signal.cookie),
                what => self.settle(&folder, name, what),
            }
        }
    }

    /// Somebody writes to a file: it is looked at when that has ended, or soon when there are very
    /// many.
    pub(super) fn grow(&mut self, folder: RelPath, name: &OsStr, now: Instant) {
        let is_full = self.growing.len() >= GROWING_MAX;
        let wait = self.share.watch.pace.stillness;
        let until = if is_full { now } else { now + wait };
        self.growing.insert((folder, name.to_os_string()), until);
    }

    /// Tells what differs at a name.
    pub(super) fn settle(&mut self, folder: &RelPath, name: &OsStr, what: What) {
        let _order = self.share.hold(std::iter::once(folder.clone()));
        self.settle_held(folder, name, what);
    }

    pub(super) fn settle_held(&mut self, folder: &RelPath, name: &OsStr, what: What) {
        let Some(before) = self.share.watch.lock().get(folder, name) else {
            return;
        };
        let Some(now) = self.share.glance(folder, name) else {
            // It has its own signal for that.
            return;
        };
        let key = (folder.clone(), name.to_os_string());
        let known = now.map(|now| Known::of(&now));
        let is_same = Known::is_current(before.as_ref(), known.as_ref());
        let file = now.filter(|now| now.kind == Kind::File);
        let may_be_open = match what {
            // A second name of a file that stood already is not one in the making.
            What::Created | What::Removed => file.is_some_and(|file| file.links == 1),
            What::Shown => file.is_some(),
            // Whoever sets times while writing has yet to close it.
            What::Changed if self.growing.contains_key(&key) => return,
            _ => false,
        };
        if may_be_open && !is_same {
            return self.grow(key.0, name, Instant::now());
        }
        self.growing.remove(&key);
        let shown = self.share.watch.lock().take_shown(folder, name);
        match shown {
            _ if !is_same => self.tell_difference(folder, name, before, now),
            Some(shown) if !Known::is_shown(shown.as_ref(), known.as_ref()) => {
                self.tell_difference(folder, name, shown, now);
            }
            Some(_) | None => {}
        }
    }

    pub(super) fn tell_difference(
        &mut self,
        folder: &RelPath,
        name: &OsStr,
        before: Option<Known>,
        now: Option<Facts>,
    ) {
        let path = folder.entry(name);
        self.enter(folder, name, before, now.as_ref());
        match (before, now) {
            (Some(before), Some(now)) if (before.kind, now.kind) == (Kind::File, Kind::File) => {
                (self.tell)(Outside::Update(path, Size::of(&now)));
            }
            (before, now) => {
                if let Some(before) = before {
                    self.tell_gone(&path, before.kind);
                }
                match now.map(|now| (now.kind, Size::of(&now))) {
                    Some((Kind::File, size)) => (self.tell)(Outside::Upload(path, size)),
                    Some((Kind::Folder, _)) => (self.tell)(Outside::Folder(path)),
                    Some((Kind::Link | Kind::Other, _)) => self.must_reset = true,
                    None => {}
                }
            }
        }
    }

    /// Enters what is told of a name.
    pub(super) fn enter(
        &mut self,
        folder: &RelPath,
        name: &OsStr,
        before: Option<Known>,
        told: Option<&Facts>,
    ) {
        let known = told.map(Known::of);
        let mut state = self.share.watch.lock();
        state.set(folder, name, known);
        // The kernel signals no other name of a file than that by which it was written to.
        let Some((known, facts)) = known.zip(told) else {
            return;
        };
        let has_twins = facts.kind == Kind::File && facts.links > 1;
        let was_written =
            before.is_some() || facts.modified().elapsed().unwrap_or_default() < FRESH;
        if has_twins && was_written {
            let twins = state.outdated(&known);
            let looks = twins
                .into_iter()
                .map(|(path, name)| (path, name, What::Written));
            state.again.extend(looks);
        }
    }

    pub(super) fn tell_gone(&self, path: &RelPath, kind: Kind) {
        if kind == Kind::Folder {
            self.share.let_go_below(path);
        }
        (self.tell)(Outside::Delete(path.clone(), kind));
    }
}

impl Size {
    pub(super) fn of(facts: &Facts) -> Size {
        Size {
            bytes: facts.size,
            modified_ms: facts.modified_ms(),
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        // Rounded up to the next millisecond, so as not to come a little too early, again and again.
        tv_nsec: (duration.subsec_millis() * 1_000_000 + 999_999) as _,
    }
}
