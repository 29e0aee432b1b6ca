//! Compresses what is made while the server runs, as a gzip member (RFC 1951, RFC 1952).
//!
//! One block of the fixed codes over matches that a small table finds: HTML that repeats itself
//! becomes a fifth, with 16 KiB of memory. A better compressor needs twenty times that, which is
//! more than the stack of a connection and more than a router can spare for a page.

/// Entries of the table: each remembers where three bytes of one hash were last seen.
const TABLE_BITS: u32 = 12;
/// How far back a match may lie (RFC 1951, section 2).
const WINDOW_BYTES: usize = 32 * 1024;
/// The lengths of matches: shorter ones cost more than their letters.
const MATCH_BYTES_MIN: usize = 4;
const MATCH_BYTES_MAX: usize = 258;
/// The code that ends a block, and the one after it, of the shortest length.
const END: u32 = 256;
const FIRST_LENGTH: u32 = 257;

/// The header of a member without a name or a time.
const HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];
/// The last block of a stream, with nothing in it.
pub const LAST: [u8; 2] = [3, 0];

/// What was deflated before: blocks of which none is the last, up to the end of a byte.
pub struct Blocks {
    /// The blocks themselves.
    pub bytes: &'static [u8],
    /// The CRC-32 of their content.
    pub crc: u32,
    /// The length of that in bytes.
    pub length: u32,
}

/// A gzip member that is put together of pieces, without a name or a time.
pub struct Member {
    bytes: Vec<u8>,
    crc: crc32fast::Hasher,
    /// Modulo 2^32, as the format has it.
    length: u32,
}

impl Default for Member {
    /// One with nothing in it yet.
    fn default() -> Self {
        Self {
            bytes: HEADER.into(),
            crc: crc32fast::Hasher::new(),
            length: 0,
        }
    }
}

impl Member {
    /// Compresses a piece.
    pub fn add(&mut self, content: &[u8]) {
        let mut bits = Bits {
            bytes: std::mem::take(&mut self.bytes),
            held: 0,
            count: 0,
        };
        deflate(content, &mut bits);
        self.bytes = bits.bytes;
        self.crc.update(content);
        self.length = self.length.wrapping_add(content.len() as u32);
    }

    /// Adds a piece as it is.
    pub fn add_blocks(&mut self, blocks: &Blocks) {
        self.bytes.extend_from_slice(blocks.bytes);
        let length = u64::from(blocks.length);
        let crc = crc32fast::Hasher::new_with_initial_len(blocks.crc, length);
        self.crc.combine(&crc);
        self.length = self.length.wrapping_add(blocks.length);
    }

    /// The member, whole.
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.extend(LAST);
        self.bytes.extend(self.crc.finalize().to_le_bytes());
        self.bytes.extend(self.length.to_le_bytes());
        self.bytes
    }
}

/// One block of the fixed codes, and an empty one of none, which ends with a byte.
fn deflate(content: &[u8], bits: &mut Bits) {
    bits.push(0b010, 3);
    let mut table = vec![0_u32; 1 << TABLE_BITS];
    let mut at = 0;
    while at < content.len() {
        let (length, distance) = longest_match(content, at, &mut table);
        if length < MATCH_BYTES_MIN {
            bits.symbol(u32::from(content[at]));
            at += 1;
        } else {
            bits.length(length as u32);
            bits.distance(distance as u32);
            at += length;
        }
    }
    bits.symbol(END);
    bits.push(0b000, 3);
    bits.finish();
    bits.bytes.extend([0, 0, 0xFF, 0xFF]);
}

/// The match that the table knows of, and notes this place in it. Length 0 when there is none.
fn longest_match(content: &[u8], at: usize, table: &mut [u32]) -> (usize, usize) {
    let Some(&[a, b, c]) = content
        .get(at..at + 3)
        .and_then(|three| three.first_chunk())
    else {
        return (0, 0);
    };
    let hash = u32::from_le_bytes([a, b, c, 0]).wrapping_mul(0x9E37_79B1) >> (32 - TABLE_BITS);
    // Places count from one, so that nothing is told from the beginning.
    let seen = std::mem::replace(&mut table[hash as usize], at as u32 + 1) as usize;
    let Some(start) = seen.checked_sub(1) else {
        return (0, 0);
    };
    if at - start > WINDOW_BYTES {
        return (0, 0);
    }
    let rest = content[at..].iter().zip(&content[start..]);
    let length = rest
        .take(MATCH_BYTES_MAX)
        .take_while(|(a, b)| a == b)
        .count();
    (length, at - start)
}

