//! Where a request may go whose address a person gave (security.md §4.7). A name is checked here and every address behind
//! it when it is resolved; an address in the place of a name is never resolved, so it is checked here, too.

use crate::server::config::CustomEndpoints;
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use url::{Host, Url};

/// Ports that are reached in public.
const PORTS: [u16; 2] = [443, 8443];
/// Bytes of an address at the most.
pub(super) const LONGEST: usize = 255;

/// Ends of names that are nobody's in public.
const PRIVATE_NAMES: [&str; 7] = [
    ".localhost",
    ".local",
    ".localdomain",
    ".internal",
    ".home.arpa",
    ".lan",
    ".onion",
];

/// The address that a person typed, if it is written without tricks: the parsed value is what is checked and dialled.
pub(super) fn address(text: &str) -> Option<Url> {
    let plain = text.len() <= LONGEST
        && text.chars().all(|c| c.is_ascii_graphic())
        && !text.contains(['\\', '@', '?', '#', '%']);
    let url = Url::parse(text).ok().filter(|_| plain)?;
    url.has_host().then_some(url)
}

/// What the operator lets people reach, and where this server itself is, which nobody reaches through it.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    policy: CustomEndpoints,
    /// Where it listens.
    listens: Vec<SocketAddr>,
    /// The name under which browsers find it.
    name: Option<String>,
}

impl Reach {
    /// As far as `policy` goes, but not to a server that listens there and is known under that name.
    #[must_use]
    pub const fn new(
        policy: CustomEndpoints,
        listens: Vec<SocketAddr>,
        name: Option<String>,
    ) -> Self {
        Self {
            policy,
            listens,
            name,
        }
    }

    /// Whether anybody may go anywhere.
    pub(super) fn is_off(&self) -> bool {
        self.policy == CustomEndpoints::Off
    }

    /// Whether requests leave over TLS only.
    pub(super) fn only_tls(&self) -> bool {
        self.policy == CustomEndpoints::Public
    }

    /// Whether a request may go to this URL.
    pub(super) fn allows(&self, url: &Url) -> bool {
        let bare =
            url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let Some(host) = url.host().filter(|_| bare) else {
            return false;
        };
        let Some(port) = url.port_or_known_default() else {
            return false;
        };
        match &self.policy {
            CustomEndpoints::Off => false,
            CustomEndpoints::Public => {
                let global = |ip| is_global(ip) && !self.is_own(ip, Some(port));
                url.scheme() == "https"
                    && PORTS.contains(&port)
                    && match host {
                        Host::Domain(name) => {
                            is_public_name(name) && self.name.as_deref() != Some(name)
                        }
                        Host::Ipv4(ip) => global(ip.into()),
                        Host::Ipv6(ip) => global(ip.into()),
                    }
            }
            CustomEndpoints::List { names, networks } => {
                // One address by itself is meant as it is written, also where it is ours.
                let meant = |ip: IpAddr| networks.contains(&IpNet::from(ip));
                let listed = |ip: IpAddr| {
                    let ip = ip.to_canonical();
                    networks.iter().any(|net| net.contains(&ip))
                        && (meant(ip) || !self.is_own(ip, Some(port)))
                };
                matches!(url.scheme(), "http" | "https")
                    && match host {
                        Host::Domain(name) => names.iter().any(|known| known == name),
                        Host::Ipv4(ip) => listed(ip.into()),
                        Host::Ipv6(ip) => listed(ip.into()),
                    }
            }
        }
    }

    /// Whether a name that [`Reach::allows`] let pass may lead to this address. The port is not known here.
    pub(super) fn permits(&self, ip: IpAddr) -> bool {
        match &self.policy {
            CustomEndpoints::Off => false,
            CustomEndpoints::Public => is_global(ip) && !self.is_own(ip, None),
            CustomEndpoints::List { networks, .. } => {
                is_global(ip) || networks.iter().any(|net| net.contains(&ip.to_canonical()))
            }
        }
    }

    /// Whether this server listens at this address, on any port where none is given.
    fn is_own(&self, ip: IpAddr, port: Option<u16>) -> bool {
        let ip = ip.to_canonical();
        self.listens.iter().any(|own| {
            let everywhere = own.ip().is_unspecified();
            port.is_none_or(|port| port == own.port())
                && (own.ip().to_canonical() == ip || (everywhere && is_here(ip)))
        })
    }
}

