//! livedrop: a small file server whose listing is live in every browser.

pub mod config;
pub mod error;
pub mod events;
pub mod http;
pub mod lan;
pub mod log;
pub mod options;
mod routes;
pub mod server;
pub mod storage;
mod sys;
