-- Threads, their tree of messages, the append-only log of each answer, and the claims that make a send happen once.

CREATE TABLE threads (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    system_prompt TEXT,
    settings TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'archived')),
    private BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX threads_by_activity ON threads (user_id, status, updated_at DESC, id DESC);

-- `depth` counts from 1 at the root; `on_branch` marks the branch that is shown, so that opening a thread is one range
-- of one index whatever its history.
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    parent_id TEXT REFERENCES messages (id) ON DELETE CASCADE,
    depth BIGINT NOT NULL,
    on_branch BOOLEAN NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    content TEXT NOT NULL,
    reasoning TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'streaming', 'complete', 'stopped', 'failed')),
    finish_reason TEXT,
    error TEXT,
    provider TEXT,
    model TEXT,
    key_id TEXT,
    key_mask TEXT,
    client_request_id TEXT,
    input_tokens BIGINT,
    output_tokens BIGINT,
    reasoning_tokens BIGINT,
    cost_nano_usd BIGINT,
    estimated BOOLEAN,
    ttft_ms BIGINT,
    duration_ms BIGINT,
    created_at BIGINT NOT NULL,
    -- Of a running answer: who is writing it, until when nobody else may, and whether it was asked to end. The epoch
    -- grows with each new owner, so that one who was taken for dead writes nothing any more.
    owner TEXT,
    epoch BIGINT NOT NULL DEFAULT 1,
    lease_until BIGINT,
    stop_requested_at BIGINT,
    -- Of an answer that ended and still has its log: from when on the log may go.
    log_until BIGINT
);

CREATE INDEX messages_in_place ON messages (thread_id, depth);
CREATE INDEX messages_aside ON messages (thread_id, depth) WHERE NOT on_branch;
CREATE INDEX messages_by_parent ON messages (parent_id);
CREATE INDEX messages_by_time ON messages (thread_id, created_at, id);
CREATE INDEX messages_running ON messages (lease_until) WHERE status IN ('pending', 'streaming');
CREATE INDEX messages_with_log ON messages (log_until) WHERE log_until IS NOT NULL;
CREATE UNIQUE INDEX one_running_answer_a_thread ON messages (thread_id) WHERE status IN ('pending', 'streaming');

-- No primary key on purpose: rows are appended in commit order, which keeps five hundred streams on the same few pages.
CREATE TABLE message_events (
    message_id TEXT NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL
);

CREATE UNIQUE INDEX message_events_in_order ON message_events (message_id, seq);

CREATE TABLE request_claims (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_request_id TEXT NOT NULL,
    payload_hash TEXT NOT NULL,
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    message_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_request_id)
);

CREATE INDEX request_claims_by_thread ON request_claims (thread_id);
