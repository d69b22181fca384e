//! What is asked of the server in an open thread: a message, another answer, other words.

use super::super::answer::{Answer, question};
use super::super::refusal::Again;
use super::super::{composer, editor, sends};
use super::{Conversation, Done, parts};
use crate::api::messages::{edit_message, retry_answer, send_message};
use crate::client::activity::nudge;
use crate::client::time::spawn;
use crate::client::{dom, log, side, words};
use crate::shared::chat::{ReasoningEffort, Sent};
use crate::shared::error::AppError;
use crate::shared::ids::{ClientRequestId, MessageId, ModelId};
use std::pin::Pin;
use std::rc::Rc;
use web_sys::Element;

/// What a send, retry or edit asks of the server.
type Asking = Pin<Box<dyn Future<Output = Result<Sent, AppError>>>>;

impl Conversation {
    /// Sends a message under the name of its send; `done` hears whether it was taken, and `again` tries once more when it was
    /// not. Where the end of the thread is not on the page, it is shown first.
    pub fn send(self: &Rc<Self>, name: String, text: String, again: Again, done: Done) {
        if self.later.get().is_none() {
            return self.say(&name, text, again, done);
        }
        let own = Rc::clone(self);
        spawn(async move {
            match own.show_end().await {
                Ok(()) => own.say(&name, text, again, done),
                Err(error) => {
                    done(false);
                    own.refused(Some(error));
                }
            }
        });
    }

    /// Asks a model to go on where its answer was ended.
    pub fn go_on(self: &Rc<Self>) {
        let place = ["go-on:", self.id().as_str()].concat();
        let text = words().chat.go_on;
        let name = sends::name(&place, "", text);
        let own = Rc::clone(self);
        let again = Rc::new(move || own.go_on());
        self.send(name, text.to_owned(), again, sends::done(place));
    }

    fn say(self: &Rc<Self>, name: &str, text: String, again: Again, done: Done) {
        let thread = self.id();
        let said = text.clone();
        let ask = move |request| -> Asking { Box::pin(send_message(thread, said, request)) };
        self.ask(None, Some(&text), name, Box::new(ask), done, Some(again));
    }

    /// Says something else in a message's place, and asks for an answer. The old branch stays on the server.
    pub fn edit(self: &Rc<Self>, message: MessageId, text: String, done: Done) {
        let thread = self.id();
        let name = sends::name(&editor::draft_of(&message), "", &text);
        let (instead, said) = (message.clone(), text.clone());
        let ask =
            move |request| -> Asking { Box::pin(edit_message(thread, message, said, request)) };
        let ask = Box::new(ask);
        self.ask(Some(&instead), Some(&text), &name, ask, done, None);
    }

    /// Asks for another answer in an answer's place, of another model of the provider if one is named, or with another
    /// effort. The old one stays on the server.
    pub fn retry(
        self: &Rc<Self>,
        message: MessageId,
        model: Option<ModelId>,
        effort: Option<ReasoningEffort>,
    ) {
        self.retry_as(&dom::request_id(), message, model, effort);
    }

    /// The same under the name of its ask, which stays the same for as long as it is tried.
    fn retry_as(
        self: &Rc<Self>,
        name: &str,
        message: MessageId,
        model: Option<ModelId>,
        effort: Option<ReasoningEffort>,
    ) {
        let thread = self.id();
        let instead = message.clone();
        let (own, same) = (Rc::clone(self), name.to_owned());
        let (of, on) = (message.clone(), model.clone());
        let again: Again = Rc::new(move || own.retry_as(&same, of.clone(), on.clone(), effort));
        let ask = move |request| -> Asking {
            Box::pin(retry_answer(thread, message, request, model, effort))
        };
        let done = Box::new(|_| ());
        self.ask(Some(&instead), None, name, Box::new(ask), done, Some(again));
    }

    /// Shows at once what is being asked for: from a message on, a new question if there is one and its answer.
    fn ask(
        self: &Rc<Self>,
        instead: Option<&MessageId>,
        text: Option<&str>,
        name: &str,
        ask: Box<dyn FnOnce(ClientRequestId) -> Asking>,
        done: Done,
        again: Option<Again>,
    ) {
        let sketch = [name, "-a"].concat().parse().ok();
        let sketch = sketch.and_then(Answer::sketch);
        let (Some(answer), Ok(id)) = (sketch, name.parse()) else {
            return done(false);
        };
        if self.is_busy() || self.left.get() {
            return done(false);
        }
        let (later, generation) = (self.later.get(), self.generation.get());
        let mut cut = None;
        if let Some(from) = instead {
            // What is said here is the end from now on.
            self.set_later(None);
            cut = self.cut(from, None);
        }
        let sketch = text.and_then(question);
        if let Some(sketch) = &sketch {
            self.append(sketch);
        }
        self.append(&answer.article);
        self.sending.set(true);
        self.run(&answer);
        self.scroll_to_end();
        // What was pressed went with what stood below.
        if self.is_docked() && dom::is_focus_lost() && !dom::is_touch() {
            dom::focus(composer::TEXT);
        }
        let (own, asked) = (Rc::clone(self), ask(id));
        spawn(async move {
            let sent = asked.await;
            own.sending.set(false);
            match sent {
                Ok(_) if own.left.get() => {
                    done(true);
                    nudge();
                    side::renew();
                }
                Ok(sent) => {
                    done(true);
                    own.accepted(&answer, sketch, sent);
                }
                Err(_) if own.left.get() => done(false),
                Err(error) => {
                    let same = own.generation.get() == generation;
                    for part in sketch.iter().chain([&answer.article]) {
                        part.remove();
                    }
                    if same {
                        own.bring_back(cut);
                        own.set_later(later);
                    }
                    own.rest();
                    own.refused_once(Some(error), again);
                    own.say_status(words().chat.not_sent);
                    done(false);
                }
            }
        });
    }

    /// Takes what the server stored in the place of the sketches.
    fn accepted(self: &Rc<Self>, answer: &Rc<Answer>, sketch: Option<Element>, sent: Sent) {
        // The same was taken before, and is shown already.
        let asked = sketch.is_some() && log::element(&sent.question.id).is_some();
        if asked || log::element(&sent.answer.id).is_some() {
            for part in sketch.iter().chain([&answer.article]) {
                part.remove();
            }
            self.rest();
            return self.look_again();
        }
        if let (Some(sketch), Some(question)) = (sketch, parts::finished(&[sent.question])) {
            _ = sketch.replace_with_with_node_1(&question);
        }
        answer.settle(sent.answer);
        nudge();
        side::renew();
        let status = answer.status();
        if status.is_final() {
            self.rest();
            return self.over(status);
        }
        self.follow(answer);
        if self.stopping.get() {
            self.stop();
        }
    }
}
