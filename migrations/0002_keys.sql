-- Provider credentials, sealed, and the model list that each of them last gave.

CREATE TABLE provider_keys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    origin TEXT NOT NULL,
    label TEXT NOT NULL,
    mask TEXT NOT NULL,
    version BIGINT NOT NULL,
    kek_id BIGINT NOT NULL,
    blob TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('valid', 'invalid', 'unverified', 'unreadable')),
    active BOOLEAN NOT NULL,
    position BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_validated_at BIGINT,
    last_used_at BIGINT,
    last_error TEXT
);

CREATE INDEX provider_keys_in_order ON provider_keys (user_id, provider, position);
CREATE INDEX provider_keys_by_master ON provider_keys (kek_id);

CREATE TABLE provider_models (
    key_id TEXT PRIMARY KEY REFERENCES provider_keys (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    models TEXT NOT NULL,
    fetched_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    warning TEXT
);
