//! Somebody who uses `KeyLM`: signs up, adds a key, makes threads.

use crate::Result;
use crate::mock::MODEL;
use crate::wire::{Wire, header};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where messages are sent to: a thread of the server, or the relay.
#[derive(Clone, Debug)]
pub struct Place {
    /// The path to post to.
    pub path: String,
    /// The session, if one is needed.
    pub cookie: String,
}

impl Place {
    /// A request with a JSON body, or without one.
    pub fn request(&self, method: &str, path: &str, body: Option<&Value>) -> String {
        request(&self.cookie, method, path, body)
    }

    /// A send, with a name that no other send has.
    pub fn send(&self, content: &str) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("bench-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let body = json!({ "content": content, "clientRequestId": name });
        self.request("POST", &self.path, Some(&body))
    }
}

/// A person with a session.
pub struct Account {
    /// The person's id.
    pub user: String,
    /// `name=value` of the session.
    pub cookie: String,
    wire: Wire,
}

impl Account {
    /// A new person with a key.
    pub async fn register(addr: SocketAddr) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let email = format!("bench{}@example.org", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut wire = Wire::connect(addr).await?;
        let body = json!({ "email": email, "password": "a benchmark's password" });
        let mut reply = wire
            .ask(&request("", "POST", "/api/auth/register", Some(&body)))
            .await?;
        let said: Value = serde_json::from_slice(&wire.whole(&mut reply).await?)?;
        let cookie = header(&reply.head, "set-cookie").and_then(|cookie| cookie.split(';').next());
        let mut account = Self {
            user: said["user"]["id"].as_str().unwrap_or_default().to_owned(),
            cookie: cookie.ok_or_else(|| said.to_string())?.to_owned(),
            wire,
        };
        let key = json!({ "key": "sk-bench-0123456789abcdefghijklmnop" });
        account.post("/api/providers/openai/keys", &key).await?;
        Ok(account)
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let wire = &mut self.wire;
        let request = request(&self.cookie, "POST", path, Some(body));
        let mut reply = wire.ask(&request).await?;
        let said = wire.whole(&mut reply).await?;
        if reply.status >= 300 {
            return Err(format!("{path}: {}", String::from_utf8_lossy(&said)).into());
        }
        Ok(serde_json::from_slice(&said)?)
    }

    /// New threads.
    pub async fn threads(&mut self, count: usize) -> Result<Vec<Place>> {
        let mut places = Vec::with_capacity(count);
        for _ in 0..count {
            let body = json!({ "provider": "openai", "model": MODEL });
            let said = self.post("/api/threads", &body).await?;
            let id = said["thread"]["id"].as_str().ok_or("a thread without id")?;
            places.push(self.place(id));
        }
        Ok(places)
    }

    /// The thread with this id.
    pub fn place(&self, thread: &str) -> Place {
        Place {
            path: format!("/api/threads/{thread}/messages"),
            cookie: self.cookie.clone(),
        }
    }
}

fn request(cookie: &str, method: &str, path: &str, body: Option<&Value>) -> String {
    let body = body.map(Value::to_string).unwrap_or_default();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: bench\r\ncookie: {cookie}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
