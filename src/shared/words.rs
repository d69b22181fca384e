//! Everything that the page says in a language of people's own: the catalog.
//!
//! A language is one value of [`Words`], so a sentence that is missing in one of them does not compile. What has a name or a
//! number in it is a function, because every language has its own order of words and its own plurals. See
//! `docs/decisions/0004-words.md`, also for how to add a string.
#![expect(
    missing_docs,
    reason = "what a field says stands in en.rs, and a second wording of it here would only drift"
)]

mod ar;
mod en;
pub mod language;
pub mod live;
pub mod printed;

pub use language::Language;

use super::error::{AppError, ErrorCode};
use super::remedy::Remedy;
use super::time::Age;

/// What is said on pages. The server prints it; the browser says what [`live`] lists.
#[derive(Debug)]
pub struct Words {
    /// What is on every page, and in every part.
    pub frame: Frame,
    pub landing: Landing,
    /// Signing in and up.
    pub door: Door,
    pub missing: Missing,
    pub settings: Settings,
    pub sidebar: Sidebar,
    pub keys: Keys,
    pub key: Key,
    /// Where a chat begins.
    pub begin: Begin,
    pub chat: Chat,
    pub composer: Composer,
    pub options: Options,
    pub picker: Picker,
    pub comparison: Comparison,
    pub errors: Errors,
    pub beside: Beside,
    /// The menu of a chat, the palette, the shortcuts, and what else is around a chat.
    pub around: Around,
}

#[derive(Debug)]
pub struct Frame {
    pub skip: &'static str,
    pub close: &'static str,
    pub dismiss: &'static str,
    pub show_typed: &'static str,
    pub open_sidebar: &'static str,
    pub being_answered: &'static str,
    /// How long ago something was.
    pub ago: fn(Age) -> String,
}

#[derive(Debug)]
pub struct Landing {
    pub description: &'static str,
    pub account: &'static str,
    pub sign_in: &'static str,
    pub start: &'static str,
    pub eyebrow: &'static str,
    pub claim: &'static str,
    pub lead: &'static str,
    pub create: &'static str,
    pub question: &'static str,
    pub answer: &'static str,
    pub usage: &'static str,
    pub apart: &'static str,
    /// What and why: durable, sealed, priced, light.
    pub points: [(&'static str, &'static str); 4],
    pub steps_title: &'static str,
    pub steps: [(&'static str, &'static str); 3],
}

#[derive(Debug)]
pub struct Door {
    pub sign_in: &'static str,
    pub signing_in: &'static str,
    pub email: &'static str,
    pub password: &'static str,
    pub new_here: &'static str,
    pub to_sign_up: &'static str,
    pub sign_up_title: &'static str,
    pub password_hint: &'static str,
    pub sign_up: &'static str,
    pub signing_up: &'static str,
    pub known_here: &'static str,
}

#[derive(Debug)]
pub struct Missing {
    pub title: &'static str,
    pub heading: &'static str,
    pub text: &'static str,
    pub to_chats: &'static str,
}

#[derive(Debug)]
pub struct Settings {
    pub title: &'static str,
    pub language: &'static str,
    pub as_the_browser: &'static str,
    pub colours: &'static str,
    pub system: &'static str,
    pub light: &'static str,
    pub dark: &'static str,
    pub enter_key: &'static str,
    pub enter_sends: &'static str,
    pub enter_breaks: &'static str,
    pub enter_note: &'static str,
    pub save: &'static str,
    pub account: &'static str,
    pub since: fn(&str) -> String,
    pub sign_out: &'static str,
    pub delete: &'static str,
    pub delete_note: &'static str,
    pub password: &'static str,
    pub delete_all: &'static str,
    pub deleting: &'static str,
}

