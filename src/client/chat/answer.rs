//! An answer that is being written, or was since the page is open.

use crate::client::dom::{self, find, find_all, toggle_attr, toggle_class};
use crate::client::log;
use crate::client::time::{Timer, after, frame};
use crate::shared::chat::{AnswerView, MessageStatus};
use crate::shared::ids::MessageId;
use crate::shared::prose::RUN;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use web_sys::Element;

/// After so many milliseconds it is said that it takes long.
const SLOW: i32 = 10_000;

/// A part of the text.
struct Block {
    element: Element,
    /// Its HTML as the server told it.
    html: String,
    /// Whether that is known: of what came with the page it is not, until it is told again.
    known: bool,
}

/// An answer with its element.
pub struct Answer {
    /// All of it.
    pub article: Element,
    id: RefCell<MessageId>,
    status: Cell<MessageStatus>,
    prose: Element,
    blocks: RefCell<Vec<Block>>,
    /// The blocks that are to be painted.
    due: RefCell<Vec<usize>>,
    framed: Cell<bool>,
    /// The reasoning, which is shown once there is any.
    fold: Option<Element>,
    /// Whether all of it is told anew.
    again: Cell<bool>,
    foot: RefCell<String>,
    slow: RefCell<Option<Timer>>,
}

/// What the person just wrote, until the server has it.
#[must_use]
pub fn question(text: &str) -> Option<Element> {
    let question = dom::template("question")?;
    find(&question, ".plain")?.set_text_content(Some(text));
    Some(question)
}

/// Says after a while that it takes long, and what can be done, where an answer is waited for.
#[must_use]
pub fn once_slow(waiting: &Element) -> Option<Timer> {
    let said = find(waiting, ".slow")?;
    Some(after(SLOW, move || toggle_attr(&said, "hidden", false)))
}

fn div(class: &str) -> Option<Element> {
    let element = dom::document()?.create_element("div").ok()?;
    element.set_class_name(class);
    Some(element)
}

/// An answer of which nothing is known.
#[must_use]
pub fn blank() -> Option<Element> {
    let article = dom::template("live-answer")?;
    find(&article, ".thought")?.remove();
    Some(article)
}

impl Answer {
    /// The answer that the server printed, if it goes on.
    #[must_use]
    pub fn printed(article: Element) -> Option<Rc<Self>> {
        let id = article
            .class_list()
            .contains("live")
            .then(|| log::id_of(&article));
        Self::of(article, id??, MessageStatus::Streaming)
    }

    /// An answer as the server tells it.
    #[must_use]
    pub fn new(view: AnswerView) -> Option<Rc<Self>> {
        let answer = Self::sketch(view.id.clone())?;
        answer.settle(view);
        Some(answer)
    }

    /// An answer that the server does not know yet.
    #[must_use]
    pub fn sketch(id: MessageId) -> Option<Rc<Self>> {
        let article = blank()?;
        article.set_id(&["m-", id.as_str()].concat());
        Self::of(article, id, MessageStatus::Pending)
    }

    fn of(article: Element, id: MessageId, status: MessageStatus) -> Option<Rc<Self>> {
        let prose = find(&article, ":scope > .prose")?;
        let blocks = find_all(&prose, ":scope > .run > .block").into_iter();
        let blocks = blocks.map(|element| Block {
            element,
            html: String::new(),
            known: false,
        });
        let fold = find(&article, ":scope > .thought");
        let fold = fold.or_else(|| find(&dom::template("live-answer")?, ".thought"));
        let answer = Rc::new(Self {
            id: RefCell::new(id),
            status: Cell::new(status),
            blocks: RefCell::new(blocks.collect()),
            prose,
            due: RefCell::default(),
            framed: Cell::new(false),
            fold,
            again: Cell::new(false),
            foot: RefCell::default(),
            slow: RefCell::default(),
            article,
        });
        answer.slow.replace(once_slow(&answer.article));
        Some(answer)
    }

    /// The id that the server knows it by.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.id.borrow().clone()
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> MessageStatus {
        self.status.get()
    }

    /// Everything is told again from here on. What stands is written over, so that nothing flickers.
    pub fn reset(&self) {
        self.again.set(true);
    }

    /// Takes the answer as it is stored, painting only what differs.
    pub fn settle(&self, view: AnswerView) {
        let due = self.due.take();
        let before = self.blocks.borrow().len();
        for (index, html) in view.blocks.iter().enumerate() {
            self.block(index);
            let mut blocks = self.blocks.borrow_mut();
            let Some(block) = blocks.get_mut(index) else {
                break;
            };
            if block.html != *html || due.contains(&index) || !block.known {
                block.html.clone_from(html);
                block.paint();
            }
        }
        if view.blocks.len() < before {
            for block in self.blocks.borrow_mut().drain(view.blocks.len()..) {
                block.element.remove();
            }
            for run in find_all(&self.prose, ":scope > .run:empty") {
                run.remove();
            }
        }
        self.reason(view.reasoning.as_deref().unwrap_or_default());
        self.thought(&view.thought);
        if *self.foot.borrow() != view.foot
            && let Some(below) = find(&self.article, ".below")
        {
            below.set_inner_html(&view.foot);
            self.foot.replace(view.foot.clone());
        }
        self.stand(&view);
    }

