//! From the text of a setting to its value. What each function answers when it refuses completes "expected …".

use crate::server::crypto::secret::Secret;
use crate::shared::validate::key_problem;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use url::Url;

/// The default of `RATE_LIMIT_PER_MINUTE`.
pub const SIXTY: NonZeroU32 = NonZeroU32::MIN.saturating_add(59);
/// A day; a longer wait is a typo.
const MAX_SECONDS: u32 = 86_400;

/// A scheme, a host and, unless it is the scheme's own, a port: `https://chat.example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// As browsers write it in `Origin`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is reached over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "an IP address and a port, like 127.0.0.1:3000 or [::]:3000".to_owned())
}

pub fn one_of<T: Copy>(text: &str, values: &[(&str, T)]) -> Result<T, String> {
    let found = values
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, value)| *value);
    found.ok_or_else(|| {
        values
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(" or ")
    })
}

pub fn log_level(text: &str) -> Result<String, String> {
    let expected = "a level like info, or directives like info,keylm=debug";
    EnvFilter::try_new(text)
        .map(|_| text.to_owned())
        .map_err(|_| expected.to_owned())
}

/// A credential in one line, as it travels in headers.
pub fn key(text: &str) -> Result<Secret, String> {
    match key_problem(text) {
        None => Ok(Secret::new(text.to_owned())),
        Some(_) => Err("a key in one line, without blanks".to_owned()),
    }
}

/// More than 2³²−1 is as good as 2³²−1.
pub fn positive(text: &str) -> Result<NonZeroU32, String> {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    let number = text
        .parse::<u32>()
        .or(if digits { Ok(u32::MAX) } else { Err(()) });
    number
        .ok()
        .and_then(NonZeroU32::new)
        .filter(|_| digits)
        .ok_or_else(|| "a whole number from 1".to_owned())
}

/// More than 2³²−1 is as good as 2³²−1.
pub fn whole(text: &str) -> Result<u32, String> {
    if text == "0" {
        return Ok(0);
    }
    positive(text)
        .map(NonZeroU32::get)
        .map_err(|_| "a whole number from 0".to_owned())
}

pub fn seconds(text: &str) -> Result<NonZeroU32, String> {
    positive(text)
        .ok()
        .filter(|seconds| seconds.get() <= MAX_SECONDS)
        .ok_or_else(|| format!("a whole number of seconds from 1 to {MAX_SECONDS}"))
}

pub fn seconds_or_none(text: &str) -> Result<Duration, String> {
    match text {
        "0" => Ok(Duration::ZERO),
        _ => seconds(text)
            .map(|seconds| Duration::from_secs(seconds.get().into()))
            .map_err(|_| format!("a whole number of seconds from 0 to {MAX_SECONDS}")),
    }
}

/// An http or https URL that is nothing but a place: its path may be a prefix.
fn place(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (plain && matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

pub fn base_url(text: &str) -> Result<Url, String> {
    let mut url =
        place(text).ok_or("an http:// or https:// URL without user, query and fragment, like https://api.example.org/v1")?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

pub fn origin(text: &str) -> Result<Origin, String> {
    place(text)
        .filter(|url| url.path() == "/")
        .map(|url| Origin(url.origin().ascii_serialization()))
        .ok_or_else(|| "an origin and nothing more, like https://chat.example.org".to_owned())
}

pub fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let network = |text: &str| {
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
    };
    text.split(',')
        .map(|entry| network(entry.trim()))
        .collect::<Result<_, _>>()
        .map_err(|_| {
            "IP addresses or CIDR ranges separated by commas, like 10.0.0.0/8,::1".to_owned()
        })
}