#[derive(Debug)]
pub struct Sidebar {
    pub label: &'static str,
    pub close: &'static str,
    pub search: &'static str,
    pub chats: &'static str,
    pub pages: &'static str,
    pub providers: &'static str,
    pub models: &'static str,
    pub settings: &'static str,
    /// By age: today, yesterday, a week, a month.
    pub groups: [&'static str; 4],
    pub none: &'static str,
    pub older: &'static str,
    pub nothing_found: &'static str,
    pub more_found: &'static str,
    pub new_title: &'static str,
    pub more_for: fn(&str) -> String,
    pub rename: &'static str,
    pub archive: &'static str,
    pub archived: &'static str,
    pub delete: &'static str,
    pub delete_for_good: &'static str,
    pub deleted: &'static str,
}

#[derive(Debug)]
pub struct Keys {
    pub title: &'static str,
    pub lead: &'static str,
    pub connected: &'static str,
    pub connect_first: &'static str,
    pub connect_another: &'static str,
    /// What came of the way to a provider and back.
    pub came_back: fn(&str) -> String,
    pub denied: fn(&str) -> String,
    pub stale: fn(&str) -> String,
    pub failed: fn(ErrorCode, &str) -> String,
    pub not_connected: &'static str,
    pub needs_attention: &'static str,
    pub switched_off: &'static str,
    pub one_needs_attention: &'static str,
    pub with_keys: fn(usize) -> String,
    pub is_connected: fn(&str) -> String,
    pub get_key: &'static str,
    pub get_key_for: fn(&str) -> String,
    pub connect_to: fn(&str) -> String,
    pub paste: &'static str,
    pub connect: &'static str,
    pub add_another: &'static str,
    pub label: &'static str,
    pub label_example: &'static str,
    pub label_hint: &'static str,
    pub save: &'static str,
    pub checking: &'static str,
    pub looks_like: fn(&str) -> String,
    pub move_there: &'static str,
    pub choose: &'static str,
}

#[derive(Debug)]
pub struct Key {
    pub key: &'static str,
    pub off: &'static str,
    pub valid: &'static str,
    pub refused: &'static str,
    pub unverified: &'static str,
    pub unreadable: &'static str,
    pub no_credit: &'static str,
    pub not_permitted: &'static str,
    pub limited: &'static str,
    pub not_tested: &'static str,
    pub fix_by_replacing: &'static str,
    pub fix_by_widening: &'static str,
    pub fix_by_paying: &'static str,
    pub fix_by_testing: &'static str,
    /// With how long ago it was.
    pub added: fn(&str) -> String,
    pub checked: fn(&str) -> String,
    pub used: fn(&str) -> String,
    pub never_used: &'static str,
    pub earlier: &'static str,
    pub later: &'static str,
    pub test: &'static str,
    pub accepted: &'static str,
    pub switch_off: &'static str,
    pub switch_on: &'static str,
    pub replace: &'static str,
    pub check_and_replace: &'static str,
    pub replaced: &'static str,
    pub remove: &'static str,
    pub remove_this: &'static str,
    pub removed: &'static str,
    /// What stops without it: how many others there are, and the provider.
    pub what_stops: fn(usize, &str) -> String,
}

#[derive(Debug)]
pub struct Begin {
    pub title: &'static str,
    pub greeting: &'static str,
    /// Names, and what they put into the composer.
    pub starters: [(&'static str, &'static str); 4],
    pub add_key_to_start: &'static str,
    pub add_key: &'static str,
    pub model: &'static str,
    pub first_key: &'static str,
    pub first_key_lead: &'static str,
}

#[derive(Debug)]
pub struct Chat {
    pub not_found: &'static str,
    pub no_such: &'static str,
    pub maybe_deleted: &'static str,
    pub start_new: &'static str,
    pub saved: &'static str,
    pub to_latest: &'static str,
    pub deleted: &'static str,
    pub gone_title: &'static str,
    pub gone: &'static str,
    pub start_another: &'static str,
    pub connection_gone: &'static str,
    pub reload: &'static str,
    pub reconnecting: &'static str,
    pub other_model: fn(&str) -> String,
    pub other_model_note: &'static str,
    pub continue_there: &'static str,
    pub start_empty: &'static str,
    pub stay: &'static str,
    pub continue_with: fn(&str) -> String,
    pub continue_note: &'static str,
    pub still_readable: &'static str,
    pub messages: &'static str,
    pub show_earlier: &'static str,
    pub show_later: &'static str,
    /// What a person says to an answer that broke off.
    pub go_on: &'static str,
    pub queued: &'static str,
    pub unqueue: &'static str,
    pub send_queued: &'static str,
    pub you: &'static str,
    pub answer: &'static str,
    pub read_on: &'static str,
    pub stop: &'static str,
    pub slow: &'static str,
    pub edit: &'static str,
    pub cancel: &'static str,
    pub send_again: &'static str,
    pub answering: &'static str,
    pub failed: &'static str,
    pub stopped: &'static str,
    pub complete: &'static str,
    pub not_sent: &'static str,
    pub copied: &'static str,
    pub not_copied: &'static str,
    pub try_again: &'static str,
    /// In so many seconds, below two minutes.
    pub try_in_seconds: fn(i64) -> String,
    pub try_in_minutes: fn(i64) -> String,
}

#[derive(Debug)]
pub struct Composer {
    pub label: &'static str,
    pub placeholder: &'static str,
    pub wait: &'static str,
    pub later: &'static str,
    /// How many characters there are, and may be.
    pub length: fn(usize, usize) -> String,
    pub too_long: &'static str,
    pub empty: &'static str,
    pub stop: &'static str,
    pub stop_title: &'static str,
    pub stopping: &'static str,
    pub send: &'static str,
    pub enter_sends: &'static str,
    pub ctrl_enter_sends: &'static str,
    /// How many commands are offered, and how one is taken.
    pub commands: fn(usize) -> String,
}

#[derive(Debug)]
pub struct Options {
    pub private: &'static str,
    /// What that means.
    pub private_note: &'static str,
    pub open: &'static str,
    pub title: &'static str,
    pub system_prompt: &'static str,
    pub system_prompt_hint: &'static str,
    pub default: &'static str,
    pub temperature: &'static str,
    pub temperature_note: fn(&str) -> String,
    pub top_p: &'static str,
    pub top_p_note: &'static str,
    pub longest: &'static str,
    pub longest_note: fn(u64) -> String,
    pub effort: &'static str,
    pub effort_note: &'static str,
    /// From none to the highest.
    pub efforts: [&'static str; 7],
    /// Asks for an answer once more with another effort.
    pub rethink: &'static str,
    pub rethink_note: &'static str,
    /// Around the hundredths of the window that the chat fills.
    pub filled: [&'static str; 2],
    /// Around the tokens that it fills, and those that the window has.
    pub filled_note: [&'static str; 3],
    pub when_full: &'static str,
    pub pool: &'static str,
    pub pool_note: &'static str,
    /// Above the composer, while the pool may answer.
    pub pool_stands_by: &'static str,
    pub change: &'static str,
    pub save: &'static str,
}

#[derive(Debug)]
pub struct Picker {
    pub title: &'static str,
    pub search: &'static str,
    pub favourites: &'static str,
    pub favourite: &'static str,
    pub recent: &'static str,
    pub all: &'static str,
    pub recommended: &'static str,
    pub fast: &'static str,
    pub balanced: &'static str,
    pub reasoning: &'static str,
    pub others: &'static str,
    pub no_model: &'static str,
    pub more: fn(usize) -> String,
    pub nothing_found: &'static str,
    pub not_renewed: &'static str,
    pub listed: fn(&str) -> String,
    pub stale: &'static str,
    pub add_key: &'static str,
    pub refresh: &'static str,
    pub refresh_of: fn(&str) -> String,
    pub can_see: &'static str,
    pub can_call: &'static str,
    pub can_reason: &'static str,
    pub ends: fn(&str) -> String,
    pub free: &'static str,
    pub new: &'static str,
    pub no_context: &'static str,
    pub no_price: &'static str,
    /// What the numbers of `format::facts` are.
    pub facts: &'static str,
}

#[derive(Debug)]
pub struct Comparison {
    pub title: &'static str,
    pub lead: &'static str,
    pub choose: &'static str,
    pub another: &'static str,
    /// With the names of models.
    pub refused: fn(&str) -> String,
}

#[derive(Clone, Copy, Debug)]
pub struct Errors {
    /// The class of trouble in a few words.
    pub headline: fn(ErrorCode) -> &'static str,
    /// The three that the browser finds by itself.
    pub unreachable: &'static str,
    pub incomplete: &'static str,
    pub unreadable: &'static str,
    pub fix_key: &'static str,
    pub another_key: &'static str,
    pub add_key: &'static str,
    pub another_model: &'static str,
    pub open_settings: &'static str,
}

#[derive(Debug)]
pub struct Around {
    pub archive: &'static str,
    pub pinned: &'static str,
    pub pin: &'static str,
    pub unpin: &'static str,
    pub export: &'static str,
    pub export_json: &'static str,
    pub unread: &'static str,
    pub undo: &'static str,
    pub show: &'static str,
    pub answered: fn(&str) -> String,
    pub not_deleted: &'static str,
    /// From January on.
    pub months: [&'static str; 12],
    pub palette: &'static str,
    pub palette_hint: &'static str,
    pub palette_none: &'static str,
    /// Before a link of an answer is opened.
    pub leave: &'static str,
    pub leave_note: &'static str,
    pub leave_open: &'static str,
    pub a_chat: &'static str,
    pub chat_with: fn(&str) -> String,
    pub shortcuts: &'static str,
    /// The key that commands are given with, as it stands on keyboards.
    pub command_key: &'static str,
    pub toggle_sidebar: &'static str,
    pub copy_answer: &'static str,
    pub copy_code: &'static str,
    pub compose: &'static str,
    pub light: &'static str,
    pub dark: &'static str,
    pub system: &'static str,
    pub titles: &'static str,
    pub titles_note: &'static str,
    pub titles_on: &'static str,
    pub titles_off: &'static str,
    pub switch_on: &'static str,
    pub switch_off: &'static str,
}

impl Errors {
    /// What to call a way out.
    #[must_use]
    pub const fn remedy(&self, remedy: Remedy) -> &'static str {
        match remedy {
            Remedy::FixKey => self.fix_key,
            Remedy::AnotherKey => self.another_key,
            Remedy::AddKey => self.add_key,
            Remedy::AnotherModel => self.another_model,
            Remedy::Settings => self.open_settings,
        }
    }

    /// What an error says: the server's words, which are in the reader's language, but for what never reached the server.
    #[must_use]
    pub fn said(&self, error: &AppError) -> String {
        let english = &Language::English.live().errors;
        let own = [
            (english.unreachable, self.unreachable),
            (english.incomplete, self.incomplete),
            (english.unreadable, self.unreadable),
        ];
        let own = own.into_iter().find(|(said, _)| error.message == *said);
        own.map_or(error.message.as_str(), |(_, own)| own)
            .to_owned()
    }
}

/// What stands beside the chats: the line without a network, what people take with them, where they read on.
#[derive(Debug)]
pub struct Beside {
    pub offline: &'static str,
    pub data: &'static str,
    pub data_note: &'static str,
    pub export: &'static str,
    pub documentation: &'static str,
    pub guide: &'static str,
    pub api: &'static str,
}