    /// Takes where it stands.
    fn stand(&self, view: &AnswerView) {
        let over = view.status.is_final();
        self.id.replace(view.id.clone());
        self.status.set(view.status);
        let article = &self.article;
        article.set_id(&["m-", view.id.as_str()].concat());
        toggle_class(article, "live", !over);
        if let Some(model) = &view.model {
            _ = article.set_attribute("aria-label", model.as_str());
        }
        if over {
            let (which, of) = view.sibling;
            let sibling = [&which.to_string(), "/", &of.to_string()].concat();
            _ = article.set_attribute("data-sibling", &sibling);
            toggle_attr(article, "aria-busy", false);
            if let Some(note) = find(article, ".live-note") {
                note.remove();
            }
        }
        if over || !view.blocks.is_empty() || view.reasoning.is_some() {
            self.begun();
        }
    }

    /// Takes a change of a block. Says whether it is one: what is told again is the same.
    pub fn patch(self: &Rc<Self>, index: usize, at: usize, html: &str) -> bool {
        self.block(index);
        let mut blocks = self.blocks.borrow_mut();
        let Some(block) = blocks.get_mut(index) else {
            return false;
        };
        let same = at == 0 && block.known && block.html == html;
        let new = !same && block.html.is_char_boundary(at);
        if new {
            block.html.truncate(at);
            block.html.push_str(html);
            drop(blocks);
            self.paint_soon(index);
        }
        self.begun();
        new
    }

    /// Makes sure that there is such a block. One that was skipped is empty: its place is kept.
    fn block(&self, index: usize) {
        let mut blocks = self.blocks.borrow_mut();
        while blocks.len() <= index {
            let (Some(run), Some(element)) = (self.run(blocks.len()), div("block")) else {
                return;
            };
            _ = run.append_child(&element);
            blocks.push(Block {
                element,
                html: String::new(),
                known: true,
            });
        }
    }

    /// The run that the next block goes into, of so many that there are.
    fn run(&self, blocks: usize) -> Option<Element> {
        if !blocks.is_multiple_of(RUN) {
            return self.prose.last_element_child();
        }
        let run = div("run")?;
        _ = self.prose.append_child(&run);
        Some(run)
    }

    /// Paints a block with the next frame, once however much comes until then. A hidden tab has no frames.
    fn paint_soon(self: &Rc<Self>, index: usize) {
        let mut due = self.due.borrow_mut();
        if !due.contains(&index) {
            due.push(index);
        }
        drop(due);
        if !dom::visible() {
            self.paint();
        } else if !self.framed.replace(true) {
            let answer = Rc::downgrade(self);
            frame(move || {
                if let Some(answer) = answer.upgrade() {
                    answer.framed.set(false);
                    answer.paint();
                }
            });
        }
    }

    fn paint(&self) {
        for index in self.due.take() {
            if let Some(block) = self.blocks.borrow_mut().get_mut(index) {
                block.paint();
            }
        }
    }

    /// Takes more reasoning, or all of it after a reset.
    pub fn think(&self, text: &str) {
        if self.again.replace(false) {
            self.reason(text);
        } else if let Some(words) = self.reasoning() {
            _ = words.append_with_str_1(text);
        }
        self.begun();
    }

    /// Takes all of the reasoning.
    fn reason(&self, text: &str) {
        if text.is_empty() {
            if let Some(fold) = &self.fold {
                fold.remove();
            }
        } else if let Some(words) = self.reasoning() {
            if words.text_content().as_deref() == Some(text) {
                words.normalize();
            } else {
                words.set_text_content(Some(text));
            }
        }
    }

    /// Where the reasoning is shown, which it is from now on.
    fn reasoning(&self) -> Option<Element> {
        let fold = self.fold.as_ref()?;
        if fold.parent_node().as_ref() != Some(self.article.as_ref()) {
            _ = self.article.insert_before(fold, Some(&self.prose));
        }
        find(fold, ".plain")
    }

    /// Takes what the fold of the reasoning is called.
    pub fn thought(&self, name: &str) {
        if let Some(summary) = self.fold.as_ref().and_then(|fold| find(fold, "summary")) {
            summary.set_text_content(Some(name));
        }
    }

    /// There is something to see.
    fn begun(&self) {
        if self.status.get() == MessageStatus::Pending {
            self.status.set(MessageStatus::Streaming);
        }
        if self.slow.take().is_some()
            && let Some(line) = find(&self.article, ".waiting")
        {
            line.remove();
        }
    }
}

impl Block {
    /// Shows what is known by now. What came with the page is left alone if it says the same: so is what is marked in it.
    fn paint(&mut self) {
        let known = std::mem::replace(&mut self.known, true);
        if known || !self.says(&self.html) {
            self.element.set_inner_html(&self.html);
        }
    }

    /// Whether its element is made of this, however that is written.
    fn says(&self, html: &str) -> bool {
        let holder = dom::document().and_then(|document| document.create_element("template").ok());
        holder.is_some_and(|holder| {
            holder.set_inner_html(html);
            holder.inner_html() == self.element.inner_html()
        })
    }
}
