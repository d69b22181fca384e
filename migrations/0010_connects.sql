-- A person on their way to a provider that gives out a key by itself. One a session and provider; only a digest of what
-- they have to bring back.

CREATE TABLE connects (
    session_hash TEXT NOT NULL REFERENCES sessions (token_hash) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    state_hash TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (session_hash, provider)
);
