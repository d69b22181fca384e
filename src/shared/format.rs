//! Numbers as people read them.

use super::model::Pricing;
use super::words::Picker;

/// Characters of a text that a chip above the composer says at the most.
pub const LONGEST_CHIP: usize = 40;

/// A count in a few characters: `950`, `12.3k`, `200k`, `1M`.
#[must_use]
pub fn count(n: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let n_float = n as f64;
    match n {
        0..1_000 => n.to_string(),
        1_000..1_000_000 => format!("{}k", three_digits(n_float / 1e3)),
        _ => format!("{}M", three_digits(n_float / 1e6)),
    }
}

/// An amount of money: `$0.0042`, `$0.50`, `$1.20`; `<$0.0001` for less.
#[must_use]
pub fn money(usd: f64) -> String {
    if usd <= 0.0 {
        "$0".to_owned()
    } else if usd < 0.0001 {
        "<$0.0001".to_owned()
    } else if usd < 1.0 {
        format!("${}", cents(&format!("{usd:.4}")))
    } else {
        format!("${usd:.2}")
    }
}

/// A price per million tokens: `$3`, `$0.10`, `$1.25`, `$0.075`.
#[must_use]
pub fn price(usd: f64) -> String {
    format!("${}", cents(&format!("{usd:.3}")))
}

/// What a model reads and costs: `128k · $2.50 / $10`, `1M · Free`, `128k · price unknown`.
#[must_use]
pub fn facts(window: Option<u64>, pricing: Option<Pricing>, said: &Picker) -> String {
    let window = window.map_or_else(|| said.no_context.to_owned(), count);
    let price = match pricing {
        None => said.no_price.to_owned(),
        Some(usd) if usd.is_nothing() => said.free.to_owned(),
        Some(usd) => [price(usd.input_per_mtok), price(usd.output_per_mtok)].join(" / "),
    };
    [window, price].join(" · ")
}

/// A time span: `640 ms`, `2.4 s`, `1 min 5 s`.
#[must_use]
pub fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
        1_000..60_000 => format!("{:.1} s", ms as f64 / 1e3),
        _ => format!("{} min {} s", ms / 60_000, ms / 1_000 % 60),
    }
}

/// Without zeros at the end, but with whole cents if there are any.
fn cents(text: &str) -> String {
    let short = trim_zeros(text);
    match short.split_once('.') {
        Some((_, cents)) if cents.len() == 1 => short + "0",
        _ => short,
    }
}

fn three_digits(n: f64) -> String {
    let places = match n {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    trim_zeros(&format!("{n:.places$}"))
}

fn trim_zeros(text: &str) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::words::Language;

    #[test]
    fn what_is_unknown_of_a_model_is_called_unknown() {
        let usd = |input_per_mtok, output_per_mtok| {
            Some(Pricing {
                input_per_mtok,
                output_per_mtok,
            })
        };
        let facts = |window, pricing| facts(window, pricing, &Language::English.words().picker);
        assert_eq!(facts(Some(128_000), usd(2.5, 10.0)), "128k · $2.50 / $10");
        assert_eq!(
            facts(None, usd(0.075, 0.3)),
            "context unknown · $0.075 / $0.30"
        );
        assert_eq!(facts(Some(1_000_000), usd(0.0, 0.0)), "1M · Free");
        assert_eq!(facts(Some(8_192), None), "8.19k · price unknown");
        assert_eq!(facts(None, None), "context unknown · price unknown");
    }

    #[test]
    fn numbers_are_short() {
        let counts = [0, 950, 1_000, 12_340, 200_000, 1_000_000, 1_048_576];
        let expected = ["0", "950", "1k", "12.3k", "200k", "1M", "1.05M"];
        assert_eq!(counts.map(count), expected);
        assert_eq!(
            [0.0, 0.00001, 0.0042, 0.5, 1.2].map(money),
            ["$0", "<$0.0001", "$0.0042", "$0.50", "$1.20"]
        );
        assert_eq!(
            [3.0, 0.1, 1.25, 0.075].map(price),
            ["$3", "$0.10", "$1.25", "$0.075"]
        );
        assert_eq!(
            [640, 2_400, 65_000].map(span),
            ["640 ms", "2.4 s", "1 min 5 s"]
        );
    }
}
