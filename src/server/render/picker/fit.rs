//! How well a model fits what is typed.

use crate::shared::model::Model;

/// Fewer letters than that are spread over nearly every name.
const FEWEST_SPREAD: usize = 3;

/// How well a model fits, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// It is called like that.
    Whole,
    /// Its name begins like that.
    Start,
    /// That is in its name.
    Part,
    /// All the words are in its name or its provider's.
    Words,
    /// The letters are in its name, with others between them.
    Spread,
}

/// What is typed. Names are compared without what separates their parts: `gpt4o` finds `GPT-4o`.
pub(super) struct Wanted {
    whole: String,
    words: Vec<String>,
}

impl Wanted {
    pub(super) fn new(search: &str) -> Self {
        Self {
            whole: folded(search),
            words: search.split_whitespace().map(folded).collect(),
        }
    }

    /// Whether nothing is looked for.
    pub(super) const fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// Whether it is a part of the name of a provider.
    pub(super) fn is_in(&self, provider: &str) -> bool {
        folded(provider).contains(&self.whole)
    }

    /// How well a model fits, if it does.
    pub(super) fn fit(&self, provider: &str, model: &Model) -> Option<Fit> {
        let names = [folded(&model.display_name), folded(model.id.as_str())];
        let whole = self.whole.as_str();
        let any = |fits: &dyn Fn(&str) -> bool| names.iter().any(|name| fits(name));
        let is_there = |word: &String| any(&|name| name.contains(word)) || provider.contains(word);
        if any(&|name| name == whole) {
            Some(Fit::Whole)
        } else if any(&|name| name.starts_with(whole)) {
            Some(Fit::Start)
        } else if any(&|name| name.contains(whole)) {
            Some(Fit::Part)
        } else if self.words.iter().all(is_there) {
            Some(Fit::Words)
        } else {
            let enough = whole.chars().count() >= FEWEST_SPREAD;
            (enough && any(&|name| is_spread(whole, name))).then_some(Fit::Spread)
        }
    }
}

/// A name in small letters, without what separates its parts.
pub(super) fn folded(name: &str) -> String {
    let kept = |c: &char| !c.is_whitespace() && !"-._/:".contains(*c);
    name.chars()
        .filter(kept)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether the letters occur in the name in their order.
fn is_spread(letters: &str, name: &str) -> bool {
    let mut rest = name.chars();
    letters
        .chars()
        .all(|letter| rest.by_ref().any(|c| c == letter))
}
