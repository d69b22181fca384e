-- Full-text search: an entry a title and a message that ended, none of a private thread. The owner and the thread are words of
-- the index, too, so that a search skips what is not theirs instead of reading it.

CREATE TABLE search_entries (
    id INTEGER PRIMARY KEY,
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    -- None is the title.
    message_id TEXT
);

CREATE INDEX search_entries_by_thread ON search_entries (thread_id, message_id);

CREATE VIRTUAL TABLE search_words USING fts5 (
    owner, thread, words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);

-- What an entry is found by. In scripts without blanks each character is a word. Such a text is cut into pieces first and into
-- characters then, because `substr` counts from the beginning each time.
CREATE VIEW search_sources AS
SELECT id, owner, thread, CASE WHEN said GLOB '*[' || unspaced || ']*' THEN (
    WITH RECURSIVE pieces (at, piece) AS (
        SELECT 1, substr(said, 1, 256)
        UNION ALL SELECT at + 256, substr(said, at + 256, 256) FROM pieces WHERE at + 256 <= length(said)),
    letters (at, nth, letter, piece) AS (
        SELECT at, 1, substr(piece, 1, 1), piece FROM pieces
        UNION ALL SELECT at, nth + 1, substr(piece, nth + 1, 1), piece FROM letters WHERE nth < length(piece))
    SELECT group_concat(CASE WHEN letter GLOB '[' || unspaced || ']' THEN ' ' || letter || ' ' ELSE letter END, '' ORDER BY at, nth)
    FROM letters) ELSE said END AS words
FROM (
    SELECT e.id, replace(t.user_id, '-', '') AS owner, replace(t.id, '-', '') AS thread,
        CASE WHEN e.message_id IS NULL THEN t.title ELSE (SELECT substr(m.content, 1, 100000) FROM messages m WHERE m.id = e.message_id)
        END AS said,
        '⺀-⿟々-〇぀-㆏ㆠ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𿿿' AS unspaced
    FROM search_entries e JOIN threads t ON t.id = e.thread_id);

CREATE TRIGGER search_entry_added AFTER INSERT ON search_entries
BEGIN
    INSERT INTO search_words (rowid, owner, thread, words) SELECT id, owner, thread, words FROM search_sources WHERE id = NEW.id;
END;

CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entries
BEGIN
    DELETE FROM search_words WHERE rowid = OLD.id;
END;

CREATE TRIGGER search_title_added AFTER INSERT ON threads
WHEN NEW.title <> '' AND NOT NEW.private
BEGIN
    INSERT INTO search_entries (thread_id) VALUES (NEW.id);
END;

CREATE TRIGGER search_title_changed AFTER UPDATE OF title ON threads
WHEN NEW.title <> OLD.title AND NOT NEW.private
BEGIN
    DELETE FROM search_entries WHERE thread_id = NEW.id AND message_id IS NULL;
    INSERT INTO search_entries (thread_id) SELECT NEW.id WHERE NEW.title <> '';
END;

CREATE TRIGGER search_message_added AFTER INSERT ON messages
WHEN NEW.status IN ('complete', 'stopped', 'failed') AND NEW.content <> ''
BEGIN
    INSERT INTO search_entries (thread_id, message_id) SELECT id, NEW.id FROM threads WHERE id = NEW.thread_id AND NOT private;
END;

CREATE TRIGGER search_message_ended AFTER UPDATE OF status ON messages
WHEN NEW.status IN ('complete', 'stopped', 'failed') AND OLD.status NOT IN ('complete', 'stopped', 'failed') AND NEW.content <> ''
BEGIN
    INSERT INTO search_entries (thread_id, message_id) SELECT id, NEW.id FROM threads WHERE id = NEW.thread_id AND NOT private;
END;

INSERT INTO search_entries (thread_id) SELECT id FROM threads WHERE title <> '' AND NOT private ORDER BY created_at, id;

INSERT INTO search_entries (thread_id, message_id)
SELECT m.thread_id, m.id FROM messages m JOIN threads t ON t.id = m.thread_id
WHERE m.status IN ('complete', 'stopped', 'failed') AND m.content <> '' AND NOT t.private ORDER BY m.created_at, m.id;
