//! What an answer is rendered with, and what was met in it so far.

use crate::shared::words::Language;
use crate::shared::words::printed::Block;

/// Labels of notes that get an address.
const MAX_NOTES: usize = 200;

/// Formulas that are set; more are shown as their source.
const MAX_FORMULAS: usize = 2_000;

/// The message that is rendered, and its limits.
#[derive(Clone, Debug)]
pub struct Context {
    /// How deep elements may be inside of each other.
    pub(super) most: usize,
    pub(super) too_deep: bool,
    /// Tells the message's addresses from those of the others on a page.
    name: String,
    /// What it is read in.
    language: Language,
    /// The addresses that were given.
    ids: Vec<String>,
    formulas: usize,
}

/// How far a text had come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    ids: usize,
    formulas: usize,
}

impl Context {
    /// Elements at most so deep inside of each other, in the message of that name, with buttons in that language.
    #[must_use]
    pub fn new(most: usize, name: &str, language: Language) -> Self {
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        Self {
            most,
            too_deep: false,
            name: name.chars().filter(plain).take(64).collect(),
            language,
            ids: Vec::new(),
            formulas: 0,
        }
    }

    /// Whether something was nested deeper, and is shown as text.
    #[must_use]
    pub const fn too_deep(&self) -> bool {
        self.too_deep
    }

    /// What they read in.
    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// What stands on the buttons of blocks.
    pub(super) fn words(&self) -> &'static Block {
        &self.language.printed().block
    }

    /// The last block when something was left out.
    pub(super) fn cut_notice(&self) -> String {
        format!("<p dir=\"auto\">{}</p>", self.words().cut)
    }

    pub(super) const fn mark(&self) -> Mark {
        Mark {
            ids: self.ids.len(),
            formulas: self.formulas,
        }
    }

    /// Forgets what was met since, because that part is rendered once more.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.ids.truncate(mark.ids);
        self.formulas = mark.formulas;
    }

    /// Whether one more formula is set.
    pub(super) const fn takes_formula(&mut self) -> bool {
        self.formulas += 1;
        self.formulas <= MAX_FORMULAS
    }

    /// The address of what `kind` and `label` name within the page.
    pub(super) fn id(&self, kind: &str, label: &str) -> String {
        format!("{kind}-{}-{label}", self.name)
    }

    /// Whether the address is given for the first time: only then may an element have it.
    pub(super) fn is_first(&mut self, id: &str) -> bool {
        let first = self.ids.len() < MAX_NOTES && !self.ids.iter().any(|known| known == id);
        if first {
            self.ids.push(id.to_owned());
        }
        first
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new(64, "", Language::default())
    }
}

/// Whether a note may have that label.
pub(super) fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    (1..=20).contains(&label.len()) && label.bytes().all(plain)
}

/// Whether an element may have that address.
pub(super) fn is_id(id: &str) -> bool {
    let rest = id.strip_prefix("note-").or_else(|| id.strip_prefix("ref-"));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    rest.is_some_and(|rest| rest.len() <= 90 && rest.bytes().all(plain))
}
