//! OpenAI Responses.

mod ask;

use serde_json::{Map, Value, json};

use super::{
    openai::{self, CREATED},
    script::Finish,
    trouble::Trouble,
    wire::{Answer, Dialect, Tally, event},
};

pub(super) use ask::{ask, check};

const REFUSAL: &str = "I'm sorry, but I can't help with that.";

#[derive(Default, PartialEq, Eq, Clone, Copy)]
enum Item {
    #[default]
    None,
    Reasoning,
    Message,
}

/// Spells one answer.
#[derive(Default)]
pub(super) struct Responses {
    serial: u64,
    model: String,
    request: Map<String, Value>,
    encrypted: bool,
    sequence: u64,
    opened: bool,
    item: Item,
    said: String,
    output: Vec<Value>,
}

impl Responses {
    fn event(&mut self, kind: &str, mut data: Value) -> String {
        if let Some(object) = data.as_object_mut() {
            object.insert("type".into(), kind.into());
            object.insert("sequence_number".into(), self.sequence.into());
        }
        self.sequence += 1;
        event(Some(kind), &data)
    }

    fn response(&self, status: &str, extra: Value) -> Value {
        let echo = |name: &str, default: Value| self.request.get(name).cloned().unwrap_or(default);
        let mut response = json!({
            "id": format!("resp_Sim{:06}", self.serial),
            "object": "response",
            "created_at": CREATED,
            "status": status,
            "background": false,
            "error": null,
            "incomplete_details": null,
            "instructions": echo("instructions", Value::Null),
            "max_output_tokens": echo("max_output_tokens", Value::Null),
            "model": self.model,
            "output": self.output,
            "parallel_tool_calls": true,
            "previous_response_id": null,
            "reasoning": echo("reasoning", json!({"effort": null, "summary": null})),
            "service_tier": "default",
            "store": echo("store", json!(true)),
            "temperature": echo("temperature", json!(1.0)),
            "text": echo("text", json!({"format": {"type": "text"}, "verbosity": "medium"})),
            "tool_choice": "auto",
            "tools": echo("tools", json!([])),
            "top_p": echo("top_p", json!(1.0)),
            "truncation": "disabled",
            "usage": null,
            "user": null,
            "metadata": echo("metadata", json!({})),
        });
        if let (Some(response), Value::Object(extra)) = (response.as_object_mut(), extra) {
            response.extend(extra);
        }
        response
    }

    fn id(&self) -> String {
        let head = match self.item {
            Item::Reasoning => "rs",
            _ => "msg",
        };
        format!("{head}_Sim{:06}", self.serial)
    }

    fn index(&self) -> usize {
        self.output.len()
    }

    fn reasoning_item(&self, text: &str) -> Value {
        let summary = match text {
            "" => json!([]),
            text => json!([{"type": "summary_text", "text": text}]),
        };
        let mut item = json!({"id": format!("rs_Sim{:06}", self.serial), "type": "reasoning", "summary": summary});
        if let Some(object) = item.as_object_mut().filter(|_| self.encrypted) {
            object.insert("encrypted_content".into(), "gAAAAABsimulated".into());
        }
        item
    }

    fn message_item(&self, status: &str, content: Value) -> Value {
        json!({
            "id": format!("msg_Sim{:06}", self.serial),
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        })
    }

    /// Ends the item in progress and begins the wanted one, unless it is there already.
    fn enter(&mut self, item: Item) -> String {
        if self.item == item {
            return String::new();
        }
        let mut out = self.leave("completed");
        self.item = item;
        let (id, index) = (self.id(), self.index());
        match item {
            Item::None => {}
            Item::Reasoning => {
                let item = self.reasoning_item("");
                out += &self.event(
                    "response.output_item.added",
                    json!({"output_index": index, "item": item}),
                );
                out += &self.event(
                    "response.reasoning_summary_part.added",
                    json!({"item_id": id, "output_index": index, "summary_index": 0, "part": {"type": "summary_text", "text": ""}}),
                );
            }
            Item::Message => {
                let item = self.message_item("in_progress", json!([]));
                out += &self.event(
                    "response.output_item.added",
                    json!({"output_index": index, "item": item}),
                );
                let part = output_text("");
                out += &self.event(
                    "response.content_part.added",
                    json!({"item_id": id, "output_index": index, "content_index": 0, "part": part}),
                );
            }
        }
        out
    }

    fn leave(&mut self, status: &str) -> String {
        let (id, index) = (self.id(), self.index());
        let said = std::mem::take(&mut self.said);
        let mut out = String::new();
        let done = match self.item {
            Item::None => return out,
            Item::Reasoning => {
                let at =
                    json!({"item_id": id, "output_index": index, "summary_index": 0, "text": said});
                out += &self.event("response.reasoning_summary_text.done", at);
                let part = json!({"type": "summary_text", "text": said});
                let at =
                    json!({"item_id": id, "output_index": index, "summary_index": 0, "part": part});
                out += &self.event("response.reasoning_summary_part.done", at);
                self.reasoning_item(&said)
            }
            Item::Message => {
                let at = json!({"item_id": id, "output_index": index, "content_index": 0, "text": said, "logprobs": []});
                out += &self.event("response.output_text.done", at);
                let part = output_text(&said);
                let at =
                    json!({"item_id": id, "output_index": index, "content_index": 0, "part": part});
                out += &self.event("response.content_part.done", at);
                self.message_item(status, json!([output_text(&said)]))
            }
        };
        out += &self.event(
            "response.output_item.done",
            json!({"output_index": index, "item": done}),
        );
        self.output.push(done);
        self.item = Item::None;
        out
    }

