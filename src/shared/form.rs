//! Arguments as a form posts them: how the browser calls what a plain form can call, too.

use super::account::Theme;
use super::chat::{ChatSettings, ReasoningEffort};
use super::ids::{ClientRequestId, KeyId, MessageId, ModelId, ProviderId, ThreadId};
use super::model::Choice;
use std::collections::HashMap;
use std::fmt::Write as _;

/// The body of a form, `application/x-www-form-urlencoded`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(String);

impl Form {
    /// Adds a field.
    pub fn put(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(&mut self.0, name);
        self.0.push('=');
        encode(&mut self.0, value);
    }

    /// The same with an argument more.
    #[must_use]
    pub fn with(mut self, name: &str, argument: &impl Argument) -> Self {
        argument.put(name, &mut self);
        self
    }

    /// The text of it.
    #[must_use]
    pub fn into_text(self) -> String {
        self.0
    }
}

fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            out.push(char::from(byte));
        } else {
            _ = write!(out, "%{byte:02X}");
        }
    }
}

/// What can be an argument.
pub trait Argument {
    /// Adds it under its name; what is absent adds nothing.
    fn put(&self, name: &str, form: &mut Form);
}

impl Argument for String {
    fn put(&self, name: &str, form: &mut Form) {
        form.put(name, self);
    }
}

impl<T: Argument> Argument for Option<T> {
    fn put(&self, name: &str, form: &mut Form) {
        if let Some(value) = self {
            value.put(name, form);
        }
    }
}

impl Argument for Vec<String> {
    fn put(&self, name: &str, form: &mut Form) {
        for (index, value) in self.iter().enumerate() {
            form.put(&format!("{name}[{index}]"), value);
        }
    }
}

impl Argument for HashMap<String, String> {
    fn put(&self, name: &str, form: &mut Form) {
        for (key, value) in self {
            form.put(&format!("{name}[{key}]"), value);
        }
    }
}

impl Argument for ChatSettings {
    fn put(&self, name: &str, form: &mut Form) {
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                form.put(&format!("{name}[{key}]"), &value);
            }
        };
        // As JSON spells it: the text of a number is in the wasm for that already.
        let number = |n: Option<f64>| n.and_then(|n| serde_json::to_string(&n).ok());
        put("temperature", number(self.temperature));
        put("maxTokens", self.max_tokens.map(|n| n.to_string()));
        put("topP", number(self.top_p));
        let effort = self
            .reasoning_effort
            .map(|effort| effort.as_str().to_owned());
        put("reasoningEffort", effort);
    }
}

macro_rules! by_text {
    ($($kind:ty)*) => {$(
        impl Argument for $kind {
            fn put(&self, name: &str, form: &mut Form) {
                form.put(name, &self.to_string());
            }
        }
    )*};
}

macro_rules! by_word {
    ($($kind:ty)*) => {$(
        impl Argument for $kind {
            fn put(&self, name: &str, form: &mut Form) {
                form.put(name, self.as_str());
            }
        }
    )*};
}

by_text! { bool u32 i64 Choice }
by_word! { ClientRequestId KeyId MessageId ModelId ProviderId ReasoningEffort ThreadId Theme }

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &impl Argument) -> String {
        Form::default().with("x", value).into_text()
    }

    #[test]
    fn every_kind_of_argument_is_a_field_of_its_name() {
        assert_eq!(text(&"a b&c=ü\n".to_owned()), "x=a%20b%26c%3D%C3%BC%0A");
        assert_eq!(text(&true), "x=true");
        assert_eq!(text(&Some(7_i64)), "x=7");
        assert_eq!(text(&None::<String>), "");
        let two = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(text(&two), "x%5B0%5D=a&x%5B1%5D=b");
        let keys = HashMap::from([("key".to_owned(), "s k".to_owned())]);
        assert_eq!(text(&keys), "x%5Bkey%5D=s%20k");
        let settings = ChatSettings {
            temperature: Some(0.5),
            max_tokens: Some(9),
            top_p: None,
            reasoning_effort: Some(ReasoningEffort::Low),
        };
        assert_eq!(
            text(&settings),
            "x%5Btemperature%5D=0.5&x%5BmaxTokens%5D=9&x%5BreasoningEffort%5D=low"
        );
        assert_eq!(text(&ChatSettings::default()), "");
    }

    #[test]
    fn fields_stand_in_their_order() {
        let form = Form::default().with("a", &1_u32).with("b", &true);
        assert_eq!(form.into_text(), "a=1&b=true");
    }
}