/// Whether this machine has the address: nobody else's can be bound.
fn is_here(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

fn is_public_name(name: &str) -> bool {
    name.contains('.')
        && !name.ends_with('.')
        && !PRIVATE_NAMES.iter().any(|end| name.ends_with(end))
}

/// What is not the public internet: this network, private, shared, loopback, link-local with its metadata services,
/// assignments, documentation, 6to4, benchmarks, multicast, reserved.
const NOT_GLOBAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// What is not the public internet inside of `2000::/3`, the only part that may be: protocol assignments with Teredo,
/// documentation, 6to4. What maps IPv4 or private networks lies outside.
const NOT_GLOBAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_global(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !NOT_GLOBAL_V4
            .iter()
            .any(|(net, bits)| (ip.to_bits() ^ net.to_bits()) >> (32 - bits) == 0),
        IpAddr::V6(ip) => {
            ip.to_bits() >> 125 == 1
                && !NOT_GLOBAL_V6
                    .iter()
                    .any(|(net, bits)| (ip.to_bits() ^ net.to_bits()) >> (128 - bits) == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn reach(policy: &str, listens: &[&str]) -> Reach {
        let listens = listens.iter().map(|own| own.parse().expect("an address"));
        let policy = policy.parse().expect("a policy");
        Reach::new(
            policy,
            listens.collect(),
            Some("chat.example.org".to_owned()),
        )
    }

    fn goes(policy: &str, text: &str) -> bool {
        address(text).is_some_and(|url| reach(policy, &[]).allows(&url))
    }

    #[rstest]
    fn nothing_private_is_reached_however_it_is_written(
        #[values(
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "0.0.0.0",
            "0",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "a.localhost",
            "printer.local",
            "db.internal",
            "router.lan",
            "x.home.arpa",
            "intranet",
            "10.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "2852039166",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::127.0.0.1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:a9fe:a9fe]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::7f00:1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[2001:2::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[100::1]",
            "ok@127.0.0.1",
            "llm.example.org:443@127.0.0.1",
            "127.0.0.1#llm.example.org",
            "127.0.0.1?.llm.example.org",
            "127.0.0.1\\.llm.example.org",
            "%31%32%37.0.0.1",
            "llm.example.org."
        )]
        host: &str,
    ) {
        for path in ["", "/v1"] {
            let text = format!("https://{host}{path}");
            assert!(!goes("public", &text), "{text}");
            assert!(!goes("list:llm.example.org", &text), "{text}");
        }
    }

    #[rstest]
    #[case("http://llm.example.org/v1")]
    #[case("https://llm.example.org:22/v1")]
    #[case("https://llm.example.org:25")]
    #[case("https://llm.example.org:5432")]
    #[case("https://llm.example.org:80")]
    #[case("https://user@llm.example.org")]
    #[case("https://llm.example.org/v1?x")]
    #[case("https://llm.example.org/v1#x")]
    #[case("file:///etc/passwd")]
    #[case("gopher://llm.example.org:443/_x")]
    #[case("ftp://llm.example.org:443")]
    #[case("//llm.example.org")]
    #[case("llm.example.org")]
    #[case("")]
    fn only_tls_on_the_usual_ports_and_nothing_beside_a_place(#[case] text: &str) {
        assert!(!goes("public", text), "{text}");
    }

    #[test]
    fn what_is_allowed_is_reached() {
        for text in [
            "https://llm.example.org/v1",
            "https://llm.example.org:8443/v1",
            "https://93.184.215.14",
            "https://[2606:2800:21f::1]/v1",
        ] {
            assert!(goes("public", text), "{text}");
            assert!(!goes("off", text), "{text}");
            assert!(!goes("list:other.example.org", text), "{text}");
        }
        for text in ["http://10.1.2.3:8000/v1", "http://llm.lan:8000/v1"] {
            assert!(goes("list:10.0.0.0/8,llm.lan", text), "{text}");
        }
    }

    #[test]
    fn a_listed_name_leads_to_public_addresses_and_listed_networks() {
        let reach = reach("list:llm.lan,10.0.0.0/8", &[]);
        let permitted = |ip: &str| reach.permits(ip.parse().expect("an address"));
        assert!(permitted("10.1.2.3") && permitted("93.184.215.14"));
        assert!(!permitted("127.0.0.1") && !permitted("169.254.169.254") && !permitted("::1"));
        assert!(!permitted("::ffff:127.0.0.1"));
    }

    #[test]
    fn this_server_is_not_reached_through_itself_unless_its_address_is_listed_by_itself() {
        let goes = |policy: &str, listens: &str, text: &str| {
            let url = address(text).expect("an address");
            reach(policy, &[listens]).allows(&url)
        };
        let public = "93.184.215.14:443";
        assert!(!goes("public", public, "https://93.184.215.14/v1"));
        assert!(!goes("public", public, "https://[::ffff:93.184.215.14]/v1"));
        assert!(goes("public", public, "https://93.184.215.14:8443/v1"));
        assert!(!goes("public", public, "https://chat.example.org/v1"));
        let loopback = "127.0.0.1:3000";
        for own in ["http://127.0.0.1:3000", "http://[::ffff:7f00:1]:3000"] {
            assert!(!goes("list:127.0.0.0/8", loopback, own), "{own}");
            assert!(!goes("list:127.0.0.0/8", "0.0.0.0:3000", own), "{own}");
            assert!(goes("list:127.0.0.0/8,127.0.0.1", loopback, own), "{own}");
        }
        assert!(goes("list:127.0.0.0/8", loopback, "http://127.0.0.1:11434"));
        assert!(goes(
            "list:10.0.0.0/8",
            "0.0.0.0:3000",
            "http://10.255.255.1:3000"
        ));
    }

    #[test]
    fn a_name_does_not_lead_to_this_server() {
        let permitted = |listens: &str, ip: &str| {
            reach("public", &[listens]).permits(ip.parse().expect("an address"))
        };
        assert!(!permitted("93.184.215.14:3000", "93.184.215.14"));
        assert!(permitted("93.184.215.14:3000", "93.184.215.15"));
        assert!(permitted("0.0.0.0:3000", "93.184.215.14"));
    }
}
