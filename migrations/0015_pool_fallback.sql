-- Whether the operator's free pool may answer in a thread where none of the person's own keys can.

ALTER TABLE threads ADD COLUMN pool_fallback BOOLEAN NOT NULL DEFAULT FALSE;

-- Since when a key is in the trouble that its last error tells of.

ALTER TABLE provider_keys ADD COLUMN last_error_at BIGINT;
