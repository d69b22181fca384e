//! Limits that forms and services share, so that both say the same thing.

/// Characters of one message at the most.
pub const MAX_MESSAGE_CHARS: usize = 200_000;
/// Characters of a system prompt at the most.
pub const MAX_SYSTEM_PROMPT_CHARS: usize = 50_000;
/// Characters of a thread's title at the most.
pub const MAX_TITLE_CHARS: usize = 200;
/// Characters of a key's label at the most.
pub const MAX_LABEL_CHARS: usize = 60;
/// Bytes of a password at the least; below this a guess is cheap.
pub const MIN_PASSWORD_BYTES: usize = 8;
/// Bytes of a password at the most; hashing more is a gift to an attacker.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// Why this is no e-mail address, or `None` when it looks like one. Only a mail that arrives proves more.
#[must_use]
pub fn email_problem(email: &str) -> Option<&'static str> {
    let email = email.trim();
    let Some((local, domain)) = email.rsplit_once('@') else {
        return Some("Enter an e-mail address, like ada@example.org.");
    };
    let bad = local.is_empty()
        || domain.is_empty()
        || domain.starts_with('.')
        || domain.ends_with('.')
        || domain.contains("..")
        || email.len() > 254
        || email
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == '<' || c == '>');
    bad.then_some("Enter an e-mail address, like ada@example.org.")
}

/// Why this is no password to take, or `None` when it is one.
#[must_use]
pub fn password_problem(password: &str) -> Option<&'static str> {
    match password.len() {
        0..MIN_PASSWORD_BYTES => Some("Use at least 8 characters."),
        MIN_PASSWORD_BYTES..=MAX_PASSWORD_BYTES => None,
        _ => Some("Use at most 1024 bytes."),
    }
}

/// What one character class of a key's text is wrong with, or `None`. Keys travel in headers.
#[must_use]
pub fn key_problem(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        return Some("Paste the key.");
    }
    if key.len() > 4096 {
        return Some("That is longer than any key.");
    }
    if !key.chars().all(|c| c.is_ascii_graphic()) {
        return Some("A key has no blanks, line breaks or special characters. Copy it again.");
    }
    None
}

/// Why this is no credential of many lines, or `None`. What is in it is for its provider to say.
#[must_use]
pub fn document_problem(document: &str) -> Option<&'static str> {
    let odd = |c: char| c.is_control() && !c.is_ascii_whitespace();
    if document.is_empty() {
        Some("Fill this in.")
    } else if document.len() > 16_384 {
        Some("That is longer than any credential.")
    } else if document.chars().any(odd) {
        Some("There are control characters in it. Copy it again.")
    } else {
        None
    }
}

/// Why this is no name or number in one line, or `None`. It may travel in a header or a path.
#[must_use]
pub fn text_problem(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("Fill this in.")
    } else if text.len() > 256 {
        Some("Use at most 256 characters.")
    } else if !text.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        Some("Use plain letters, digits and signs in one line.")
    } else {
        None
    }
}

/// Why this is no address to try, or `None`. Where it leads is for the server to find out.
#[must_use]
pub fn address_problem(address: &str) -> Option<&'static str> {
    match address.len() {
        0 => Some("Fill this in."),
        1..=255 => None,
        _ => Some("Use at most 255 characters."),
    }
}

/// Why this is none of the values on offer, or `None` when it is one.
#[must_use]
pub fn choice_problem(value: &str, choices: &[(&str, &str)]) -> Option<&'static str> {
    let known = choices.iter().any(|(known, _)| *known == value);
    (!known).then_some("Choose one of the values on offer.")
}

/// Why this is no single label of a host name, or `None` when it is one.
#[must_use]
pub fn host_label_problem(label: &str) -> Option<&'static str> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = (1..=63).contains(&label.len())
        && label.starts_with(word)
        && label.ends_with(word)
        && label.chars().all(|c| word(c) || c == '-');
    (!good).then_some("Use small letters, digits and hyphens only, like europe-west4.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_two_halves() {
        for bad in [
            "",
            "ada",
            "@x.org",
            "ada@",
            "a b@x.org",
            "ada@x..org",
            "ada@.org",
        ] {
            assert!(email_problem(bad).is_some(), "{bad}");
        }
        for good in [
            "ada@example.org",
            " ada@localhost ",
            "a+b@sub.example.co.uk",
        ] {
            assert!(email_problem(good).is_none(), "{good}");
        }
    }

    #[test]
    fn a_key_with_a_line_break_is_refused() {
        assert!(key_problem("sk-a\nb").is_some());
        assert!(key_problem("").is_some());
        assert!(key_problem("sk-proj-abc_123").is_none());
    }
}
