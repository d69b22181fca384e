-- The beginnings of words, from three to twelve letters, have lists of their own, so that a search by one is as quick as by a
-- word, however many words begin so. And a text in a script without blanks, where each character is a word, is not taken apart
-- by statements any more: it waits here for the server, which does that out of the way of the writer.

DROP TRIGGER search_entry_added;
DROP VIEW search_sources;
DROP TABLE search_words;

CREATE VIRTUAL TABLE search_words USING fts5(
    owner, thread, words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2',
    prefix = '3 4 5 6 7 8 9 10 11 12'
);

CREATE TABLE search_unspaced (
    entry INTEGER PRIMARY KEY REFERENCES search_entries (id) ON DELETE CASCADE
);

-- What an entry is found by.
CREATE VIEW search_sources AS
SELECT id, owner, thread, said,
    said GLOB '*[⺀-⿟々-〇぀-㆏ㆠ-ㇿ㐀-䶿一-鿿가-힣豈-﫿ｦ-ﾟ𠀀-𿿿]*' AS unspaced
FROM (
    SELECT e.id, replace(t.user_id, '-', '') AS owner, replace(t.id, '-', '') AS thread,
        CASE WHEN e.message_id IS NULL THEN t.title ELSE (SELECT substr(m.content, 1, 100000) FROM messages m WHERE m.id = e.message_id)
        END AS said
    FROM search_entries e JOIN threads t ON t.id = e.thread_id);

CREATE TRIGGER search_entry_added AFTER INSERT ON search_entries
BEGIN
    INSERT INTO search_words (rowid, owner, thread, words)
    SELECT id, owner, thread, said FROM search_sources WHERE id = NEW.id AND NOT unspaced;
    INSERT INTO search_unspaced (entry) SELECT id FROM search_sources WHERE id = NEW.id AND unspaced;
END;

-- In large steps: the size is that of the words which are kept in memory before they are written.
INSERT INTO search_words (search_words, rank) VALUES ('hashsize', 33554432);

INSERT INTO search_words (rowid, owner, thread, words)
SELECT id, owner, thread, said FROM search_sources WHERE NOT unspaced ORDER BY id;

INSERT INTO search_words (search_words, rank) VALUES ('hashsize', 1048576);

INSERT INTO search_unspaced (entry) SELECT id FROM search_sources WHERE unspaced ORDER BY id;
