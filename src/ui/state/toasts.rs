//! Short notes in the corner.

use super::words;
use crate::client::dom;
use crate::shared::error::AppError;
use crate::shared::time::Timestamp;
use crate::shared::words::Words;
use leptos::prelude::*;
use std::sync::Arc;
use std::time::Duration;

/// Notes that are shown at once.
const MOST: usize = 3;
/// How often is looked which notes have been there long enough.
const TICK: Duration = Duration::from_millis(250);
/// Milliseconds that a note stays, by what it is.
const DONE: i64 = 4_000;
const TROUBLE: i64 = 10_000;
const UNDOABLE: i64 = 8_000;
/// Milliseconds that it stays at the most, however it is held.
const LATEST: i64 = 48_000;

/// What is to be done.
type Act = Arc<dyn Fn() + Send + Sync>;

/// A note.
#[derive(Clone)]
pub struct Toast {
    /// What tells it from the others.
    pub number: u32,
    /// What it says.
    pub text: String,
    /// Whether it is about trouble.
    pub trouble: bool,
    /// What takes back what it is about, and what happens once it is gone and was not.
    undo: Option<(Act, Act)>,
}

impl Toast {
    /// Whether what it is about can be taken back.
    #[must_use]
    pub const fn can_be_undone(&self) -> bool {
        self.undo.is_some()
    }
}

/// The notes that are shown.
#[derive(Clone, Copy)]
pub struct Toasts {
    /// Oldest first.
    pub shown: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
    /// How many milliseconds each one has left, and until when it stays at the most.
    left: StoredValue<Vec<(u32, i64, Timestamp)>>,
    ticking: StoredValue<bool>,
    words: &'static Words,
}

impl Toasts {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shown: RwSignal::default(),
            next: StoredValue::default(),
            left: StoredValue::default(),
            ticking: StoredValue::default(),
            words: words(),
        }
    }

    /// Says that something was done.
    pub fn done(self, text: impl Into<String>) {
        self.show(text.into(), None, false);
    }

    /// Says what went wrong.
    pub fn trouble(self, error: &AppError) {
        self.show(self.words.errors.said(error), None, true);
    }

    /// Says that something was done that `back` undoes; `over` hears, once, that it was not.
    pub fn undoable(
        self,
        text: &str,
        back: impl Fn() + Send + Sync + 'static,
        over: impl Fn() + Send + Sync + 'static,
    ) {
        let undo = (Arc::new(back) as Act, Arc::new(over) as Act);
        self.show(text.to_owned(), Some(undo), false);
    }

    /// Takes a note away, and with it the chance to undo.
    pub fn dismiss(self, number: u32) {
        if let Some((_, over)) = self.take(number) {
            over();
        }
    }

    /// Undoes what a note is about.
    pub fn undo(self, number: u32) {
        if let Some((back, _)) = self.take(number) {
            back();
        }
    }

    /// Takes all notes away.
    pub fn dismiss_all(self) {
        let numbers: Vec<u32> = self
            .shown
            .with_untracked(|shown| shown.iter().map(|toast| toast.number).collect());
        for number in numbers {
            self.dismiss(number);
        }
    }

    fn take(self, number: u32) -> Option<(Act, Act)> {
        let at = |shown: &[Toast]| shown.iter().position(|toast| toast.number == number);
        let taken = self
            .shown
            .try_update(|shown| at(shown).map(|at| shown.remove(at)));
        taken.flatten()?.undo
    }

    fn show(self, text: String, undo: Option<(Act, Act)>, trouble: bool) {
        let number = self.next.get_value();
        self.next.set_value(number + 1);
        let ms = match undo {
            Some(_) => UNDOABLE,
            None if trouble => TROUBLE,
            None => DONE,
        };
        let now = dom::now();
        self.left
            .update_value(|left| left.push((number, ms, now.plus_ms(LATEST))));
        self.shown.update(|shown| {
            shown.push(Toast {
                number,
                text,
                trouble,
                undo,
            });
        });
        let oldest = self.shown.with_untracked(|shown| {
            let oldest = shown.first().filter(|_| shown.len() > MOST)?;
            Some(oldest.number)
        });
        if let Some(oldest) = oldest {
            self.dismiss(oldest);
        }
        if !self.ticking.get_value() {
            self.ticking.set_value(true);
            self.tick(now);
        }
    }

    /// Looks again and again which notes have been there long enough, as long as there are any. One that is pointed at or has
    /// the keyboard waits.
    fn tick(self, before: Timestamp) {
        let look = move || {
            let held = dom::is_held(".toasts");
            let now = dom::now();
            let passed = if held { 0 } else { now.0 - before.0 };
            let mut over = Vec::new();
            self.left.update_value(|left| {
                left.retain_mut(|(number, left, latest)| {
                    *left -= passed;
                    let stays = *left > 0 && now < *latest;
                    if !stays {
                        over.push(*number);
                    }
                    stays
                });
            });
            for number in over {
                self.dismiss(number);
            }
            if self.shown.with_untracked(Vec::is_empty) {
                self.ticking.set_value(false);
            } else {
                self.tick(now);
            }
        };
        set_timeout(look, TICK);
    }
}

impl Default for Toasts {
    fn default() -> Self {
        Self::new()
    }
}
