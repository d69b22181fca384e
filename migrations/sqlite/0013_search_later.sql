-- What was just asked, and the title that it gives a new thread, go into the index when the answer ends: a person who waits
-- for a first word does not wait for the index. Whatever else is stored (copies of a fork, a new name) is found at once.

DROP TRIGGER search_title_changed;
DROP TRIGGER search_message_added;
DROP TRIGGER search_message_ended;

CREATE TRIGGER search_title_changed AFTER UPDATE OF title ON threads
WHEN NEW.title <> OLD.title AND NOT NEW.private AND (OLD.title <> ''
    OR NOT EXISTS (SELECT 1 FROM messages WHERE thread_id = NEW.id AND status IN ('pending', 'streaming')))
BEGIN
    DELETE FROM search_entries WHERE thread_id = NEW.id AND message_id IS NULL;
    INSERT INTO search_entries (thread_id) SELECT NEW.id WHERE NEW.title <> '';
END;

CREATE TRIGGER search_message_added AFTER INSERT ON messages
WHEN NEW.status IN ('complete', 'stopped', 'failed') AND NEW.content <> '' AND NEW.client_request_id IS NULL
BEGIN
    INSERT INTO search_entries (thread_id, message_id) SELECT id, NEW.id FROM threads WHERE id = NEW.thread_id AND NOT private;
END;

-- The title first, then the question, then the answer: the order in which they were written.
CREATE TRIGGER search_message_ended AFTER UPDATE OF status ON messages
WHEN NEW.status IN ('complete', 'stopped', 'failed') AND OLD.status NOT IN ('complete', 'stopped', 'failed')
BEGIN
    INSERT INTO search_entries (thread_id) SELECT id FROM threads t WHERE id = NEW.thread_id AND title <> '' AND NOT private
        AND NOT EXISTS (SELECT 1 FROM search_entries e WHERE e.thread_id = t.id AND e.message_id IS NULL);
    INSERT INTO search_entries (thread_id, message_id)
    SELECT m.thread_id, m.id FROM messages m JOIN threads t ON t.id = m.thread_id
    WHERE m.id IN (NEW.parent_id, NEW.id) AND m.content <> '' AND NOT t.private
        AND NOT EXISTS (SELECT 1 FROM search_entries e WHERE e.thread_id = m.thread_id AND e.message_id = m.id)
    ORDER BY m.depth;
END;
