-- The models that a person marked, to find them first.

CREATE TABLE favourite_models (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    marked_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, provider, model)
);