    fn refuse(&mut self) -> String {
        let (id, index) = (format!("msg_Sim{:06}", self.serial), self.index());
        let part = |text: &str| json!({"type": "refusal", "refusal": text});
        let item = self.message_item("in_progress", json!([]));
        let mut out = self.event(
            "response.output_item.added",
            json!({"output_index": index, "item": item}),
        );
        let at = |key: &str, value: Value| {
            let mut at = json!({"item_id": id, "output_index": index, "content_index": 0});
            if let Some(object) = at.as_object_mut() {
                object.insert(key.to_owned(), value);
            }
            at
        };
        out += &self.event("response.content_part.added", at("part", part("")));
        out += &self.event("response.refusal.delta", at("delta", REFUSAL.into()));
        out += &self.event("response.refusal.done", at("refusal", REFUSAL.into()));
        out += &self.event("response.content_part.done", at("part", part(REFUSAL)));
        let item = self.message_item("completed", json!([part(REFUSAL)]));
        out += &self.event(
            "response.output_item.done",
            json!({"output_index": index, "item": item}),
        );
        self.output.push(item);
        out
    }
}

fn output_text(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn usage(tally: &Tally) -> Value {
    if !tally.told {
        return Value::Null;
    }
    let output = tally.output() + tally.thought();
    json!({
        "input_tokens": tally.input(),
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": tally.thought()},
        "total_tokens": tally.input() + output,
    })
}

/// Status, and the reason where it is incomplete.
fn status(finish: Finish) -> (&'static str, Value) {
    match finish {
        Finish::Stop | Finish::Refused => ("completed", Value::Null),
        Finish::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
        Finish::Filtered => ("incomplete", json!({"reason": "content_filter"})),
    }
}

impl Dialect for Responses {
    fn open(&mut self, _: &Tally) -> String {
        self.opened = true;
        let response = self.response("in_progress", Value::Null);
        let created = self.event("response.created", json!({"response": response}));
        created + &self.event("response.in_progress", json!({"response": response}))
    }

    fn text(&mut self, piece: &str, _: &Tally) -> String {
        let out = self.enter(Item::Message);
        self.said.push_str(piece);
        let (id, index) = (self.id(), self.index());
        out + &self.event(
            "response.output_text.delta",
            json!({"item_id": id, "output_index": index, "content_index": 0, "delta": piece, "logprobs": [], "obfuscation": "sIm0"}),
        )
    }

    fn reasoning(&mut self, piece: &str, _: &Tally) -> String {
        let out = self.enter(Item::Reasoning);
        self.said.push_str(piece);
        let (id, index) = (self.id(), self.index());
        out + &self.event(
            "response.reasoning_summary_text.delta",
            json!({"item_id": id, "output_index": index, "summary_index": 0, "delta": piece}),
        )
    }

    fn noise(&mut self, _: &Tally) -> String {
        let unknown = self.event(
            "response.dream.delta",
            json!({"delta": "not for you", "item_id": "dream_1"}),
        );
        let execute = event(
            Some("execute"),
            &json!({"type": "execute", "code": "window.__pwned=1"}),
        );
        [
            ": keep-alive\n\n",
            &unknown,
            &execute,
            "event: ping\n\n",
            "retry: 1\n\n",
        ]
        .concat()
    }

    fn finish(&mut self, finish: Finish, tally: &Tally) -> String {
        let (status, details) = status(finish);
        let mut out = self.leave(status);
        if finish == Finish::Refused {
            out += &self.refuse();
        }
        let response = self.response(
            status,
            json!({"incomplete_details": details, "usage": usage(tally)}),
        );
        out + &self.event(&format!("response.{status}"), json!({"response": response}))
    }

    /// The shape of recorded traffic: the error in an object of its own, then `response.failed`.
    fn fail(&mut self, trouble: &Trouble, tally: &Tally) -> String {
        let mut out = if self.opened {
            String::new()
        } else {
            self.open(tally)
        };
        let body = openai::spell(trouble).body;
        let error = body.get("error").cloned().unwrap_or_default();
        out += &self.event("error", json!({"error": error}));
        let code = error.get("code").filter(|code| code.is_string());
        let code = code.cloned().unwrap_or_else(|| "server_error".into());
        let message = error.get("message").cloned().unwrap_or_default();
        let response = self.response(
            "failed",
            json!({"error": {"code": code, "message": message}}),
        );
        out + &self.event("response.failed", json!({"response": response}))
    }

    fn whole(&mut self, answer: &Answer, tally: &Tally) -> Value {
        let (status, details) = status(answer.finish);
        if !answer.reasoning.is_empty() {
            self.output.push(self.reasoning_item(&answer.reasoning));
        }
        let content = match answer.finish {
            Finish::Refused => json!([{"type": "refusal", "refusal": REFUSAL}]),
            _ => json!([output_text(&answer.text)]),
        };
        self.output.push(self.message_item(status, content));
        self.response(
            status,
            json!({"incomplete_details": details, "usage": usage(tally)}),
        )
    }
}
