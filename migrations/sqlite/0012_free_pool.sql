-- An answer of the free pool counts from its first word on. One that ends without any, or is deleted before it, is given
-- back to the day that it was taken from. Whoever ends it: its writer, a stop, a recovery.

CREATE TRIGGER free_consumed AFTER UPDATE OF status ON messages
WHEN OLD.status = 'pending' AND (NEW.status = 'streaming' OR NEW.content <> '' OR COALESCE(NEW.reasoning, '') <> '')
BEGIN
    UPDATE free_reservations SET state = 'consumed' WHERE message_id = NEW.id AND state = 'reserved';
END;

CREATE TRIGGER free_refunded AFTER UPDATE OF status ON messages
WHEN OLD.status = 'pending' AND NEW.status IN ('complete', 'stopped', 'failed') AND NEW.content = ''
    AND COALESCE(NEW.reasoning, '') = ''
BEGIN
    UPDATE free_reservations SET state = 'refunded' WHERE message_id = NEW.id AND state = 'reserved';
END;

CREATE TRIGGER free_abandoned BEFORE DELETE ON messages
WHEN OLD.status = 'pending'
BEGIN
    UPDATE free_reservations SET state = 'refunded' WHERE message_id = OLD.id AND state = 'reserved';
END;

CREATE TRIGGER free_given_back AFTER UPDATE OF state ON free_reservations
WHEN OLD.state = 'reserved' AND NEW.state = 'refunded'
BEGIN
    UPDATE free_usage_user_daily SET used = used - 1 WHERE user_id = NEW.user_id AND day = NEW.day;
    UPDATE free_usage_global_daily SET used = used - 1 WHERE day = NEW.day;
END;
