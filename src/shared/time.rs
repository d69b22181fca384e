//! Points in time as the wire has them: RFC 3339, UTC, milliseconds. No clock lives here.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment, `ms` milliseconds later (or earlier when negative).
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The UTC day as `YYYY-MM-DD`.
    #[must_use]
    pub fn day(self) -> String {
        let (year, month, day) = civil(self.0.div_euclid(DAY_MS));
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// The UTC time of day as `HH:MM`.
    #[must_use]
    pub fn clock(self) -> String {
        let minutes = self.0.rem_euclid(DAY_MS) / 60_000;
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// Reads `YYYY-MM-DDTHH:MM:SS[.fff…]Z`; nothing else of RFC 3339 is ever written here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, clock) = text.strip_suffix('Z')?.split_once('T')?;
        let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        if !(0..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let mut clock = clock.splitn(3, ':');
        let hour: i64 = clock.next()?.parse().ok()?;
        let minute: i64 = clock.next()?.parse().ok()?;
        let seconds: f64 = clock.next()?.parse().ok()?;
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0.0..61.0).contains(&seconds)
        {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "below 61 000")]
        let ms = (seconds * 1000.0).round() as i64;
        Some(Self(
            days(year, month, day) * DAY_MS + hour * 3_600_000 + minute * 60_000 + ms,
        ))
    }
}

/// Days since the epoch to (year, month, day); Howard Hinnant's `civil_from_days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// (year, month, day) to days since the epoch; the inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.rem_euclid(DAY_MS);
        let (hour, minute, second, milli) =
            (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
        write!(
            f,
            "{}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z",
            self.day()
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not an RFC 3339 UTC time"))
    }
}

/// How long ago something was, as roughly as people want to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the units say it")]
pub enum Age {
    Now,
    Minutes(u64),
    Hours(u64),
    Days(u64),
}

impl Age {
    /// The time between two moments.
    #[must_use]
    pub fn of(then: Timestamp, now: Timestamp) -> Self {
        let seconds = u64::try_from((now.0 - then.0) / 1000).unwrap_or(0);
        match seconds {
            0..60 => Self::Now,
            60..3600 => Self::Minutes(seconds / 60),
            3600..86_400 => Self::Hours(seconds / 3600),
            _ => Self::Days(seconds / 86_400),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_the_trip_through_text() {
        for ms in [0, 1, 951_782_399_999, 1_795_000_000_123, 4_102_444_800_000] {
            assert_eq!(
                Timestamp::parse(&Timestamp(ms).to_string()),
                Some(Timestamp(ms))
            );
        }
        assert_eq!(
            Timestamp(1_795_000_000_123).to_string(),
            "2026-11-18T11:06:40.123Z"
        );
    }

    #[test]
    fn other_text_is_no_time() {
        for text in [
            "",
            "2026",
            "2026-13-01T00:00:00Z",
            "2026-01-01T25:00:00Z",
            "2026-01-01 00:00:00",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let age = |seconds: i64| Age::of(Timestamp(5_000), Timestamp(5_000 + seconds * 1000));
        for (seconds, told) in [
            (-90, Age::Now),
            (59, Age::Now),
            (60, Age::Minutes(1)),
            (3_599, Age::Minutes(59)),
            (3_600, Age::Hours(1)),
            (86_399, Age::Hours(23)),
            (172_800, Age::Days(2)),
        ] {
            assert_eq!(age(seconds), told, "{seconds} s");
        }
    }
}
