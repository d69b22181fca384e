//! The list of all models: which of them a person can use, and what can be asked of the list.

use crate::shared::model::{Capabilities, Category, Model};
use std::cmp::Ordering;
use url::form_urlencoded;

/// Rows of a page.
pub const PAGE: usize = 100;

/// Whether a person can use a model; if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// One of their keys lists it.
    Usable,
    /// Their keys list others.
    NotListed,
    /// Their keys were not asked for a list yet.
    Unasked,
    /// They have no key for the provider.
    NoKey,
    /// They switched their keys off.
    Off,
    /// The provider refused their keys.
    Refused,
    /// Their keys do not open any more.
    Unreadable,
}

/// A model with what it is to a person.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its provider's name.
    pub provider: &'a str,
    /// Whether they can use it.
    pub access: Access,
}

/// What a model has to be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// It answers word by word.
    Streaming,
    /// It sees.
    Vision,
    /// It calls functions.
    Tools,
    /// It writes JSON.
    JsonMode,
    /// It thinks first.
    Reasoning,
}

impl Ability {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Streaming,
        Self::Vision,
        Self::Tools,
        Self::JsonMode,
        Self::Reasoning,
    ];

    /// The word in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Vision => "vision",
            Self::Tools => "tools",
            Self::JsonMode => "jsonMode",
            Self::Reasoning => "reasoning",
        }
    }

    /// The ability that is spelled `text`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == text)
    }

    /// Whether `can` has it.
    #[must_use]
    pub const fn is_in(self, can: Capabilities) -> bool {
        match self {
            Self::Streaming => can.streaming,
            Self::Vision => can.vision,
            Self::Tools => can.tools,
            Self::JsonMode => can.json_mode,
            Self::Reasoning => can.reasoning,
        }
    }
}

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// What the person can use, then what is recommended, then as the providers list it.
    #[default]
    Best,
    /// The name.
    Name,
    /// The provider's name.
    Provider,
    /// The context window.
    Context,
    /// The output limit.
    Output,
    /// The price of what is read.
    Reading,
    /// The price of what is written.
    Writing,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Best,
        Self::Name,
        Self::Provider,
        Self::Context,
        Self::Output,
        Self::Reading,
        Self::Writing,
    ];

    /// The word in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Name => "name",
            Self::Provider => "provider",
            Self::Context => "context",
            Self::Output => "output",
            Self::Reading => "reading",
            Self::Writing => "writing",
        }
    }
}

/// What somebody wants of the list, as the address says it. What makes no sense there is not wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Words, all of which have to be in the name, the id or the provider's name.
    pub words: String,
    /// One provider's only, by id.
    pub provider: String,
    /// What it has to be able to do.
    pub ability: Option<Ability>,
    /// USD per million written tokens at the most.
    pub price: Option<f64>,
    /// Tokens of context at the least.
    pub context: Option<u64>,
    /// Only what the person can use.
    pub usable: bool,
    /// The order.
    pub sort: Sort,
    /// The other way round.
    pub down: bool,
    /// Which page, from 0.
    pub page: usize,
}

