-- What a person keeps at the top of the sidebar, and whether their chats are named by the models that answer in them.

ALTER TABLE threads ADD COLUMN pinned BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX threads_pinned ON threads (user_id, updated_at DESC, id DESC) WHERE pinned AND status = 'active';

ALTER TABLE users ADD COLUMN auto_titles BOOLEAN NOT NULL DEFAULT TRUE;
