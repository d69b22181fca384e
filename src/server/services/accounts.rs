//! Sign-up, sign-in and sessions.

use super::{Result, ServiceError, Services, storable};
use crate::server::crypto::digest;
use crate::server::crypto::password::PasswordVerdict;
use crate::server::crypto::secret::Secret;
use crate::server::store::{answers, sessions, users};
use crate::shared::account::User;
use crate::shared::ids::UserId;
use crate::shared::time::Timestamp;
use crate::shared::validate::{email_problem, password_problem};
use std::collections::BTreeMap;
use std::net::IpAddr;

const DAY_MS: i64 = 86_400_000;
/// A session ends after this long without use.
pub const IDLE_MS: i64 = 14 * DAY_MS;
/// A session ends after this long whatever happens.
pub const ABSOLUTE_MS: i64 = 30 * DAY_MS;
/// How precisely the last use is kept; keeps reads from being writes.
const SEEN_MS: i64 = 60 * 60 * 1000;

/// A person who just came in, and the token for their cookie.
pub struct SignedIn {
    /// The person.
    pub user: User,
    /// For the cookie and nothing else.
    pub token: Secret,
}

fn normalised(email: &str) -> String {
    email.trim().to_lowercase()
}

impl Services {
    /// Whether this person's chats are named by the models that answer in them; none where the operator wants that for nobody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn auto_titles(&self, user: &UserId) -> Result<Option<bool>> {
        Ok(if self.0.auto_titles {
            Some(users::auto_titles(&self.0.db, user).await?)
        } else {
            None
        })
    }

    /// Has this person's chats named by the models that answer in them, or no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_auto_titles(&self, user: &UserId, wanted: bool) -> Result<()> {
        Ok(users::set_auto_titles(&self.0.db, user, wanted).await?)
    }

    /// Makes an account and begins a session.
    ///
    /// # Errors
    /// `Validation` names the field: a bad address, a taken one, a bad password.
    pub async fn register(&self, email: &str, password: Secret, ip: IpAddr) -> Result<SignedIn> {
        self.limited(&self.0.by_ip, &ip.to_string())?;
        let mut problems = BTreeMap::new();
        if let Some(problem) = email_problem(email) {
            problems.insert("email".to_owned(), problem.to_owned());
        }
        if let Some(problem) = password_problem(password.expose()) {
            problems.insert("password".to_owned(), problem.to_owned());
        }
        if !problems.is_empty() {
            return Err(ServiceError::Validation(problems));
        }
        let hash = self.0.passwords.hash(password).await?;
        let id = self
            .0
            .env
            .uuid()
            .parse()
            .map_err(|_| ServiceError::NotFound)?;
        let user = User {
            id,
            email: email.trim().to_owned(),
            created_at: self.0.env.now(),
        };
        let mut tx = self.0.db.begin().await?;
        if let Err(error) = users::insert(&mut tx, &user, &normalised(email), &hash).await {
            if error.is_conflict() {
                return Err(ServiceError::field(
                    "email",
                    "There is an account with this e-mail already. Sign in instead.",
                ));
            }
            return Err(error.into());
        }
        let token = self.begin_session(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(SignedIn { user, token })
    }

    /// Begins a session for whoever knows the password. Takes as long for an address without an account.
    ///
    /// # Errors
    /// `InvalidCredentials`, the same for both reasons.
    pub async fn login(&self, email: &str, password: Secret, ip: IpAddr) -> Result<SignedIn> {
        self.limited(&self.0.by_ip, &ip.to_string())?;
        let email = normalised(email);
        self.limited(
            &self.0.by_email,
            &digest::email_digest(&self.0.auth_secret, &email),
        )?;
        if password_problem(password.expose())
            .is_some_and(|_| password.expose().len() > crate::shared::validate::MAX_PASSWORD_BYTES)
        {
            return Err(ServiceError::field("password", "Use at most 1024 bytes."));
        }
        // Whatever is no address has no account; the database is asked for text that it can hold.
        let found = if storable(&email) {
            users::by_email(&self.0.db, &email).await?
        } else {
            None
        };
        let verdict = self
            .0
            .passwords
            .verify(
                found.as_ref().map(|(_, hash)| hash.as_str()),
                password.clone(),
            )
            .await?;
        let rehash = match verdict {
            PasswordVerdict::NoMatch => return Err(ServiceError::InvalidCredentials),
            PasswordVerdict::Match => None,
            PasswordVerdict::MatchRehash => Some(self.0.passwords.hash(password).await?),
        };
        let Some((user, _)) = found else {
            return Err(ServiceError::InvalidCredentials);
        };
        let mut tx = self.0.db.begin().await?;
        if let Some(hash) = rehash {
            users::set_password(&mut tx, &user.id, &hash).await?;
        }
        let token = self.begin_session(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(SignedIn { user, token })
    }

    async fn begin_session(
        &self,
        tx: &mut crate::server::store::Tx,
        user: &User,
    ) -> Result<Secret> {
        let (token, hash) = digest::token(&self.0.env, &self.0.auth_secret);
        let now = self.0.env.now();
        sessions::insert(tx, &hash, &user.id, now, now.plus_ms(ABSOLUTE_MS)).await?;
        Ok(token)
    }

    /// Who this session token belongs to, if it still lives.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, token: &str) -> Result<Option<User>> {
        let hash = self.token_hash(token);
        let now = self.0.env.now();
        let Some(live) = sessions::find(&self.0.db, &hash, now, now.plus_ms(-IDLE_MS)).await?
        else {
            return Ok(None);
        };
        if live.seen_at < now.plus_ms(-SEEN_MS) {
            sessions::touch(&self.0.db, &hash, now).await?;
        }
        Ok(Some(live.user))
    }

    /// Ends a session; the token is worth nothing from then on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn logout(&self, token: &str) -> Result<()> {
        sessions::delete(&self.0.db, &self.token_hash(token)).await?;
        Ok(())
    }

    /// Removes the account and all that it owns, for whoever knows the password.
    ///
    /// # Errors
    /// `InvalidCredentials`.
    pub async fn delete_account(&self, user: &UserId, password: Secret) -> Result<()> {
        let hash = users::password_hash(&self.0.db, user).await?;
        match self.0.passwords.verify(hash.as_deref(), password).await? {
            PasswordVerdict::NoMatch => Err(ServiceError::InvalidCredentials),
            PasswordVerdict::Match | PasswordVerdict::MatchRehash => {
                let running = answers::running_of(&self.0.db, user).await?;
                users::delete(&self.0.db, user).await?;
                for answer in running {
                    self.0.engine.abandon(&answer).await?;
                }
                Ok(())
            }
        }
    }

    /// Removes what has ended by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sweep_sessions(&self) -> Result<()> {
        let now: Timestamp = self.0.env.now();
        sessions::sweep(&self.0.db, now).await?;
        Ok(())
    }
}
