//! Floor 1, the wire.
pub mod conditional;
pub mod disposition;
pub mod media;
pub mod range;
