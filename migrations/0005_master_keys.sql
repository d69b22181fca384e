-- How often each master key has wrapped a data key, and since when it may not do so any more.

ALTER TABLE master_keys ADD COLUMN wraps BIGINT NOT NULL DEFAULT 0;
ALTER TABLE master_keys ADD COLUMN retired_at BIGINT;
