-- Full-text search: an entry a title and a message that ended, none of a private thread. The owner is a word of the index,
-- too, so that a search skips what is not theirs instead of reading it.

CREATE TABLE search_entries (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    -- None is the title.
    message_id TEXT,
    words TSVECTOR NOT NULL
);

CREATE INDEX search_entries_by_thread ON search_entries (thread_id, id);
CREATE INDEX search_entries_by_word ON search_entries USING GIN (words);

-- In a database of the locale C, only ASCII has upper and lower case.
DO $$
DECLARE
    rule TEXT := '';
BEGIN
    IF EXISTS (SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu') THEN
        rule := ' COLLATE "und-x-icu"';
    END IF;
    EXECUTE format('CREATE FUNCTION keylm_lower(said TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS %L', 'SELECT lower(said' || rule || ')');
END $$;

-- What a text is found by. Without punctuation the engine sees plain words where it would see an address or a tag. In scripts
-- without blanks each character is a word.
CREATE FUNCTION keylm_words(said TEXT) RETURNS TSVECTOR LANGUAGE sql IMMUTABLE AS $$
SELECT to_tsvector('simple', regexp_replace(regexp_replace(
    keylm_lower(normalize(regexp_replace(normalize(left(said, 100000), NFD), '[\u0300-\u036f]', '', 'g'), NFC)),
    '[!-/:-@\[-`{-~\u0080-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u2190-\u2bff\u3000-\u3004\u3008-\u303f\uff00-\uff0f\uff1a-\uff20]',
    ' ', 'g'),
    '([\u2e80-\u2fdf\u3005-\u3007\u3040-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff])',
    ' \1 ', 'g'))
$$;

CREATE FUNCTION keylm_note(thread TEXT, message TEXT, said TEXT) RETURNS VOID LANGUAGE sql AS $$
INSERT INTO search_entries (thread_id, message_id, words)
SELECT id, message, keylm_words(said) || array_to_tsvector(ARRAY['owner:' || user_id])
FROM threads WHERE id = thread AND said <> '' AND NOT private
$$;

CREATE FUNCTION keylm_note_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM search_entries WHERE thread_id = NEW.id AND message_id IS NULL;
    PERFORM keylm_note(NEW.id, NULL, NEW.title);
    RETURN NULL;
END $$;

CREATE FUNCTION keylm_note_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM keylm_note(NEW.thread_id, NEW.id, NEW.content);
    RETURN NULL;
END $$;

CREATE TRIGGER search_title_added AFTER INSERT ON threads
FOR EACH ROW WHEN (NEW.title <> '') EXECUTE FUNCTION keylm_note_title();

CREATE TRIGGER search_title_changed AFTER UPDATE OF title ON threads
FOR EACH ROW WHEN (NEW.title <> OLD.title) EXECUTE FUNCTION keylm_note_title();

CREATE TRIGGER search_message_added AFTER INSERT ON messages
FOR EACH ROW WHEN (NEW.status IN ('complete', 'stopped', 'failed')) EXECUTE FUNCTION keylm_note_message();

CREATE TRIGGER search_message_ended AFTER UPDATE OF status ON messages
FOR EACH ROW WHEN (NEW.status IN ('complete', 'stopped', 'failed') AND OLD.status NOT IN ('complete', 'stopped', 'failed'))
EXECUTE FUNCTION keylm_note_message();

INSERT INTO search_entries (thread_id, message_id, words)
SELECT id, NULL, keylm_words(title) || array_to_tsvector(ARRAY['owner:' || user_id])
FROM threads WHERE title <> '' AND NOT private ORDER BY created_at, id;

INSERT INTO search_entries (thread_id, message_id, words)
SELECT t.id, m.id, keylm_words(m.content) || array_to_tsvector(ARRAY['owner:' || t.user_id])
FROM messages m JOIN threads t ON t.id = m.thread_id
WHERE m.status IN ('complete', 'stopped', 'failed') AND m.content <> '' AND NOT t.private ORDER BY m.created_at, m.id;
