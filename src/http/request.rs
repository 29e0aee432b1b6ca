//! A request as the routes see it: a valid head, its target taken apart, and a body to read.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::config::{Right, Visitor};
use crate::error::Result;
use crate::http::body::Body;
use crate::http::head::Head;
use crate::http::method::Method;
use crate::http::target;
use crate::sys::Descriptor;

/// One request.
#[derive(Debug)]
pub struct Request<'c> {
    /// Its head.
    pub head: Head,
    /// Its body, not yet read.
    pub body: Body<'c>,
    /// Its connection, for whoever has to cut it from another thread.
    pub socket: Descriptor,
    /// Who sent it, as far as a proxy that is believed knows; None on a Unix socket.
    pub peer: Option<IpAddr>,
    /// Whether it came to such a proxy by TLS.
    pub is_secure: bool,
    /// What is known of who that is.
    pub visitor: Visitor,
}

impl Request<'_> {
    /// The method.
    pub fn method(&self) -> Method {
        self.head.method
    }

    /// Whether whoever sent it may do what needs this right.
    pub fn may(&self, right: Right) -> bool {
        self.visitor.grants.has(right)
    }

    /// The path of the target, still percent-encoded.
    pub fn path(&self) -> &str {
        target::split(self.head.target()).0
    }

    /// Whom it is addressed to: host and port.
    pub fn host(&self) -> Option<Cow<'_, str>> {
        self.head.host()
    }

    /// The value of a field, those of a repeated one joined by commas.
    pub fn field(&self, name: &str) -> Option<Cow<'_, str>> {
        self.head.field(name)
    }

    /// The value of a cookie (RFC 6265, section 5.4), which for us holds no comma: a field that came
    /// in parts has been joined by them.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.field("Cookie")?;
        let mut pairs = cookies
            .split([';', ','])
            .filter_map(|pair| pair.trim().split_once('='));
        let found = pairs.find(|(found, _)| *found == name);
        found.map(|(_, value)| value.to_owned())
    }

    /// The first value of a parameter of the query, decoded.
    ///
    /// # Errors
    /// `BadName` when the query is not percent-encoded.
    pub fn parameter(&self, name: &str) -> Result<Option<Vec<u8>>> {
        target::query_value(target::split(self.head.target()).1, name)
    }

    /// Every value of a parameter of the query, decoded, in order.
    ///
    /// # Errors
    /// As `parameter`.
    pub fn parameters(&self, name: &str) -> Result<Vec<Vec<u8>>> {
        target::query_values(target::split(self.head.target()).1, name)
    }

    /// Whether a list field such as `Accept` or `Accept-Encoding` names this token, at a quality
    /// above zero.
    pub fn accepts(&self, field: &str, token: &str) -> bool {
        self.field(field).is_some_and(|list| {
            list.split(',').any(|member| {
                let mut parts = member.split(';').map(str::trim);
                let names = parts
                    .next()
                    .is_some_and(|name| name.eq_ignore_ascii_case(token));
                // RFC 9110, section 12.4.2: zero in any of its spellings.
                let refused = parts.any(|p| {
                    p.strip_prefix("q=").is_some_and(|q| {
                        q.starts_with('0') && q.bytes().all(|b| b"0.".contains(&b))
                    })
                });
                names && !refused
            })
        })
    }
}
