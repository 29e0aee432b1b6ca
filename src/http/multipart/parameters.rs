//! The parameters of a field such as `Content-Type` or `Content-Disposition`: `; name=value` and
//! `; name="value"`, as RFC 9110, section 5.6.6 has them and as browsers send them.
//!
//! Values come out raw, without their quotes: how they are escaped depends on the field.

/// One parameter of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    /// Its name, a token in any case.
    pub(super) name: &'a [u8],
    /// What stands between the quotes, or up to the next semicolon.
    pub(super) value: &'a [u8],
    /// The value stood in quotes.
    pub(super) quoted: bool,
}

/// A field whose parameters cannot be told apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Iterates over the parameters of a field; nothing comes after the first [`Malformed`].
pub(super) struct Parameters<'a> {
    rest: &'a [u8],
}

impl<'a> Parameters<'a> {
    /// Splits a field into what stands before the first semicolon, trimmed, and its parameters.
    pub(super) fn of(field: &'a [u8]) -> (&'a [u8], Parameters<'a>) {
        let end = position(field, b';').unwrap_or(field.len());
        let (first, rest) = field.split_at(end);
        (trim(first), Parameters { rest })
    }

    fn parse_next(&mut self) -> Result<Parameter<'a>, Malformed> {
        let equals = position(self.rest, b'=').ok_or(Malformed)?;
        let name = trim(&self.rest[..equals]);
        if !is_token(name) {
            return Err(Malformed);
        }
        let text = trim(&self.rest[equals + 1..]);
        let quoted = text.first() == Some(&b'"');
        let (value, rest) = if quoted {
            let text = &text[1..];
            let end = closing_quote(text).ok_or(Malformed)?;
            (&text[..end], trim(&text[end + 1..]))
        } else {
            let (value, rest) = text.split_at(position(text, b';').unwrap_or(text.len()));
            (trim(value), rest)
        };
        let stray_quote = !quoted && value.contains(&b'"');
        if stray_quote || !matches!(rest, [] | [b';', ..]) {
            return Err(Malformed);
        }
        self.rest = rest;
        Ok(Parameter {
            name,
            value,
            quoted,
        })
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<Parameter<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [b';' | b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.is_empty() {
            return None;
        }
        let parameter = self.parse_next();
        if parameter.is_err() {
            self.rest = &[];
        }
        Some(parameter)
    }
}

/// Where the quoted text ends that begins with `text`, the trimmed rest of the field.
///
/// Some clients escape a quote as `\"`, while browsers leave a backslash alone, so that a name
/// which ends in one looks the same: `"photos\"`. With nothing behind it a quote always closes.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        match &text[at..] {
            [b'\\', b'"'] => return Some(at + 1),
            [b'\\', b'\\' | b'"', ..] => at += 2,
            [b'"', ..] => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// A space or a tab, the only white space inside a line.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A token as RFC 9110, section 5.6.2 has it: the names of fields and parameters.
pub(super) fn is_token(name: &[u8]) -> bool {
    let is_token_byte =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(is_token_byte)
}

/// Takes blanks off both ends.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

fn position(text: &[u8], byte: u8) -> Option<usize> {
    memchr::memchr(byte, text)
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

    /// The parameters as `name=value`, quoted values in brackets, `!` for what is malformed.
    fn shown(field: &str) -> String {
        let (first, parameters) = Parameters::of(field.as_bytes());
        let mut shown = vec![String::from_utf8_lossy(first).into_owned()];
        for parameter in parameters {
            shown.push(match parameter {
                Ok(Parameter {
                    name,
                    value,
                    quoted,
                }) => {
                    let (name, value) = (
                        String::from_utf8_lossy(name),
                        String::from_utf8_lossy(value),
                    );
                    if quoted {
                        format!("{name}=[{value}]")
                    } else {
                        format!("{name}={value}")
                    }
                }
                Err(Malformed) => "!".to_owned(),
            });
        }
        shown.join(" | ")
    }

    #[test]
    fn parameters_are_told_apart() {
        let cases = [
            ("", ""),
            ("form-data", "form-data"),
            (" form-data ; ", "form-data"),
            ("x; a=b", "x | a=b"),
            ("x;a=b;c=d", "x | a=b | c=d"),
            ("x ; a = b ; ; c = \"d\" ", "x | a=b | c=[d]"),
            ("x; a=b c;d=e", "x | a=b c | d=e"),
            ("x; a=", "x | a="),
            ("x; a=\"\"", "x | a=[]"),
            (r#"x; a="b;c"; d=e"#, "x | a=[b;c] | d=e"),
            (r#"x; a="b\"c"; d=e"#, r#"x | a=[b\"c] | d=e"#),
            (r#"x; a="b\\"; d=e"#, r"x | a=[b\\] | d=e"),
            (r#"x; a="C:\dir\b.txt"; d=e"#, r"x | a=[C:\dir\b.txt] | d=e"),
            (r#"x; a="b\""#, r"x | a=[b\]"),
            (r#"x; a="b\"  "#, r"x | a=[b\]"),
            (r#"x; a="\""#, r"x | a=[\]"),
            (r#"x; a="b\"""#, r#"x | a=[b\"]"#),
            (r#"x; a="b\\""#, r"x | a=[b\\]"),
            (r#"x; a="b\\\""#, r"x | a=[b\\\]"),
        ];
        for (field, expected) in cases {
            assert_eq!(shown(field), expected, "{field}");
        }
    }

    #[test]
    fn what_cannot_be_told_apart_is_malformed() {
        let cases = [
            ("x; a", "x | !"),
            ("x; a; b=c", "x | !"),
            ("x; =a", "x | !"),
            ("x; a b=c", "x | !"),
            ("x; \u{e9}=c", "x | !"),
            ("x; a=\"b", "x | !"),
            ("x; a=\"", "x | !"),
            ("x; a=\"b\"c", "x | !"),
            ("x; a=\"b\" c; d=e", "x | !"),
            ("x; a=b\"c\"", "x | !"),
            (r#"x; a="b\"; c="d""#, "x | !"),
            ("x; a=b; c; d=e", "x | a=b | !"),
        ];
        for (field, expected) in cases {
            assert_eq!(shown(field), expected, "{field}");
        }
    }
}
