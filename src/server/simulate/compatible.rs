//! The imitators of Chat Completions, as data: their lists, their doors and their manners.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    routing::{get, post},
};
use http::HeaderMap;
use serde_json::{Value, json};

use super::{
    Shared,
    chat::{self, Manner},
    keys::{Purpose, admit},
    openai,
    routes::{Sim, conclude, json_of, perform},
    script::{MENU, on_menu},
    trouble::{Deny, Trouble},
};

/// An address, and what it says.
type Check = (&'static str, fn() -> Value);

/// One of them.
pub(super) struct Compatible {
    pub(super) manner: &'static Manner,
    /// The path of everything.
    pub(super) base: &'static str,
    /// The list, and what asks for an answer, below it.
    pub(super) list: &'static str,
    pub(super) chat: &'static [&'static str],
    /// The ordinary models, and what is listed beside them.
    pub(super) models: &'static [&'static str],
    pub(super) noise: &'static [&'static str],
    /// A row of the list.
    pub(super) row: fn(&str) -> Value,
    /// The key of a request.
    pub(super) key: fn(&HeaderMap) -> String,
    /// Whether no key is a good key.
    pub(super) keyless: bool,
    /// Whether anybody may read the list.
    pub(super) open: bool,
    /// What tells whether a key is good, and says this.
    pub(super) check: Option<Check>,
}

impl Compatible {
    /// What most of them have in common.
    pub(super) const fn new(manner: &'static Manner, base: &'static str) -> Self {
        Self {
            manner,
            base,
            list: "/models",
            chat: &["/chat/completions"],
            models: &[],
            noise: &[],
            row,
            key: openai::key,
            keyless: false,
            open: false,
            check: None,
        }
    }

    /// Whether the model is an ordinary one.
    pub(super) fn known(&self, model: &str) -> Result<bool, Trouble> {
        if self.models.contains(&model) {
            Ok(true)
        } else if on_menu(model) {
            Ok(false)
        } else {
            Err(Trouble::BadModel(model.to_owned()))
        }
    }

    /// Its addresses.
    pub(super) fn routes(&'static self) -> Router<Arc<Shared>> {
        let list = async move |State(shared): Sim, headers: HeaderMap| {
            let outcome = self.enter(&headers);
            let outcome = outcome.and_then(|()| json_of(Ok(self.list())));
            conclude(&shared, self.manner.provider, outcome).await
        };
        let one = async move |State(shared): Sim, Path(id): Path<String>, headers: HeaderMap| {
            let outcome = self.enter(&headers);
            let outcome = outcome.and_then(|()| json_of(self.one(&id)));
            conclude(&shared, self.manner.provider, outcome).await
        };
        let path = |end: &str| format!("{}{end}", self.base);
        let mut router = Router::new()
            .route(&path(self.list), get(list))
            .route(&path(&format!("{}/{{id}}", self.list)), get(one));
        for end in self.chat {
            let ask = async move |State(shared): Sim, headers: HeaderMap, body: Bytes| {
                let outcome = async {
                    let key = self.admit(&headers, Purpose::Generate)?;
                    let (asked, dialect) = chat::ask(self.manner, &body, key, shared.next())?;
                    perform(&shared, asked, dialect).await
                };
                conclude(&shared, self.manner.provider, outcome.await).await
            };
            router = router.route(&path(end), post(ask));
        }
        if let Some((end, said)) = self.check {
            let check = async move |State(shared): Sim, headers: HeaderMap| {
                let outcome = self.admit(&headers, Purpose::List);
                let outcome = outcome.and_then(|_| json_of(Ok(said())));
                conclude(&shared, self.manner.provider, outcome).await
            };
            router = router.route(&path(end), get(check));
        }
        router
    }

    /// Lets a reader of the list in.
    fn enter(&self, headers: &HeaderMap) -> Result<(), Deny> {
        if self.open {
            return Ok(());
        }
        self.admit(headers, Purpose::List).map(drop)
    }

    fn admit(&self, headers: &HeaderMap, purpose: Purpose) -> Result<String, Deny> {
        let key = (self.key)(headers);
        if !(self.keyless && key.is_empty()) {
            admit(self.manner.provider, &key, purpose)?;
        }
        Ok(key)
    }

    fn ids(&self) -> impl Iterator<Item = &'static str> {
        let own = self.models.iter().chain(self.noise).copied();
        own.chain(MENU.iter().map(|(id, _)| *id))
    }

    fn list(&self) -> Value {
        let data: Vec<Value> = self.ids().map(self.row).collect();
        json!({"object": "list", "data": data})
    }

    fn one(&self, id: &str) -> Result<Value, Trouble> {
        let found = self.ids().find(|have| *have == id);
        found
            .map(self.row)
            .ok_or_else(|| Trouble::BadModel(id.to_owned()))
    }
}

/// A row with nothing but what OpenAI's has.
pub(super) fn row(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": openai::CREATED, "owned_by": "simulator"})
}

/// The rate-limit headers of a refusal.
pub(super) fn wait(after: Option<u32>) -> Vec<(&'static str, String)> {
    let after = after.map(|after| ("retry-after", after.to_string()));
    after.into_iter().collect()
}
