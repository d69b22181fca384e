//! What stands in the list of the model picker, line by line.

use super::fit::{Fit, Wanted, folded};
use crate::server::catalog;
use crate::shared::model::{Category, Choice, Model, PickerProvider};
use crate::shared::time::Timestamp;
use crate::shared::words::Picker;

/// Rows of a provider at the most; a search narrows the rest.
const MOST: usize = 100;
/// Rows at the most of a provider that none of the person's keys reaches.
const MOST_LOCKED: usize = 5;

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
    /// A model that none of the person's keys reaches.
    Locked(&'a Model),
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
    now: Timestamp,
) -> Vec<Line<'a>> {
    let wanted = Wanted::new(search);
    if wanted.is_empty() {
        let above = groups(said, providers, top, picked);
        listed(above, providers, &top.favourites)
    } else {
        found(providers, &top.favourites, &wanted, now)
    }
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

/// Everything, behind the lines above it: the providers that a key reaches first, each with its shelves.
fn listed<'a>(
    mut lines: Vec<Line<'a>>,
    providers: &'a [PickerProvider],
    favourites: &[Choice],
) -> Vec<Line<'a>> {
    let above = lines.iter().filter(|line| matches!(line, Line::Model(_)));
    let mut shown = above.count();
    let (own, other): (Vec<_>, Vec<_>) = providers.iter().partition(|shelf| shelf.is_usable());
    for provider in own {
        let mut models: Vec<&Model> = provider.models().collect();
        models.sort_by_key(|model| model.category.map_or(9, |category| category as u8));
        lines.push(Line::Provider(provider));
        let mut last = None;
        for model in models.iter().take(MOST) {
            if last.replace(model.category) != Some(model.category) {
                lines.push(Line::Shelf(model.category));
            }
            lines.push(own_row(&mut shown, model, favourites));
        }
        lines.extend(more(models.len(), MOST));
    }
    lines.extend(other.into_iter().map(Line::Provider));
    lines
}

/// A provider with those of its models that fit, the best first.
struct Found<'a> {
    provider: &'a PickerProvider,
    models: Vec<(Fit, &'a Model)>,
}

impl<'a> Found<'a> {
    fn new<'m: 'a>(
        provider: &'a PickerProvider,
        models: impl Iterator<Item = &'m Model>,
        favourites: &[Choice],
        wanted: &Wanted,
    ) -> Self {
        let name = folded(&provider.provider.name);
        let fits = models.filter_map(|model| Some((wanted.fit(&name, model)?, model)));
        let mut models: Vec<_> = fits.collect();
        models.sort_by_cached_key(|(fit, model)| (*fit, !favourites.contains(&model.choice())));
        Self { provider, models }
    }

    fn best(&self) -> Option<Fit> {
        self.models.first().map(|(fit, _)| *fit)
    }

    fn is_close(&self) -> bool {
        self.best().is_some_and(|fit| fit < Fit::Spread)
    }

    fn keep_close(&mut self) {
        self.models.retain(|(fit, _)| *fit < Fit::Spread);
    }
}

/// What fits, the providers with the best fits first. What cannot be used comes behind all that can. Letters that are only
/// spread over a name count where nothing else is found.
fn found<'a>(
    providers: &'a [PickerProvider],
    favourites: &[Choice],
    wanted: &Wanted,
    now: Timestamp,
) -> Vec<Line<'a>> {
    let (own, other): (Vec<_>, Vec<_>) = providers.iter().partition(|shelf| shelf.is_usable());
    let own = own.into_iter();
    let own = own.map(|shelf| Found::new(shelf, shelf.models(), favourites, wanted));
    let mut own: Vec<Found<'_>> = own.collect();
    let other = other.into_iter().map(|shelf| {
        let known = catalog::snapshot_models(&shelf.provider.id, now);
        Found::new(shelf, known, favourites, wanted)
    });
    let mut other: Vec<Found<'_>> = other.collect();
    other.iter_mut().for_each(Found::keep_close);
    if own.iter().chain(&other).any(Found::is_close) {
        own.iter_mut().for_each(Found::keep_close);
    }
    own.retain(|usable| !usable.models.is_empty());
    other
        .retain(|locked| !locked.models.is_empty() || wanted.is_in(&locked.provider.provider.name));
    own.sort_by_key(Found::best);
    other.sort_by_key(|locked| locked.best().unwrap_or(Fit::Spread));
    let mut lines = Vec::new();
    let mut shown = 0;
    for usable in own {
        lines.push(Line::Provider(usable.provider));
        let rows = usable.models.iter().take(MOST);
        lines.extend(rows.map(|(_, model)| own_row(&mut shown, model, favourites)));
        lines.extend(more(usable.models.len(), MOST));
    }
    for locked in other {
        lines.push(Line::Provider(locked.provider));
        let rows = locked.models.iter().take(MOST_LOCKED);
        lines.extend(rows.map(|(_, model)| Line::Locked(model)));
        lines.extend(more(locked.models.len(), MOST_LOCKED));
    }
    lines
}

/// The next row of a model below its provider.
fn own_row<'a>(shown: &mut usize, model: &'a Model, favourites: &[Choice]) -> Line<'a> {
    let index = *shown;
    *shown += 1;
    Line::Model(Row {
        index,
        model,
        favourite: favourites.contains(&model.choice()),
        of: None,
    })
}

/// What is said of those behind the first `most`.
fn more<'a>(all: usize, most: usize) -> Option<Line<'a>> {
    let hidden = all.saturating_sub(most);
    (hidden > 0).then_some(Line::More(hidden))
}
