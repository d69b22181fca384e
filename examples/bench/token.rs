//! Tokens that say when they were sent, so that whoever hears one knows how long it was under way.

use std::sync::LazyLock;
use std::time::Instant;

/// Bytes of a token.
pub const LEN: usize = 7;
const BASE: u64 = 36;
const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Microseconds since this process first asked. The provider and the listeners share the process, and so the clock.
pub fn now() -> u64 {
    u64::try_from(BEGIN.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// A token sent at `micros`: six digits to the base of 36, which last for 36 minutes, and a blank.
pub fn write(micros: u64) -> [u8; LEN] {
    let mut token = *b"000000 ";
    let mut rest = micros;
    for place in (0..LEN - 1).rev() {
        let digit = usize::try_from(rest % BASE).unwrap_or(0);
        token[place] = DIGITS[digit];
        rest /= BASE;
    }
    token
}

/// When a token was sent.
pub fn read(token: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(token.get(..LEN - 1)?).ok()?;
    u64::from_str_radix(text, 36).ok()
}
