//! Addresses out of literal `/proc/net` texts, URLs, and the shape of the QR code.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use super::*;

/// A desktop at 192.168.1.20 with Docker at 172.17.0.1; Linux 6.18, shortened.
const FIB_TRIE: &str = "\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
     +-- 172.17.0.0/16 2 0 2
        |-- 172.17.0.0
           /16 link UNICAST
        |-- 172.17.0.1
           /32 host LOCAL
        |-- 172.17.255.255
           /32 link BROADCAST
     +-- 192.168.1.0/24 2 0 2
        |-- 192.168.1.0
           /24 link UNICAST
        |-- 192.168.1.20
           /32 host LOCAL
        |-- 192.168.1.255
           /32 link BROADCAST
Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 192.168.1.20
        /32 host LOCAL
";

/// The routes of the same machine, as a little-endian kernel prints them.
const ROUTE: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
enp3s0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
enp3s0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
";

const IF_INET6: &str = "\
00000000000000000000000000000001 01 80 10 80       lo
fd00000000000000021132fffe445566 02 40 00 00   enp3s0
20010db8000000000000000000000abc 02 40 00 01   enp3s0
20010db8000000000000000000000def 02 40 00 40   enp3s0
20010db8000000000000000000000fed 02 40 00 80   enp3s0
fe80000000000000021132fffe445566 02 40 20 80   enp3s0
fd00000000000000021132fffe445577 02 40 00 380  enp3s0
";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| ip(text)).collect()
}

fn held(address: &str, interface: Option<&str>) -> Held {
    Held {
        ip: ip(address),
        interface: interface.map(str::to_string),
    }
}

fn listeners(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
#[cfg(target_endian = "little")]
fn local_ipv4_addresses_are_found_with_their_interfaces() {
    let expected = [
        held("127.0.0.1", None),
        held("172.17.0.1", Some("docker0")),
        held("192.168.1.20", Some("enp3s0")),
    ];
    assert_eq!(ipv4_held(FIB_TRIE, ROUTE), expected);
}

#[test]
fn without_routes_an_ipv4_address_has_no_interface() {
    let found = ipv4_held(FIB_TRIE, "");
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|address| address.interface.is_none()));
}

#[test]
fn ipv6_addresses_that_stay_are_found_and_others_left_out() {
    let expected = [
        held("::1", Some("lo")),
        held("fd00::211:32ff:fe44:5566", Some("enp3s0")),
        held("2001:db8::fed", Some("enp3s0")),
        held("fe80::211:32ff:fe44:5566", Some("enp3s0")),
        held("fd00::211:32ff:fe44:5577", Some("enp3s0")),
    ];
    assert_eq!(ipv6_held(IF_INET6), expected);
}

#[test]
fn texts_cut_or_garbled_anywhere_yield_what_is_whole() {
    let whole = ipv4_held(FIB_TRIE, ROUTE);
    for end in 0..FIB_TRIE.len() {
        let found = ipv4_held(&FIB_TRIE[..end], ROUTE);
        assert_eq!(found, whole[..found.len()]);
    }
    let mut random = fastrand::Rng::with_seed(8);
    for _ in 0..2000 {
        let mut garble = |text: &str| -> String {
            let mut bytes = text.as_bytes().to_vec();
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
            String::from_utf8_lossy(&bytes).into_owned()
        };
        assert!(ipv4_held(&garble(FIB_TRIE), &garble(ROUTE)).len() >= 2);
        // A lost line end takes two lines with it.
        assert!(ipv6_held(&garble(IF_INET6)).len() >= 3);
    }
}

#[test]
fn the_best_address_comes_first_and_containers_last() {
    let all = vec![
        held("127.0.0.1", None),
        held("169.254.3.4", Some("eth1")),
        held("10.0.0.7", Some("eth1")),
        held("172.17.0.1", Some("docker0")),
        held("172.18.0.1", Some("br-0123456789ab")),
        held("192.168.1.1", Some("br-lan")),
        held("203.0.113.9", Some("eth0")),
        held("fd00::2", Some("eth0")),
        held("fe80::2", Some("eth0")),
        held("192.168.1.1", Some("wg0")),
    ];
    let expected = ips(&[
        "192.168.1.1",
        "10.0.0.7",
        "203.0.113.9",
        "fd00::2",
        "172.17.0.1",
        "172.18.0.1",
    ]);
    assert_eq!(ranked(all, &ips(&["192.168.1.1"])), expected);
}

#[test]
fn the_preferred_address_stands_in_for_a_family_that_proc_does_not_tell() {
    let preferred = ips(&["192.168.1.20", "2001:db8::20"]);
    assert_eq!(ranked(Vec::new(), &preferred), preferred);
    // A preferred IPv6 address is mostly a temporary one, so it is not added to those known.
    let known = vec![held("fd00::2", Some("eth0"))];
    let expected = ips(&["192.168.1.20", "fd00::2"]);
    assert_eq!(ranked(known, &preferred), expected);
    assert!(ranked(Vec::new(), &ips(&["127.0.0.1", "::1"])).is_empty());
}

