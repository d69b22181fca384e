-- What a key's provider itself says that its models cost, by model.

ALTER TABLE provider_models ADD COLUMN tariffs TEXT NOT NULL DEFAULT '{}';