impl Wanted {
    /// Reads the query of an address.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
            let value = value.trim();
            match name.as_ref() {
                "q" => value.clone_into(&mut wanted.words),
                "provider" => value.clone_into(&mut wanted.provider),
                "capability" => wanted.ability = Ability::parse(value),
                "price" => {
                    let usd = value.parse::<f64>().ok();
                    wanted.price = usd.filter(|usd| usd.is_finite() && *usd >= 0.0);
                }
                "context" => wanted.context = value.parse().ok().filter(|tokens| *tokens > 0),
                "usable" => wanted.usable = value == "1",
                "sort" => {
                    let sort = Sort::ALL.into_iter().find(|sort| sort.as_str() == value);
                    wanted.sort = sort.unwrap_or_default();
                }
                "order" => wanted.down = value == "desc",
                "page" => wanted.page = value.parse::<usize>().map_or(0, |n| n.saturating_sub(1)),
                _ => {}
            }
        }
        wanted
    }

    /// The address that says this.
    #[must_use]
    pub fn address(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let mut say = |name: &str, value: &str| {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        };
        say("q", &self.words);
        say("provider", &self.provider);
        say("capability", self.ability.map_or("", Ability::as_str));
        say(
            "price",
            &self.price.map_or_else(String::new, |usd| usd.to_string()),
        );
        say(
            "context",
            &self.context.map_or_else(String::new, |n| n.to_string()),
        );
        say("usable", if self.usable { "1" } else { "" });
        if self.sort != Sort::Best {
            say("sort", self.sort.as_str());
        }
        say("order", if self.down { "desc" } else { "" });
        if self.page > 0 {
            say("page", &(self.page + 1).to_string());
        }
        let query = query.finish();
        if query.is_empty() {
            "/models".to_owned()
        } else {
            format!("/models?{query}")
        }
    }

    fn fits(&self, words: &[String], row: &Row<'_>) -> bool {
        let Row {
            model,
            provider,
            access,
        } = row;
        let said = || format!("{} {} {provider}", model.display_name, model.id).to_lowercase();
        let cheap = |most: f64| {
            let price = model.pricing.map(|price| price.output_per_mtok);
            price.is_some_and(|price| price <= most)
        };
        let large = |least| model.context_window.is_some_and(|tokens| tokens >= least);
        (!self.usable || *access == Access::Usable)
            && (self.provider.is_empty() || model.provider.as_str() == self.provider)
            && self.ability.is_none_or(|one| one.is_in(model.capabilities))
            && self.price.is_none_or(cheap)
            && self.context.is_none_or(large)
            && (words.is_empty() || {
                let said = said();
                words.iter().all(|word| said.contains(word))
            })
    }

    /// The rows that fit, in order. What is not known of a model comes last, whichever way round.
    pub fn select(&self, rows: &mut Vec<Row<'_>>) {
        let words = self.words.to_lowercase();
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        rows.retain(|row| self.fits(&words, row));
        let price = |row: &Row<'_>| row.model.pricing;
        #[expect(clippy::cast_precision_loss, reason = "tokens stay far below 2^52")]
        let float = |tokens: u64| tokens as f64;
        match self.sort {
            Sort::Best => rows.sort_by_key(|row| {
                (
                    row.access != Access::Usable,
                    row.model.category != Some(Category::Recommended),
                )
            }),
            Sort::Name => rows.sort_by_cached_key(|row| row.model.display_name.to_lowercase()),
            Sort::Provider => rows.sort_by_key(|row| row.provider),
            Sort::Context => self.by(rows, |row| row.model.context_window.map(float)),
            Sort::Output => self.by(rows, |row| row.model.max_output_tokens.map(float)),
            Sort::Reading => self.by(rows, |row| price(row).map(|usd| usd.input_per_mtok)),
            Sort::Writing => self.by(rows, |row| price(row).map(|usd| usd.output_per_mtok)),
        }
        if self.down && matches!(self.sort, Sort::Best | Sort::Name | Sort::Provider) {
            rows.reverse();
        }
    }

    fn by(&self, rows: &mut [Row<'_>], number: impl Fn(&Row<'_>) -> Option<f64>) {
        rows.sort_by(|a, b| match (number(a), number(b)) {
            (Some(a), Some(b)) if self.down => b.total_cmp(&a),
            (Some(a), Some(b)) => a.total_cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::model::Pricing;

    fn model(provider: &str, id: &str, context: Option<u64>, output: Option<f64>) -> Model {
        Model {
            id: id.parse().unwrap(),
            provider: provider.parse().unwrap(),
            display_name: id.to_uppercase(),
            capabilities: Capabilities {
                vision: id.contains("eye"),
                ..Capabilities::default()
            },
            context_window: context,
            max_output_tokens: None,
            pricing: output.map(|usd| Pricing {
                input_per_mtok: usd / 4.0,
                output_per_mtok: usd,
            }),
            category: id.contains("best").then_some(Category::Recommended),
            deprecated_at: None,
        }
    }

    fn found(query: &str) -> Vec<String> {
        let models = [
            model("openai", "old", Some(8_000), Some(10.0)),
            model("openai", "eye-best", Some(128_000), Some(4.0)),
            model("xai", "dark", None, None),
            model("xai", "free-eye", Some(32_000), Some(0.0)),
        ];
        let access = |model: &Model| match model.provider.as_str() {
            "openai" => Access::NoKey,
            _ => Access::Usable,
        };
        let row = |model| Row {
            model,
            provider: if model.provider.as_str() == "xai" {
                "xAI"
            } else {
                "OpenAI"
            },
            access: access(model),
        };
        let mut rows: Vec<Row<'_>> = models.iter().map(row).collect();
        Wanted::parse(query).select(&mut rows);
        rows.iter().map(|row| row.model.id.to_string()).collect()
    }

    #[test]
    fn what_can_be_used_comes_first_and_then_what_is_recommended() {
        assert_eq!(found(""), ["dark", "free-eye", "eye-best", "old"]);
    }

    #[test]
    fn each_wish_narrows_the_list() {
        for (query, expected) in [
            ("q=EYE", &["free-eye", "eye-best"][..]),
            ("q=eye+openai", &["eye-best"]),
            ("?provider=xai", &["dark", "free-eye"]),
            ("capability=vision", &["free-eye", "eye-best"]),
            ("price=4", &["free-eye", "eye-best"]),
            ("price=0", &["free-eye"]),
            ("context=32000", &["free-eye", "eye-best"]),
            ("usable=1", &["dark", "free-eye"]),
            ("usable=1&q=nothing", &[]),
        ] {
            assert_eq!(found(query), expected, "{query}");
        }
    }

    #[test]
    fn what_is_unknown_comes_last_whichever_way_round() {
        assert_eq!(
            found("sort=writing"),
            ["free-eye", "eye-best", "old", "dark"]
        );
        assert_eq!(
            found("sort=writing&order=desc"),
            ["old", "eye-best", "free-eye", "dark"]
        );
        assert_eq!(
            found("sort=context&order=desc"),
            ["eye-best", "free-eye", "old", "dark"]
        );
        assert_eq!(found("sort=name"), ["dark", "eye-best", "free-eye", "old"]);
        assert_eq!(
            found("sort=provider&order=desc"),
            ["free-eye", "dark", "eye-best", "old"]
        );
    }

    #[test]
    fn an_address_says_what_is_wanted_and_nothing_that_makes_no_sense() {
        let wanted = Wanted {
            words: "a b&c".to_owned(),
            provider: "openai".to_owned(),
            ability: Some(Ability::JsonMode),
            price: Some(2.5),
            context: Some(32_000),
            usable: true,
            sort: Sort::Reading,
            down: true,
            page: 3,
        };
        let address = wanted.address();
        let (path, query) = address.split_once('?').unwrap();
        assert_eq!((path, Wanted::parse(query)), ("/models", wanted));
        let nonsense =
            "price=-1&context=many&sort=luck&order=up&page=0&capability=flying&usable=yes&x=y";
        assert_eq!(Wanted::parse(nonsense), Wanted::default());
        assert_eq!(Wanted::parse("price=NaN&page=-3"), Wanted::default());
        assert_eq!(Wanted::default().address(), "/models");
    }
}