#[test]
fn this_machine_has_no_address_that_others_cannot_use() {
    for address in machine_addresses() {
        assert!(is_reachable(address), "{address}");
    }
}

#[test]
fn a_wildcard_is_loopback_in_the_local_url() {
    let cases = [
        ("0.0.0.0:43121", "http://127.0.0.1:43121/"),
        ("[::]:80", "http://[::1]:80/"),
        ("192.168.1.20:80", "http://192.168.1.20:80/"),
        ("[fd00::2]:80", "http://[fd00::2]:80/"),
    ];
    for (address, url) in cases {
        assert_eq!(local_url(address.parse().unwrap()), url);
    }
}

#[test]
fn lan_urls_are_those_that_reach_a_listener() {
    let machine = ips(&["192.168.1.20", "fd00::2"]);
    let cases: [(&[&str], &[&str]); 6] = [
        (
            &["0.0.0.0:8080", "[::]:8080"],
            &["http://192.168.1.20:8080/", "http://[fd00::2]:8080/"],
        ),
        (&["0.0.0.0:80"], &["http://192.168.1.20:80/"]),
        (&["[fd00::2]:80"], &["http://[fd00::2]:80/"]),
        (&["10.9.9.9:80"], &["http://10.9.9.9:80/"]),
        (
            &["192.168.1.20:80", "0.0.0.0:80"],
            &["http://192.168.1.20:80/"],
        ),
        (&["127.0.0.1:80", "[::1]:80", "[fe80::1%2]:80"], &[]),
    ];
    for (given, urls) in cases {
        assert_eq!(lan_urls(&listeners(given), &machine), urls, "{given:?}");
    }
}

#[test]
fn the_greeting_says_what_is_shared_and_where() {
    let folder = Path::new("/srv/music");
    let machine = ips(&["192.168.1.20", "fd00::2"]);
    let everywhere = listeners(&["0.0.0.0:8080", "[::]:8080"]);
    let plain = "Sharing /srv/music with everyone on your network:\n  \
                 http://192.168.1.20:8080/\n  http://[fd00::2]:8080/\n";
    assert_eq!(greeting(folder, &everywhere, &machine, "", false), plain);
    let code = qr_text("http://192.168.1.20:8080/").unwrap();
    let with_qr = greeting(folder, &everywhere, &machine, "", true);
    assert_eq!(with_qr, format!("{plain}{code}"));
    assert_eq!(
        greeting(folder, &everywhere, &[], "", true),
        "Sharing /srv/music; this machine has no network address yet.\n"
    );
    for alone in [listeners(&["127.0.0.1:80"]), Vec::new()] {
        assert_eq!(
            greeting(folder, &alone, &machine, "", true),
            "Sharing /srv/music with this machine alone.\n"
        );
    }
}

/// The modules that the text shows, true for black, two rows from each line.
fn modules(text: &str) -> Vec<Vec<bool>> {
    let mut rows = Vec::new();
    for line in text.lines() {
        let line = line.strip_prefix("\x1b[38;5;16;48;5;231m").unwrap();
        let line = line.strip_suffix("\x1b[0m").unwrap();
        rows.push(line.chars().map(|c| matches!(c, '█' | '▀')).collect());
        rows.push(line.chars().map(|c| matches!(c, '█' | '▄')).collect());
    }
    rows
}

#[test]
fn the_qr_text_shows_every_module_and_a_quiet_zone() {
    let url = "http://192.168.178.100:8080/";
    let code = QrCode::encode_text(url, QrCodeEcc::Low).unwrap();
    let rows = modules(&qr_text(url).unwrap());
    let size = usize::try_from(code.size()).unwrap();
    assert_eq!(size, 25);
    assert_eq!(rows.len(), size + 2 * 4 + 1, "an odd last row is white");
    for (y, row) in (-QUIET_MODULES..).zip(&rows) {
        assert_eq!(row.len(), size + 2 * 4);
        for (x, black) in (-QUIET_MODULES..).zip(row) {
            // Outside of the code the library answers white.
            assert_eq!(*black, code.get_module(x, y), "{x} {y}");
        }
    }
    // The finder's black frame, by the standard's figure.
    assert!((4..11).all(|at| rows[4][at] && rows[at][4]));
    assert!((0..4).all(|at| rows[at].iter().all(|black| !black)));
}

#[test]
fn the_qr_code_of_the_longest_lan_url_fits_a_screen_of_80_by_24() {
    let url = "http://[2001:db8:1111:2222:3333:4444:5555:6666]:65535/";
    let text = qr_text(url).unwrap();
    assert!(text.lines().count() <= 21);
    assert!(modules(&text)[0].len() <= 80);
    assert_eq!(qr_text(&"a".repeat(3000)), None);
}

#[test]
fn the_greeting_has_the_base_path() {
    let listeners = listeners(&["0.0.0.0:80"]);
    let machine = ["192.168.1.5".parse().unwrap()];
    let said = greeting(Path::new("/srv"), &listeners, &machine, "/drop", false);
    assert!(
        said.ends_with("\n  http://192.168.1.5:80/drop/\n"),
        "{said}"
    );
}
