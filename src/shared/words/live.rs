//! What the browser says by itself: the few texts of the catalog that it cannot have printed.

use super::language::Language;
use super::{Errors, Words, ar, en};
use crate::shared::time::Age;

type Text = &'static str;

/// The struct of the areas, and how it is taken out of the catalog.
macro_rules! live {
    ($($area:ident: $name:ident { $($field:ident: $kind:ty,)* })*) => {
        /// What the browser says, in the areas of the catalog. Nothing in the browser names the catalog itself, which so weighs
        /// nothing there.
        #[derive(Debug)]
        pub struct Live {
            pub errors: Errors,
            $(pub $area: $name,)*
        }

        $(
            #[derive(Debug)]
            pub struct $name {
                $(pub $field: $kind,)*
            }
        )*

        impl Live {
            const fn of(words: &Words) -> Self {
                Self {
                    errors: words.errors,
                    $($area: $name { $($field: words.$area.$field,)* },)*
                }
            }
        }
    };
}

live! {
    frame: Frame {
        being_answered: Text,
        ago: fn(Age) -> String,
    }
    sidebar: Sidebar {
        none: Text,
        nothing_found: Text,
        new_title: Text,
        archived: Text,
        deleted: Text,
    }
    begin: Begin {
        title: Text,
    }
    chat: Chat {
        saved: Text,
        deleted: Text,
        other_model: fn(&str) -> String,
        continue_with: fn(&str) -> String,
        show_earlier: Text,
        show_later: Text,
        go_on: Text,
        answering: Text,
        failed: Text,
        stopped: Text,
        complete: Text,
        not_sent: Text,
        copied: Text,
        not_copied: Text,
        try_again: Text,
        try_in_seconds: fn(i64) -> String,
        try_in_minutes: fn(i64) -> String,
    }
    composer: Composer {
        wait: Text,
        length: fn(usize, usize) -> String,
        too_long: Text,
        empty: Text,
        stopping: Text,
        send: Text,
        enter_sends: Text,
        ctrl_enter_sends: Text,
        commands: fn(usize) -> String,
    }
    keys: Keys {
        looks_like: fn(&str) -> String,
    }
    around: Around {
        answered: fn(&str) -> String,
        unread: Text,
        not_deleted: Text,
        palette_none: Text,
    }
}

static ENGLISH: Live = Live::of(&en::WORDS);
static ARABIC: Live = Live::of(&ar::WORDS);

impl Language {
    /// What the browser says in it.
    #[must_use]
    pub const fn live(self) -> &'static Live {
        match self {
            Self::English => &ENGLISH,
            Self::Arabic => &ARABIC,
        }
    }
}
