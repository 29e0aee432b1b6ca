//! The values of options: counts, sizes, yes and no, lists.
//!
//! Each function takes what the user wrote and answers with the value or with a sentence that
//! quotes what was wrong; which option it stood at is the caller's to say.

use std::str::FromStr;

use crate::config::{Account, doubled};

/// A number of things: digits alone, without the sign that the standard library would take.
///
/// # Errors
/// Says in words what is wrong with `text`.
pub(super) fn count(text: &str) -> Result<usize, String> {
    if !is_number(text) {
        return Err(format!("{text:?} is not a whole number"));
    }
    text.parse().map_err(|_| format!("{text} is too large"))
}

/// A size in bytes: a whole number and K, M, G or T for the powers of 1024. The letter has any
/// case and may be followed by `B` or `iB`, which change nothing: `4G`, `4g`, `4GB` and `4GiB`
/// are one size.
///
/// # Errors
/// Says in words what is wrong with `text`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits_end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    let power = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return Err(not_a_size(text)),
    };
    if digits.is_empty() {
        return Err(not_a_size(text));
    }
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1024_u64.pow(power)))
        .ok_or_else(|| format!("{text:?} is too large"))
}

fn not_a_size(text: &str) -> String {
    format!("{text:?} is not a size; give a whole number with K, M, G or T, like 500M")
}

pub(super) fn each<T: FromStr<Err = String>>(texts: &[String]) -> Result<Vec<T>, String> {
    texts.iter().map(|text| text.parse()).collect()
}

pub(super) fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" | "" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match count(text)? {
        0 => Err("0 is too few; give at least 1".into()),
        n => Ok(n),
    }
}

pub(super) fn upload_size(text: &str) -> Result<u64, String> {
    match size(text)? {
        0 => Err("0 would take no file at all; for no limit, leave the option out".into()),
        bytes => Ok(bytes),
    }
}

/// Permissions, in octal digits as `chmod` takes them: read, write and execute for three, and
/// nothing that would run as somebody else.
///
/// # Errors
/// Says in words what is wrong with `text`.
pub(super) fn mode(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(bits) if bits <= 0o777 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(bits),
        _ => Err(format!(
            "{text:?} is no mode; give three octal digits, like 664"
        )),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A time as a number with a unit: `90s`, `30m`, `12h`, `7d`. In seconds, at most 100 years.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    const MAX_S: u64 = 36_525 * 86_400;
    let wrong = || format!("'{text}' is not a time, such as 30m, 12h or 7d");
    let (digits, unit) = text.split_at(text.len().saturating_sub(1));
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = number
        .checked_mul(unit_s)
        .filter(|s| (1..=MAX_S).contains(s));
    seconds.ok_or_else(|| format!("'{text}' is out of range: 1s to 100 years"))
}

/// Accounts, of which no two have one name.
pub(super) fn accounts(texts: &[String]) -> Result<Vec<Account>, String> {
    let accounts = each(texts)?;
    match doubled(&accounts) {
        Some(name) => Err(format!("there are two accounts {name:?}")),
        None => Ok(accounts),
    }
}

/// Names as they stand in Host: no port, no scheme, no path.
pub(super) fn hosts(texts: &[String]) -> Result<Vec<String>, String> {
    let is_name = |text: &str| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    match texts.iter().find(|text| !is_name(text)) {
        Some(text) => Err(format!(
            "'{text}' is not a host name, such as files.example.org"
        )),
        None => Ok(texts.to_vec()),
    }
}

/// The service managers that are known, and what each is to be told.
pub(super) const SERVICES: &[(&str, &str)] = &[
    (
        "systemd",
        include_str!("../../assets/service/livedrop.service"),
    ),
    (
        "openwrt",
        include_str!("../../assets/service/livedrop.init"),
    ),
];

/// What a service manager is to be told.
pub(super) fn service(kind: &str) -> Result<&'static str, String> {
    let known = SERVICES.iter().find(|(name, _)| *name == kind);
    known
        .map(|(_, text)| *text)
        .ok_or_else(|| format!("{kind:?} is neither systemd nor openwrt"))
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
    fn a_size_is_a_whole_number_with_a_unit_in_powers_of_1024() {
        let cases = [
            ("0", 0),
            ("1", 1),
            ("500B", 500),
            ("1K", 1 << 10),
            ("1k", 1 << 10),
            ("2KiB", 2 << 10),
            ("3kb", 3 << 10),
            ("500M", 500 << 20),
            ("4G", 4 << 30),
            ("4gib", 4 << 30),
            ("1T", 1 << 40),
            ("0000000000000000000000001", 1),
            ("18446744073709551615", u64::MAX),
            ("16777215T", 16_777_215 << 40),
        ];
        for (text, bytes) in cases {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn a_size_that_is_none_or_does_not_fit_is_refused() {
        let wrong = [
            "", "G", "-1", "+1", "1.5G", "1 G", " 1", "1GG", "1iB", "1P", "0x10", "1e3", "١K", "K1",
        ];
        for text in wrong {
            assert_eq!(size(text), Err(not_a_size(text)), "{text}");
        }
        for text in ["18446744073709551616", "16777216T", "99999999999999999999K"] {
            assert_eq!(size(text), Err(format!("{text:?} is too large")), "{text}");
        }
    }

    #[test]
    fn a_count_is_digits_alone() {
        assert_eq!(count("0"), Ok(0));
        assert_eq!(count("4096"), Ok(4096));
        for text in ["", "-1", "+1", "1K", "1.0", " 1", "many"] {
            assert!(count(text).unwrap_err().contains("whole number"));
        }
        let over = format!("{}0", usize::MAX);
        assert_eq!(count(&over), Err(format!("{over} is too large")));
    }

    #[test]
    fn a_size_is_right_or_refused_up_to_the_last_byte() {
        let mut random = fastrand::Rng::with_seed(1024);
        for _ in 0..20_000 {
            let number = random.u64(..) >> random.u32(..64);
            let power = random.usize(..5);
            let unit = ["", "K", "M", "G", "T"][power];
            let exact = u128::from(number) << (10 * power);
            let text = format!("{number}{unit}");
            assert_eq!(size(&text).ok(), u64::try_from(exact).ok(), "{text}");
        }
    }
}
