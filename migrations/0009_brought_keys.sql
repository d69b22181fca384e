-- The key that a gateway was given to pay with, so that what it pays for is found when it is removed.

ALTER TABLE messages ADD COLUMN brought_key_id TEXT;
