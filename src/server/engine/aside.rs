//! A short question beside the answers: what comes back is handed to whoever asked, and neither stored nor counted as an answer.

use super::{Engine, Parts};
use crate::server::providers::account::{Access, Account};
use crate::server::providers::answer::Answer;
use crate::server::providers::{ChatRequest, Provider, ProviderError, ProviderEvent};
use crate::shared::error::ErrorCode;
use crate::shared::ids::MessageId;

/// Bytes of a reply that are read at the most.
const MOST: usize = 4096;

impl Engine {
    /// Waits until this process does not write that answer any more.
    pub async fn written(&self, message: &MessageId) {
        if let Some(answer) = self.0.live.get(message) {
            // An error means that nobody is left to write it.
            let _ = answer.progress().wait_for(|progress| progress.ended).await;
        }
    }

    /// The text of the reply to one request.
    ///
    /// # Errors
    /// What the provider failed at. Nothing is tried again, with this key or another.
    pub async fn ask_aside(
        &self,
        provider: &'static dyn Provider,
        account: &Account,
        request: &ChatRequest,
    ) -> Result<String, ProviderError> {
        let Parts {
            transport,
            env,
            limits,
            ..
        } = &self.0.parts;
        let now = env.now();
        let token = transport.token(provider, account, now).await?;
        let access = Access {
            account,
            token: token.as_ref(),
            now,
        };
        let wire = provider.encode(&access, request)?;
        let mut bytes = transport.stream(provider, wire).await?;
        let mut answer = Answer::within(limits.frames, provider.decoder(request));
        let (mut events, mut text) = (Vec::new(), String::new());
        loop {
            let chunk = bytes.next().await.transpose()?;
            match &chunk {
                Some(chunk) => answer.push(chunk, &mut events),
                None => answer.finish(&mut events),
            }
            for event in events.drain(..) {
                match event {
                    ProviderEvent::Text(piece) => text.push_str(&piece),
                    ProviderEvent::Failed(error) => return Err(error),
                    ProviderEvent::PaidByGateway if account.brought.is_some() => {
                        return Err(ProviderError::new(ErrorCode::SystemCredentials));
                    }
                    // Who paid is said behind the end.
                    ProviderEvent::Finish(_) if account.brought.is_none() => return Ok(text),
                    ProviderEvent::Finish(_)
                    | ProviderEvent::Reasoning(_)
                    | ProviderEvent::Usage(_)
                    | ProviderEvent::PaidByGateway => {}
                }
            }
            if chunk.is_none() || text.len() > MOST {
                return Ok(text);
            }
        }
    }
}
