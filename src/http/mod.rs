//! Floor 1, the wire.
pub mod range;
