//! Addresses: which may be linked to, and how a link is written.

use super::text::{Place, escape};
use std::fmt::Write;
use url::Url;

/// Bytes of a link's address; a longer one is not made a link.
const MAX_URL: usize = 4_096;

/// The start tag of a link to an address that [`safe_url`] gave.
pub(super) fn link(url: &str) -> String {
    let mut shown = String::with_capacity(url.len());
    escape(url, Place::Attribute, &mut shown);
    let mut tag = String::with_capacity(2 * shown.len() + 90);
    // A string takes writes without fail.
    let _ = write!(
        tag,
        "<a href=\"{shown}\" title=\"{shown}\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">"
    );
    tag
}

/// The first address that stands in a text as it is, what is before it and what is after it.
pub(super) fn split_url(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let at = from + text.get(from..)?.find("http")?;
        let (before, rest) = text.split_at_checked(at)?;
        from = at + 4;
        let scheme = rest.starts_with("https://") || rest.starts_with("http://");
        if !scheme || before.ends_with(char::is_alphanumeric) {
            continue;
        }
        let end = rest.find(ends_url).unwrap_or(rest.len());
        let url = without_punctuation(rest.get(..end)?);
        return Some((before, url, rest.get(url.len()..)?));
    }
}

fn ends_url(c: char) -> bool {
    let fullwidth = matches!(c, '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FF65}');
    c.is_whitespace() || c.is_control() || fullwidth || "<>\"`|\\^{}[]".contains(c)
}

/// A bare address without what belongs to the sentence around it.
fn without_punctuation(mut url: &str) -> &str {
    let (open, mut closed) = (url.matches('(').count(), url.matches(')').count());
    loop {
        let trimmed = url.trim_end_matches(['.', ',', ':', ';', '!', '?', '\'', '*', '_', '~']);
        match trimmed.strip_suffix(')').filter(|_| closed > open) {
            Some(shorter) => {
                closed -= 1;
                url = shorter;
            }
            None => return trimmed,
        }
    }
}

/// The address as it may be linked to: absolute, http, https or mailto, nobody's password in it, nothing hidden.
///
/// It is kept as it was given when it is plain; else it is what a browser would make of it, so that the title shows
/// where the link really leads.
pub(super) fn safe_url(given: &str) -> Option<String> {
    let scheme = given.split(':').next()?.to_ascii_lowercase();
    let web = matches!(scheme.as_str(), "http" | "https");
    let slashes = given
        .get(scheme.len() + 1..)
        .is_some_and(|rest| rest.starts_with("//"));
    let control = given.chars().any(char::is_control);
    if given.len() > MAX_URL || control || !(scheme == "mailto" || (web && slashes)) {
        return None;
    }
    let url = Url::parse(given).ok()?;
    if url.scheme() != scheme || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let plain = given.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    Some(if plain { given.to_owned() } else { url.into() })
}

/// The host that an image would have been asked from; empty when there is none.
pub(super) fn host(given: &str) -> String {
    let absolute = if given.starts_with("//") {
        format!("https:{given}")
    } else {
        given.to_owned()
    };
    Url::parse(&absolute)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

/// The host that a link leads to, when what it says is the address of another one, or when its name may look like
/// another one in letters of another script.
pub(super) fn names_another(said: &str, url: &str) -> Option<String> {
    let real = Url::parse(url).ok()?.host_str()?.to_owned();
    let said = said.trim();
    let address = said.contains("://").then(|| said.to_owned());
    let name = !said.contains(char::is_whitespace) && said.contains('.');
    let address = address.or_else(|| name.then(|| format!("https://{said}")));
    let given = address.and_then(|address| Some(Url::parse(&address).ok()?.host_str()?.to_owned()));
    let plain = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
    let another = given.is_some_and(|given| given.contains('.') && plain(&given) != plain(&real));
    let disguised = real.split('.').any(|label| label.starts_with("xn--"));
    (another || disguised).then_some(real)
}
