//! Finds out who is asking. Headers are believed only as far as trusted proxies wrote them.

use crate::server::limits::ip_key;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The client's address, in the request's extensions. IPv4 addresses never come as IPv6 ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

impl ClientIp {
    /// What limits by address count under: an IPv4 address or an IPv6 /64.
    #[must_use]
    pub fn key(self) -> String {
        ip_key(self.0)
    }
}

/// Whose `X-Forwarded-For` is believed.
#[derive(Clone)]
pub struct Proxies(Arc<Vec<IpNet>>);

impl Proxies {
    /// Of `TRUSTED_PROXIES`.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(Arc::new(networks))
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&ip))
    }

    /// The right-most address that no trusted proxy has, starting from the connection itself. What stands further left
    /// was written by that client and says nothing; an entry that is no address ends the search at the proxy before.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let values: Vec<&[u8]> = headers
            .get_all("x-forwarded-for")
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        for entry in values
            .iter()
            .rev()
            .flat_map(|value| value.rsplit(|byte| *byte == b','))
        {
            if !self.trusts(client) {
                break;
            }
            match std::str::from_utf8(entry).ok().and_then(address) {
                Some(ip) => client = ip,
                None => break,
            }
        }
        client
    }
}

/// An address as proxies write it: bare, with a port, in brackets, with an IPv6 zone.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    if let Ok(with_port) = entry.parse::<SocketAddr>() {
        return Some(with_port.ip().to_canonical());
    }
    let bare = entry
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(entry);
    let bare = bare.split_once('%').map_or(bare, |(ip, _zone)| ip);
    bare.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// See the module. Without a connection, as in tests of a router, the client is `0.0.0.0`.
pub async fn layer(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let client = proxies.client(peer, request.headers());
    request.extensions_mut().insert(ClientIp(client));
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn client(peer: &str, headers: &[(&'static str, &[u8])]) -> String {
        let networks =
            ["10.0.0.0/8", "2001:db8:ffff::/48", "::1/128"].map(|text| text.parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        Proxies::new(networks.to_vec())
            .client(peer.parse().unwrap(), &map)
            .to_string()
    }

    /// Threat T31: what a stranger claims about their address changes nothing.
    #[rstest]
    fn a_stranger_is_who_they_are(
        #[values(
            "x-forwarded-for",
            "x-real-ip",
            "forwarded",
            "cf-connecting-ip",
            "true-client-ip"
        )]
        name: &'static str,
        #[values("1.2.3.4", "10.0.0.1", "for=1.2.3.4", "garbage", "")] value: &str,
    ) {
        assert_eq!(
            client("192.0.2.9", &[(name, value.as_bytes())]),
            "192.0.2.9"
        );
    }

    #[rstest]
    #[case::no_header(&[], "10.0.0.1")]
    #[case::one(&["203.0.113.7"], "203.0.113.7")]
    #[case::spoofed_left(&["1.2.3.4, 203.0.113.7"], "203.0.113.7")]
    #[case::two_proxies(&["1.2.3.4, 203.0.113.7, 10.1.1.1"], "203.0.113.7")]
    #[case::several_headers(&["1.2.3.4", "203.0.113.7", "10.1.1.1"], "203.0.113.7")]
    #[case::split_over_headers(&["9.9.9.9, 203.0.113.7", "10.2.2.2, 10.1.1.1"], "203.0.113.7")]
    #[case::all_trusted(&["10.3.3.3, 10.1.1.1"], "10.3.3.3")]
    #[case::garbage(&["garbage"], "10.0.0.1")]
    #[case::garbage_after_a_proxy(&["203.0.113.7, <script>, 10.1.1.1"], "10.1.1.1")]
    #[case::garbage_left_of_the_client(&["%%%, 203.0.113.7"], "203.0.113.7")]
    #[case::empty(&[""], "10.0.0.1")]
    #[case::empty_entry(&["203.0.113.7,"], "10.0.0.1")]
    #[case::port(&["203.0.113.7:52011"], "203.0.113.7")]
    #[case::v6(&["2001:db8::7"], "2001:db8::7")]
    #[case::v6_brackets(&["[2001:db8::7]"], "2001:db8::7")]
    #[case::v6_port(&["[2001:db8::7]:443"], "2001:db8::7")]
    #[case::v6_zone(&["fe80::1%eth0"], "fe80::1")]
    #[case::v6_trusted(&["203.0.113.7, 2001:db8:ffff::1"], "203.0.113.7")]
    #[case::mapped(&["::ffff:203.0.113.7"], "203.0.113.7")]
    #[case::mapped_proxy(&["203.0.113.7, ::ffff:10.1.1.1"], "203.0.113.7")]
    #[case::octal(&["010.0.0.1"], "10.0.0.1")]
    #[case::number(&["167772161"], "10.0.0.1")]
    fn behind_a_trusted_proxy_the_right_most_stranger_counts(
        #[case] values: &[&str],
        #[case] expected: &str,
    ) {
        let headers: Vec<_> = values
            .iter()
            .map(|value| ("x-forwarded-for", value.as_bytes()))
            .collect();
        assert_eq!(client("10.0.0.1", &headers), expected);
        assert_eq!(client("::ffff:10.0.0.1", &headers), expected);
    }

    #[test]
    fn bytes_that_are_no_text_are_garbage() {
        assert_eq!(
            client("10.0.0.1", &[("x-forwarded-for", b"\xff\xfe")]),
            "10.0.0.1"
        );
    }

    #[test]
    fn by_default_nobody_is_trusted() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", HeaderValue::from_static("1.2.3.4"));
        let peer = "127.0.0.1".parse().unwrap();
        assert_eq!(Proxies::new(vec![]).client(peer, &headers), peer);
    }
}
