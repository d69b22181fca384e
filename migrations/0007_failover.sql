-- Until when a key that just failed is asked after the others, and which keys were asked for an answer.

ALTER TABLE provider_keys ADD COLUMN cool_until BIGINT;
ALTER TABLE messages ADD COLUMN attempts TEXT;
