//! Glances at uploads under way: what waits to be handed out, the newest of each upload alone.
//!
//! They have no number and are never kept. Whoever knows an upload's id can go on with it, so where
//! there are accounts, only the one that sends it is told the id; the others see the rest.

use std::mem;
use std::sync::Arc;

use super::event::{Progress, Record};
use super::filter::Places;
use super::hub::Encoder;

/// Glances that wait at most. More uploads than this do not move at once in a home, and what is
/// dropped beyond it is told again within the second.
const WAITING_MAX: usize = 1_024;

/// One glance, encoded once for everybody.
#[derive(Debug)]
pub(super) struct Glance {
    pub(super) bytes: Arc<[u8]>,
    /// Whose upload it is, and what the others are told of it.
    pub(super) others: Option<(Arc<str>, Arc<[u8]>)>,
    pub(super) places: Places,
}

impl Glance {
    fn of(progress: &Progress, encode: Encoder) -> Glance {
        let encode = |data: &str| {
            encode(&Record {
                id: None,
                name: Progress::NAME,
                data,
            })
        };
        let others = progress.owner.as_ref();
        Glance {
            bytes: encode(&progress.data()),
            others: others.map(|owner| (Arc::clone(owner), encode(&progress.data_for_others()))),
            places: Places {
                path: progress.path.as_str().into(),
                from: None,
            },
        }
    }
}

/// The glances that wait, in the order of their uploads' newest.
#[derive(Debug, Default)]
pub(super) struct Glances(Vec<(String, Glance)>);

impl Glances {
    /// Adds one, in place of an older one of the same upload.
    pub(super) fn show(&mut self, progress: Progress, encode: Encoder) {
        let glance = Glance::of(&progress, encode);
        let waiting = self.0.iter().position(|it| it.0 == progress.upload);
        if let Some(at) = waiting {
            self.0.remove(at);
        } else if self.0.len() >= WAITING_MAX {
            self.0.remove(0);
        }
        self.0.push((progress.upload, glance));
    }

    /// All that wait, each once.
    pub(super) fn take(&mut self) -> Vec<Glance> {
        let waiting = mem::take(&mut self.0).into_iter();
        waiting.map(|(_, glance)| glance).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::State;

    fn glance(upload: &str, received: u64, state: State) -> Progress {
        Progress {
            upload: upload.to_owned(),
            owner: None,
            path: String::new(),
            received,
            size: None,
            bytes_per_second: 0,
            state,
        }
    }

    fn plainly(record: &Record<'_>) -> Arc<[u8]> {
        record.data.as_bytes().into()
    }

    #[test]
    fn a_newer_glance_replaces_the_one_that_waits() {
        let mut glances = Glances::default();
        glances.show(glance("a", 1, State::Receiving), plainly);
        glances.show(glance("b", 2, State::Receiving), plainly);
        glances.show(glance("a", 3, State::Done), plainly);
        let waiting: Vec<_> = glances.take().into_iter().map(|it| it.bytes).collect();
        let told = [
            glance("b", 2, State::Receiving),
            glance("a", 3, State::Done),
        ];
        assert_eq!(waiting, told.map(|it| Arc::from(it.data().as_bytes())));
        assert!(glances.take().is_empty());
    }

    #[test]
    fn no_more_glances_wait_than_the_limit() {
        let mut glances = Glances::default();
        for n in 0..=WAITING_MAX {
            assert_eq!(glances.0.len(), n.min(WAITING_MAX));
            glances.show(glance(&n.to_string(), 0, State::Receiving), plainly);
        }
        assert_eq!(glances.0.len(), WAITING_MAX);
        assert_eq!(glances.0[0].0, "1");
    }
}
