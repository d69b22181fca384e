-- An answer of the free pool counts from its first word on. One that ends without any, or is deleted before it, is given
-- back to the day that it was taken from. Whoever ends it: its writer, a stop, a recovery.

CREATE FUNCTION settle_free_reservation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        UPDATE free_reservations SET state = 'refunded' WHERE message_id = OLD.id AND state = 'reserved';
        RETURN OLD;
    END IF;
    UPDATE free_reservations
    SET state = CASE WHEN NEW.status = 'streaming' OR NEW.content <> '' OR COALESCE(NEW.reasoning, '') <> ''
        THEN 'consumed' ELSE 'refunded' END
    WHERE message_id = NEW.id AND state = 'reserved';
    RETURN NEW;
END $$;

CREATE TRIGGER free_settled AFTER UPDATE OF status ON messages FOR EACH ROW
WHEN (OLD.status = 'pending' AND NEW.status <> 'pending') EXECUTE FUNCTION settle_free_reservation();

CREATE TRIGGER free_abandoned BEFORE DELETE ON messages FOR EACH ROW
WHEN (OLD.status = 'pending') EXECUTE FUNCTION settle_free_reservation();

CREATE FUNCTION give_free_reservation_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE free_usage_user_daily SET used = used - 1 WHERE user_id = NEW.user_id AND day = NEW.day;
    UPDATE free_usage_global_daily SET used = used - 1 WHERE day = NEW.day;
    RETURN NEW;
END $$;

CREATE TRIGGER free_given_back AFTER UPDATE OF state ON free_reservations FOR EACH ROW
WHEN (OLD.state = 'reserved' AND NEW.state = 'refunded') EXECUTE FUNCTION give_free_reservation_back();