/// Bits on their way into bytes, the lowest first.
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// A code of Huffman's: these stand with their highest bit first.
    fn code(&mut self, code: u32, count: u32) {
        self.push(code.reverse_bits() >> (32 - count), count);
    }

    /// A letter, a length or the end, by the fixed codes (RFC 1951, section 3.2.6).
    fn symbol(&mut self, symbol: u32) {
        match symbol {
            0..=143 => self.code(0x30 + symbol, 8),
            144..=255 => self.code(0x190 + symbol - 144, 9),
            256..=279 => self.code(symbol - 256, 7),
            _ => self.code(0xC0 + symbol - 280, 8),
        }
    }

    /// Lengths come in steps of 1, 2, 4, 8, 16 and 32, four of each; the longest has its own code.
    fn length(&mut self, length: u32) {
        let offset = length - 3;
        if length as usize == MATCH_BYTES_MAX {
            self.symbol(285);
        } else if offset < 8 {
            self.symbol(FIRST_LENGTH + offset);
        } else {
            let extra = offset.ilog2() - 2;
            self.symbol(FIRST_LENGTH + 4 * extra + (offset >> extra));
            self.push(offset & ((1 << extra) - 1), extra);
        }
    }

    /// Distances in steps that double, two of each.
    fn distance(&mut self, distance: u32) {
        let offset = distance - 1;
        if offset < 4 {
            self.code(offset, 5);
        } else {
            let extra = offset.ilog2() - 1;
            self.code(2 * extra + (offset >> extra), 5);
            self.push(offset & ((1 << extra) - 1), extra);
        }
    }

    fn finish(&mut self) {
        if self.count > 0 {
            self.bytes.push(self.held as u8);
            (self.held, self.count) = (0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    /// A member of one piece.
    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut member = Member::default();
        member.add(content);
        member.finish()
    }

    fn inflated(member: &[u8]) -> Vec<u8> {
        let end = member.len() - 8;
        let content = miniz_oxide::inflate::decompress_to_vec(&member[10..end]).unwrap();
        let trailer = [
            crc32fast::hash(&content).to_le_bytes(),
            (content.len() as u32).to_le_bytes(),
        ];
        assert_eq!(member[end..], trailer.concat());
        content
    }

    #[test]
    fn what_comes_out_is_what_went_in() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..300 {
            let length = random.usize(..5_000);
            // Few letters make long matches, many make none.
            let letters = random.u8(1..=255);
            let content: Vec<u8> = (0..length).map(|_| random.u8(..=letters)).collect();
            assert_eq!(inflated(&gzip(&content)), content);
        }
    }

    #[test]
    fn pieces_become_one_member() {
        let made = gzip(b"made before, before");
        let blocks = Blocks {
            bytes: made[HEADER.len()..made.len() - 8 - LAST.len()]
                .to_vec()
                .leak(),
            crc: crc32fast::hash(b"made before, before"),
            length: 19,
        };
        let mut member = Member::default();
        member.add(b"now, ");
        member.add_blocks(&blocks);
        member.add(b"");
        member.add(b" and now");
        member.add_blocks(&blocks);
        let whole = inflated(&member.finish());
        assert_eq!(
            whole,
            b"now, made before, before and nowmade before, before"
        );
    }

    #[test]
    fn every_length_and_distance_has_its_code() {
        for length in (1..=300).chain([1_000]) {
            let content = vec![b'x'; length];
            assert_eq!(inflated(&gzip(&content)), content, "{length}");
        }
        for gap in [1, 2, 4, 5, 250, 257, 4_096, 24_577, 32_768, 32_769, 70_000] {
            let mut random = fastrand::Rng::with_seed(gap as u64);
            let mut content: Vec<u8> = (0..gap).map(|_| random.u8(..)).collect();
            content.extend_from_within(..gap.min(400));
            assert_eq!(inflated(&gzip(&content)), content, "{gap}");
        }
    }

    #[test]
    fn a_list_becomes_a_fifth() {
        let row = |i: u32| {
            format!("<li><a href=\"files/photo%20{i}.jpg\"><bdi>photo {i}.jpg</bdi></a></li>")
        };
        let html: String = (0..200).map(row).collect();
        assert!(gzip(html.as_bytes()).len() * 5 < html.len());
    }
}
