//! Request methods: those of RFC 9110 and RFC 4918 that the route table can name.

/// A request method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// RFC 9110, section 9.3.1.
    Get,
    /// RFC 9110, section 9.3.2.
    Head,
    /// RFC 9110, section 9.3.3.
    Post,
    /// RFC 9110, section 9.3.4.
    Put,
    /// RFC 9110, section 9.3.5.
    Delete,
    /// RFC 9110, section 9.3.7.
    Options,
    /// RFC 5789.
    Patch,
    /// RFC 4918, section 9.3.
    Mkcol,
    /// RFC 4918, section 9.8.
    Copy,
    /// RFC 4918, section 9.9.
    Move,
    /// Any other token; no resource has it.
    Other,
}

impl Method {
    /// The method with that name. Names are case-sensitive (RFC 9110, section 9.1).
    pub fn from_token(token: &str) -> Method {
        match token {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "PATCH" => Method::Patch,
            "MKCOL" => Method::Mkcol,
            "COPY" => Method::Copy,
            "MOVE" => Method::Move,
            _ => Method::Other,
        }
    }

    /// The name, as the log shows it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Patch => "PATCH",
            Method::Mkcol => "MKCOL",
            Method::Copy => "COPY",
            Method::Move => "MOVE",
            Method::Other => "OTHER",
        }
    }
}
