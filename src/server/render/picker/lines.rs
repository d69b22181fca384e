//! What stands in the list of the model picker, line by line.

use crate::shared::model::{Category, Choice, Model, PickerProvider};
use crate::shared::words::Picker;

/// Rows at the most; a search narrows the rest.
const MOST: usize = 200;

/// What stands above the providers. Those that no list has are left out.
#[derive(Debug, Default)]
pub struct Top {
    /// The models that the person marked.
    pub favourites: Vec<Choice>,
    /// The models that they used last.
    pub recent: Vec<Choice>,
}

/// One line of the list.
#[derive(Clone, Copy)]
pub(super) enum Line<'a> {
    Group(&'static str),
    Provider(&'a PickerProvider),
    Shelf(Option<Category>),
    Model(Row<'a>),
    More(usize),
}

/// A model in the list, where it may stand twice.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub index: usize,
    pub model: &'a Model,
    pub favourite: bool,
    /// The name of its provider, where no heading says it.
    pub of: Option<&'a str>,
}

pub(super) const fn shelf(words: &Picker, category: Option<Category>) -> &'static str {
    match category {
        Some(Category::Recommended) => words.recommended,
        Some(Category::Fast) => words.fast,
        Some(Category::Balanced) => words.balanced,
        Some(Category::Reasoning) => words.reasoning,
        None => words.others,
    }
}

/// The lines for what is typed. What is used often stands above the providers, unless something is searched for.
pub(super) fn all<'a>(
    said: &Picker,
    providers: &'a [PickerProvider],
    top: &Top,
    search: &str,
    picked: Option<&Choice>,
) -> Vec<Line<'a>> {
    let above = if search.trim().is_empty() {
        groups(said, providers, top, picked)
    } else {
        Vec::new()
    };
    lines(above, providers, &top.favourites, search)
}

/// How well a model fits the wanted words: 0 best; none if one of them does not occur.
fn rank(provider: &str, model: &Model, wanted: &str) -> Option<u8> {
    let name = model.display_name.to_ascii_lowercase();
    let id = model.id.as_str().to_ascii_lowercase();
    let all = format!("{} {name} {id}", provider.to_ascii_lowercase());
    if !wanted.split_whitespace().all(|word| all.contains(word)) {
        return None;
    }
    Some(if name.starts_with(wanted) || id.starts_with(wanted) {
        0
    } else if name.contains(wanted) || id.contains(wanted) {
        1
    } else {
        2
    })
}

/// The groups above the providers. What is picked already is no group by itself.
fn groups<'a>(
    said: &Picker,
    providers: &'a [PickerProvider],
    top: &Top,
    picked: Option<&Choice>,
) -> Vec<Line<'a>> {
    let find = |choice: &Choice| {
        let shelf = providers
            .iter()
            .find(|p| p.provider.id == choice.provider)?;
        let model = shelf.models().find(|model| model.id == choice.model)?;
        Some((shelf.provider.name.as_str(), model))
    };
    let favourites: Vec<_> = top.favourites.iter().filter_map(find).collect();
    let recent = top.recent.iter();
    let recent = recent.filter(|choice| !top.favourites.contains(choice));
    let mut recent: Vec<_> = recent.filter_map(find).collect();
    if let [(_, only)] = recent[..]
        && picked == Some(&only.choice())
    {
        recent.clear();
    }
    let mut lines = Vec::new();
    let mut index = 0;
    for (name, models, favourite) in [
        (said.favourites, favourites, true),
        (said.recent, recent, false),
    ] {
        if !models.is_empty() {
            lines.push(Line::Group(name));
        }
        for (of, model) in models {
            lines.push(Line::Model(Row {
                index,
                model,
                favourite,
                of: Some(of),
            }));
            index += 1;
        }
    }
    lines
}

/// The list for a search, behind the lines above it: providers with a key first, each with its shelves; found models best
/// first.
fn lines<'a>(
    mut lines: Vec<Line<'a>>,
    providers: &'a [PickerProvider],
    favourites: &[Choice],
    search: &str,
) -> Vec<Line<'a>> {
    let wanted = search.trim().to_ascii_lowercase();
    let above = lines.iter().filter(|line| matches!(line, Line::Model(_)));
    let (mut shown, mut hidden) = (above.count(), 0);
    let (own, other): (Vec<_>, Vec<_>) = providers
        .iter()
        .partition(|p| p.list.is_some() || p.provider.connected || p.provider.keys > 0);
    for provider in own {
        let ranked = provider.models().filter_map(|model| {
            let rank = rank(&provider.provider.name, model, &wanted)?;
            Some((rank, favourites.contains(&model.choice()), model))
        });
        let mut found: Vec<(u8, bool, &Model)> = ranked.collect();
        if found.is_empty() && !wanted.is_empty() {
            continue;
        }
        if wanted.is_empty() {
            found.sort_by_key(|(.., model)| model.category.map_or(9, |category| category as u8));
        } else {
            found.sort_by_key(|(rank, favourite, _)| (*rank, !favourite));
        }
        lines.push(Line::Provider(provider));
        let mut last = None;
        for (_, favourite, model) in found {
            if shown == MOST {
                hidden += 1;
                continue;
            }
            let category = model.category;
            if wanted.is_empty() && last.replace(category) != Some(category) {
                lines.push(Line::Shelf(category));
            }
            lines.push(Line::Model(Row {
                index: shown,
                model,
                favourite,
                of: None,
            }));
            shown += 1;
        }
    }
    if hidden > 0 {
        lines.push(Line::More(hidden));
    }
    let named = |p: &&PickerProvider| p.provider.name.to_ascii_lowercase().contains(&wanted);
    lines.extend(other.into_iter().filter(named).map(Line::Provider));
    lines
}
