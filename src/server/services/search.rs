//! Search over what a person and the models said.

use super::{NOT_STORABLE, Result, ServiceError, Services, storable};
use crate::server::services::threads::{cursor_of, from_cursor};
use crate::server::store::search;
use crate::server::store::words::Words;
use crate::shared::chat::{FoundPage, FoundThread, SnippetPart, ThreadStatus};
use crate::shared::ids::UserId;

/// Characters of a snippet before its first hit.
const BEFORE: usize = 40;
/// Characters of a snippet.
const LENGTH: usize = 160;

impl Services {
    /// A page of this person's threads that have all words of `search` in their title or in one message, newest activity
    /// first. The last word may be the beginning of one. Private threads are never found.
    ///
    /// # Errors
    /// `Validation` when the cursor is not one that an earlier page gave, or the text has what no text may have.
    pub async fn search(
        &self,
        user: &UserId,
        status: ThreadStatus,
        search: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<FoundPage> {
        if !storable(search) {
            return Err(ServiceError::field("q", NOT_STORABLE));
        }
        let from = cursor.map(from_cursor).transpose()?;
        let Some(words) = Words::of(search) else {
            return Ok(FoundPage::default());
        };
        if let Err(error) = search::index_unspaced(&self.0.db).await {
            tracing::warn!(%error, "texts wait for the index of the search");
        }
        let one_more = i64::from(limit) + 1;
        let mut found = search::find(&self.0.db, user, status, &words, from, one_more).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let last = found.last().filter(|_| more);
        let next_cursor = last.map(|last| cursor_of(&last.thread));
        let threads = found.into_iter().map(|found| {
            let (message_id, said) = found.message.unzip();
            FoundThread {
                snippet: snippet(&words, said.as_deref().unwrap_or(&found.thread.title)),
                message_id,
                thread: found.thread,
            }
        });
        Ok(FoundPage {
            threads: threads.collect(),
            next_cursor,
        })
    }
}

/// The text around its first hit.
fn snippet(words: &Words, text: &str) -> Vec<SnippetPart> {
    let places = words.places_in(text);
    let first = places.first().map_or(0, |place| place.start);
    let before = text[..first].char_indices().rev().take(BEFORE).last();
    let begin = before.map_or(first, |(at, _)| at);
    let end = text[begin..]
        .char_indices()
        .nth(LENGTH)
        .map_or(text.len(), |(at, _)| begin + at);
    let mut parts: Vec<SnippetPart> = Vec::new();
    let mut add = |text: &str, hit: bool| {
        if !text.is_empty() {
            let text = text.to_owned();
            parts.push(SnippetPart { text, hit });
        }
    };
    if begin > 0 {
        add("…", false);
    }
    let mut at = begin;
    for place in places.into_iter().filter(|place| place.end <= end) {
        add(&text[at..place.start], false);
        add(&text[place.clone()], true);
        at = place.end;
    }
    add(&text[at..end], false);
    if end < text.len() {
        add("…", false);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(typed: &str, text: &str) -> Vec<(String, bool)> {
        let parts = snippet(&Words::of(typed).expect("words"), text);
        parts
            .into_iter()
            .map(|part| (part.text, part.hit))
            .collect()
    }

    fn of(parts: &[(&str, bool)]) -> Vec<(String, bool)> {
        parts
            .iter()
            .map(|(text, hit)| ((*text).to_owned(), *hit))
            .collect()
    }

    #[test]
    fn a_snippet_shows_the_first_hit_and_those_near_it() {
        assert_eq!(
            cut("b", "a <b>B</b>, c"),
            of(&[
                ("a <", false),
                ("b", true),
                (">", false),
                ("B", true),
                ("</", false),
                ("b", true),
                (">, c", false)
            ])
        );
        let long = format!(
            "{}naïve {}naive",
            "é".repeat(500) + " ",
            "ß".repeat(500) + " "
        );
        let parts = cut("naive", &long);
        assert_eq!(parts[2], ("naïve".to_owned(), true));
        assert_eq!(parts.len(), 5, "{parts:?}");
        assert_eq!((parts[0].0.as_str(), parts[4].0.as_str()), ("…", "…"));
        assert_eq!(parts[1].0.chars().count(), BEFORE);
        assert_eq!(
            parts[1..4]
                .iter()
                .map(|(text, _)| text.chars().count())
                .sum::<usize>(),
            LENGTH
        );
        assert_eq!(cut("x", "none of it"), of(&[("none of it", false)]));
        assert_eq!(cut("x", ""), []);
    }
}
