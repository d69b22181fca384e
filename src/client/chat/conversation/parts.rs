//! What the messages stand in: parts, one after the other, between the ways to more of them. A part is a message by itself,
//! or messages that have ended.

use super::Conversation;
use crate::client::dom::{self, find};
use crate::client::{log, words};
use crate::shared::chat::Finished;
use crate::shared::ids::MessageId;
use std::rc::Rc;
use web_sys::Element;

/// What was taken out, to be put back when it was not to be.
pub(super) struct Cut {
    /// Messages of a part that stayed.
    messages: Vec<Element>,
    part: Option<Element>,
    /// Whole parts.
    parts: Vec<Element>,
}

/// A part with messages that have ended; none when there are none.
pub(super) fn finished(messages: &[Finished]) -> Option<Element> {
    messages.first()?;
    let part = dom::document()?.create_element("div").ok()?;
    part.set_class_name("finished");
    _ = part.set_attribute("data-part", "");
    let html: String = messages.iter().map(|message| &*message.html).collect();
    part.set_inner_html(&html);
    Some(part)
}

/// A message as the document tells of it.
pub(super) fn known(message: &Finished) -> log::Known {
    let (which, of) = message.sibling;
    log::Known {
        id: message.id.clone(),
        sibling: [&which.to_string(), "/", &of.to_string()].concat(),
    }
}

fn is_part(element: &Element) -> bool {
    element.has_attribute("data-part")
}

impl Conversation {
    /// The last part.
    pub(super) fn last_part(&self) -> Option<Element> {
        let mut last = self.root.last_element_child();
        while let Some(other) = last.take_if(|last| !is_part(last)) {
            last = other.previous_element_sibling();
        }
        last
    }

    /// Puts a part at the end.
    pub(super) fn append(self: &Rc<Self>, part: &Element) {
        let last = self.last_part();
        if last.as_ref() == Some(part) {
            return;
        }
        let next = match last {
            Some(last) => last.next_sibling(),
            // Before the way to later messages, or what a screen reader is told.
            None => find(
                &self.root,
                ":scope > :is(.more:not([href^=\"?before\"]), [role=status])",
            )
            .map(Into::into),
        };
        _ = self.root.insert_before(part, next.as_ref());
        self.changed_parts();
    }

    /// Puts messages at the end, or before a part.
    pub(super) fn add(self: &Rc<Self>, messages: &[Finished], before: Option<&Element>) {
        let Some(part) = finished(messages) else {
            return;
        };
        match before.filter(|before| before.parent_node().as_ref() == Some(self.root.as_ref())) {
            Some(before) => {
                _ = self.root.insert_before(&part, Some(before));
                self.changed_parts();
            }
            None => self.append(&part),
        }
    }

    /// Puts messages before all others.
    pub(super) fn add_before(self: &Rc<Self>, messages: &[Finished]) {
        let first = find(&self.root, ":scope > [data-part]");
        self.add(messages, first.as_ref());
    }

    /// Takes all parts away but one.
    pub(super) fn clear(&self, but: Option<&Element>) {
        self.generation.set(self.generation.get() + 1);
        for part in dom::find_all(&self.root, ":scope > [data-part]") {
            if Some(&part) != but {
                part.remove();
            }
        }
    }

    /// Takes a message and all that follows it away, but for one part.
    pub(super) fn cut(&self, from: &MessageId, but: Option<&Element>) -> Option<Cut> {
        let message = log::element(from)?;
        let part = message.closest("[data-part]").ok()??;
        if !self.root.contains(Some(&part)) {
            return None;
        }
        let whole = part == message;
        let from_here = |first: Option<Element>| {
            let mut found = Vec::new();
            let mut next = first;
            while let Some(element) = next {
                next = element.next_element_sibling();
                found.push(element);
            }
            found
        };
        let first = if whole {
            Some(part.clone())
        } else {
            part.next_element_sibling()
        };
        let mut parts = from_here(first);
        parts.retain(|part| is_part(part) && Some(part) != but);
        let messages = if whole {
            Vec::new()
        } else {
            from_here(Some(message))
        };
        for element in messages.iter().chain(&parts) {
            element.remove();
        }
        Some(Cut {
            messages,
            part: (!whole).then_some(part),
            parts,
        })
    }

    /// Puts back what was taken away, exactly as it was.
    pub(super) fn bring_back(self: &Rc<Self>, cut: Option<Cut>) {
        let Some(cut) = cut else { return };
        for message in &cut.messages {
            _ = cut.part.as_ref().map(|part| part.append_child(message));
        }
        for part in &cut.parts {
            self.append(part);
        }
    }

    /// Notes what to ask the messages before these with, and shows the way there.
    pub(super) fn set_earlier(self: &Rc<Self>, depth: Option<i64>) {
        self.earlier.set(depth);
        self.lead("?before=", depth, words().chat.show_earlier);
        self.look_soon();
    }

    /// Notes what to ask the messages after these with, and shows the way there.
    pub(super) fn set_later(self: &Rc<Self>, depth: Option<i64>) {
        self.later.set(depth);
        self.lead("?after=", depth, words().chat.show_later);
        if let Some(log) = &self.log {
            dom::toggle_attr(log, "data-later", depth.is_some());
        }
        self.look_soon();
    }

    fn lead(&self, query: &str, depth: Option<i64>, words: &str) {
        let known = [":scope > .more[href^=\"", query, "\"]"].concat();
        let known = find(&self.root, &known);
        let (Some(_), Some(depth)) = (&self.log, depth) else {
            if let Some(known) = known {
                known.remove();
            }
            return;
        };
        let link = known.or_else(|| {
            let link = dom::document()?.create_element("a").ok()?;
            link.set_class_name("button quiet more");
            link.set_text_content(Some(words));
            let first = (query == "?before=").then(|| self.root.first_child());
            _ = self.root.insert_before(&link, first.flatten().as_ref());
            Some(link)
        });
        if let Some(link) = link {
            _ = link.set_attribute("href", &[query, &depth.to_string()].concat());
        }
    }
}
