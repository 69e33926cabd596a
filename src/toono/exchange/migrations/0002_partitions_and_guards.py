"""Large tables are partitioned; evidence is append-only, for every login: a trigger refuses to change or remove a row.

What is old leaves by the partition (``operations/partitions.py``), never row by row. Each table has a partition for whatever has no other, so that an append never
fails for want of one; it stays empty while the timer that makes partitions ahead runs. Bodies are stored as they are: trying to compress each of them
costs more than the space, and citizens' data are seldom repeated.
"""

from django.db import migrations

FORWARDS = """
-- message log: by class of retention, then by time (ids are UUIDv7)
ALTER TABLE exchange_messagerecord RENAME TO exchange_plain;
CREATE TABLE exchange_messagerecord (LIKE exchange_plain) PARTITION BY LIST (retention);
DROP TABLE exchange_plain;
ALTER TABLE exchange_messagerecord ADD PRIMARY KEY (id, retention);
CREATE INDEX exchange_message_id ON exchange_messagerecord (message_id);
CREATE INDEX exchange_request_id ON exchange_messagerecord (request_id);
ALTER TABLE exchange_messagerecord ALTER COLUMN head SET STORAGE EXTERNAL, ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TABLE exchange_messagerecord_short PARTITION OF exchange_messagerecord FOR VALUES IN ('short') PARTITION BY RANGE (id);
CREATE TABLE exchange_messagerecord_standard PARTITION OF exchange_messagerecord FOR VALUES IN ('standard') PARTITION BY RANGE (id);
CREATE TABLE exchange_messagerecord_long PARTITION OF exchange_messagerecord FOR VALUES IN ('long') PARTITION BY RANGE (id);
CREATE TABLE exchange_messagerecord_short_other PARTITION OF exchange_messagerecord_short DEFAULT WITH (toast_tuple_target = 8160);
CREATE TABLE exchange_messagerecord_standard_other PARTITION OF exchange_messagerecord_standard DEFAULT WITH (toast_tuple_target = 8160);
CREATE TABLE exchange_messagerecord_long_other PARTITION OF exchange_messagerecord_long DEFAULT WITH (toast_tuple_target = 8160);

-- access ledger and traffic: by time
ALTER TABLE exchange_ledgerentry RENAME TO exchange_plain;
CREATE TABLE exchange_ledgerentry (LIKE exchange_plain) PARTITION BY RANGE (id);
DROP TABLE exchange_plain;
ALTER TABLE exchange_ledgerentry ADD PRIMARY KEY (id);
CREATE INDEX exchange_ledger_person ON exchange_ledgerentry (civil_id, at DESC, id DESC);
CREATE INDEX exchange_ledger_kept_back ON exchange_ledgerentry (visible_at) WHERE secrecy_basis_mn IS NOT NULL;
CREATE TABLE exchange_ledgerentry_other PARTITION OF exchange_ledgerentry DEFAULT;

ALTER TABLE exchange_traffic RENAME TO exchange_plain;
CREATE TABLE exchange_traffic (LIKE exchange_plain) PARTITION BY RANGE (id);
DROP TABLE exchange_plain;
ALTER TABLE exchange_traffic ADD PRIMARY KEY (id);
CREATE INDEX exchange_traffic_at ON exchange_traffic (at);
CREATE TABLE exchange_traffic_other PARTITION OF exchange_traffic DEFAULT;

CREATE FUNCTION exchange_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_messagerecord FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_ledgerentry FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_batch FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_signature FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_ocspresponse FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_stamp FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_stampleaf FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_hourlyroot FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_archive FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();

-- The answer that was given under an idempotency key: the one thing that the gateway's login may read back, for its own client.
CREATE FUNCTION exchange_stored_answer(key bytea) RETURNS TABLE (request_id uuid, fingerprint bytea, status integer, head bytea, body bytea, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT n.request_id, n.fingerprint, m.status, m.head, m.body, m.reason
    FROM exchange_seennonce n LEFT JOIN exchange_messagerecord m ON m.request_id = n.request_id AND m.direction = 'response'
    WHERE n.nonce = key AND n.request_id IS NOT NULL
$$;
REVOKE ALL ON FUNCTION exchange_stored_answer(bytea) FROM PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_tables")]

    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
