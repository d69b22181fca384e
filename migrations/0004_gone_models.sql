-- What a provider took off a key's list, and which list it is, so that a send need not read the list itself.

ALTER TABLE provider_models ADD COLUMN gone TEXT NOT NULL DEFAULT '[]';
ALTER TABLE provider_models ADD COLUMN digest TEXT NOT NULL DEFAULT '';

-- A list may fill hundreds of pages, which stand between the beginning of its row and these columns.
CREATE UNIQUE INDEX provider_models_digest ON provider_models (key_id, user_id, digest, expires_at, warning);
