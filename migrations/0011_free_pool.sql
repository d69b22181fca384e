-- What was asked of the operator's free pool: how much a day, by each person and by all, and by which answers.

CREATE TABLE free_usage_user_daily (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- Days since 1970, by UTC.
    day BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (user_id, day)
);

CREATE TABLE free_usage_global_daily (
    day BIGINT PRIMARY KEY,
    used BIGINT NOT NULL
);

CREATE TABLE free_reservations (
    message_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'consumed', 'refunded'))
);

CREATE INDEX free_reservations_by_user ON free_reservations (user_id, state);
