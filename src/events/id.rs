//! The ids of events: opaque strings to a client, a start of the server and a number to us.
//!
//! All ids are equally long and sort as text in the order of their events. The first part is new
//! at each start of the server, so that an id kept by a browser over a restart is recognised as
//! foreign instead of naming some other event. This file draws neither time nor randomness: both
//! come in from whoever starts the hub.

use std::fmt;

const EPOCH_DIGITS: usize = 20;
const SEQ_DIGITS: usize = 16;
/// 48 bits of milliseconds reach beyond the year 10,000.
const START_MS_MAX: u64 = (1 << 48) - 1;

/// One start of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch {
    start_ms: u64,
    random: u32,
}

impl Epoch {
    /// The epoch of a server started at `start_ms` (Unix milliseconds). The random part keeps two
    /// starts apart on machines without a clock of their own, which wake at the same time each day.
    pub fn new(start_ms: u64, random: u32) -> Epoch {
        Epoch {
            start_ms: start_ms.min(START_MS_MAX),
            random,
        }
    }

    /// The id of event number `seq` of this epoch; 0 stands before the first.
    pub(super) fn id(self, seq: u64) -> EventId {
        EventId { epoch: self, seq }
    }
}

/// The name of one event, as in `01980f1e4c3b9d3a70c1-000000000000002a`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId {
    epoch: Epoch,
    seq: u64,
}

impl EventId {
    /// Length of every id in bytes.
    pub const LEN: usize = EPOCH_DIGITS + 1 + SEQ_DIGITS;

    /// Reads what a client sent, `None` unless it is letter for letter what some server wrote.
    pub fn parse(text: &str) -> Option<EventId> {
        if text.len() != EventId::LEN {
            return None;
        }
        let (epoch, seq) = text.split_once('-')?;
        if epoch.len() != EPOCH_DIGITS {
            return None;
        }
        // 20 digits are more than a u64 holds, so the parts are read one by one.
        let (start_ms, random) = epoch.split_at_checked(12)?;
        Some(EventId {
            epoch: Epoch {
                start_ms: digits(start_ms)?,
                random: u32::try_from(digits(random)?).ok()?,
            },
            seq: digits(seq)?,
        })
    }

    /// Which start of the server the event belongs to.
    pub fn epoch(self) -> Epoch {
        self.epoch
    }

    /// The number of the event within its epoch, from 1; 0 stands before the first.
    pub fn seq(self) -> u64 {
        self.seq
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Epoch { start_ms, random } = self.epoch;
        write!(f, "{start_ms:012x}{random:08x}-{:016x}", self.seq)
    }
}

/// Lower-case hexadecimal digits alone: `from_str_radix` would take a sign and capitals, and then
/// one event would have several ids.
fn digits(text: &str) -> Option<u64> {
    let plain = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !text.bytes().all(plain) {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
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

    #[test]
    fn an_id_is_read_back_as_it_was_written() {
        let table = [
            (0, 0, 0, "00000000000000000000-0000000000000000"),
            (0x1980, 0x9d, 42, "0000000019800000009d-000000000000002a"),
            (
                START_MS_MAX,
                u32::MAX,
                u64::MAX,
                "ffffffffffffffffffff-ffffffffffffffff",
            ),
            (u64::MAX, 1, 1, "ffffffffffff00000001-0000000000000001"),
        ];
        for (start_ms, random, seq, text) in table {
            let id = Epoch::new(start_ms, random).id(seq);
            assert_eq!(id.to_string(), text);
            assert_eq!(text.len(), EventId::LEN);
            assert_eq!(EventId::parse(text), Some(id));
        }
    }

    #[test]
    fn ids_sort_as_text_like_their_events_also_over_a_restart() {
        let seqs = [0, 1, 9, 10, 15, 16, 255, 1 << 32, u64::MAX];
        let starts = [1, 0xffff_ffff, 1_752_600_000_000];
        let mut before: Option<EventId> = None;
        for start_ms in starts {
            for seq in seqs {
                let id = Epoch::new(start_ms, 7).id(seq);
                if let Some(before) = before {
                    assert!(before < id);
                    assert!(before.to_string() < id.to_string());
                }
                before = Some(id);
            }
        }
    }

    #[test]
    fn whatever_no_server_wrote_is_no_id() {
        let table = [
            "",
            "-",
            "42",
            "0000000019800000009d-000000000000002",
            "0000000019800000009d-000000000000002a0",
            "0000000019800000009d_000000000000002a",
            "0000000019800000009-d000000000000002a",
            "0000000019800000009D-000000000000002a",
            "+000000019800000009d-000000000000002a",
            "00000000198000+0009d-000000000000002a",
            "0000000019800000009d-+00000000000002a",
            "0000000019800000009d--00000000000002a",
            " 000000019800000009d-000000000000002a",
            "0000000019\u{20ac}0000009d-000000000000002a",
            "00000000198\u{e9}000009d-000000000000002a",
        ];
        for text in table {
            assert_eq!(EventId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn random_text_is_read_only_if_it_is_written_back_the_same() {
        let mut random = fastrand::Rng::with_seed(1);
        let alphabet = b"0123456789abcdefAF+-\n g";
        for _ in 0..20_000 {
            let mut text = Epoch::new(random.u64(..), random.u32(..))
                .id(random.u64(..))
                .to_string()
                .into_bytes();
            for _ in 0..random.usize(0..3) {
                let at = random.usize(..text.len());
                text[at] = alphabet[random.usize(..alphabet.len())];
            }
            let text = String::from_utf8(text).unwrap();
            if let Some(id) = EventId::parse(&text) {
                assert_eq!(id.to_string(), text);
            }
        }
    }
}
