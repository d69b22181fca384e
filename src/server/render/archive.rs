//! The archived chats as HTML: a line each, with plain forms for what can be done. Works without script.

use super::markup::Html;
use crate::shared::chat::{Thread, ThreadPage};
use crate::shared::words::printed::Archive;

/// The list.
#[must_use]
pub fn list(page: &ThreadPage, words: &Archive) -> String {
    let mut html = Html::default();
    if page.threads.is_empty() {
        html.raw(r#"<p class="muted">"#)
            .text(words.empty)
            .raw("</p>");
    } else {
        html.raw(r#"<ul class="archive">"#);
        for thread in &page.threads {
            line(&mut html, thread, words);
        }
        html.raw("</ul>");
    }
    if let Some(cursor) = &page.next_cursor {
        html.raw(r#"<p><a class="button quiet" href="/archive?from="#)
            .text(cursor)
            .raw(r#"">"#)
            .text(words.older)
            .raw("</a></p>");
    }
    html.0
}

fn line(html: &mut Html, thread: &Thread, words: &Archive) {
    // Its name: when the line above goes, the page must not take this one for it, with what is unfolded there.
    html.raw(r#"<li class="card" data-id=""#)
        .text(thread.id.as_str())
        .raw(r#""><div><a class="strong" href="/chat/"#)
        .text(thread.id.as_str())
        .raw(r#"">"#)
        .text(thread.name())
        .raw(r#"</a><p class="muted small">"#)
        .text(thread.model.as_str())
        .raw(" · ")
        .text(&thread.updated_at.day())
        .raw("</p></div>");
    form(html, thread, "/fn/threads/restore", |html| {
        html.raw(r#"<button type="submit" class="button small">"#)
            .text(words.bring_back)
            .raw("</button>");
    });
    html.raw(r#"<details class="confirm"><summary class="button quiet small">"#)
        .text(words.delete_ask)
        .raw("</summary>");
    form(html, thread, "/fn/threads/delete", |html| {
        html.raw(r#"<input type="hidden" name="archived" value="true">"#)
            .raw(r#"<button type="submit" class="button danger small">"#)
            .text(words.delete_for_good)
            .raw("</button>");
    });
    html.raw("</details></li>");
}

fn form(html: &mut Html, thread: &Thread, action: &str, rest: impl FnOnce(&mut Html)) {
    html.raw(r#"<form method="post" action=""#)
        .raw(action)
        .raw(r#""><input type="hidden" name="id" value=""#)
        .text(thread.id.as_str())
        .raw(r#"">"#);
    rest(html);
    html.raw("</form>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::chat::{ChatSettings, ThreadStatus};
    use crate::shared::time::Timestamp;
    use crate::shared::words::Language;

    #[test]
    fn a_title_is_text_and_a_page_without_chats_says_so() {
        let thread = Thread {
            id: "t1".parse().expect("an id"),
            title: "<b>\"Mine\"</b>".to_owned(),
            provider: "openai".parse().expect("an id"),
            model: "gpt".parse().expect("an id"),
            system_prompt: None,
            settings: ChatSettings::default(),
            status: ThreadStatus::Archived,
            private: false,
            pool_fallback: false,
            pinned: false,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        };
        let words = &Language::English.printed().archive;
        let page = ThreadPage {
            threads: vec![thread],
            next_cursor: Some("0_t1".to_owned()),
            pinned: Vec::new(),
        };
        let html = list(&page, words);
        assert!(
            html.contains("&lt;b&gt;&quot;Mine&quot;&lt;/b&gt;"),
            "{html}"
        );
        assert!(html.contains(r#"href="/archive?from=0_t1""#), "{html}");
        assert_eq!(html.matches("<form").count(), 2);
        assert!(html.contains(r#"<li class="card" data-id="t1">"#), "{html}");
        let empty = list(&ThreadPage::default(), words);
        assert!(empty.contains(words.empty), "{empty}");
    }
}
