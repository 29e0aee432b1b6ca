//! Floor 1, the wire: requests in, responses out, and every grammar in between. It knows no files
//! but open ones, and nothing of what a request is for.
//!
//! Only this floor and `server` know how connections are made and read.

pub mod archive;
pub mod body;
pub mod chunked;
pub mod conditional;
pub mod deflate;
pub mod departures;
pub mod disposition;
pub mod gate;
pub mod head;
pub mod media;
pub mod method;
pub mod multipart;
pub mod outlet;
pub mod range;
pub mod refusal;
pub mod request;
pub mod response;
pub mod slice;
pub mod socket;
pub mod sse;
pub mod target;
pub mod tus;
