"""Signatures and places under time-stamps are parted by month, so that they leave with the messages that needed them."""

from django.db import migrations

FORWARDS = """
ALTER TABLE exchange_signature RENAME TO exchange_plain;
ALTER TABLE exchange_plain RENAME CONSTRAINT exchange_signature_pkey TO exchange_plain_pkey;
ALTER INDEX exchange_signature_batch RENAME TO exchange_plain_batch;
CREATE TABLE exchange_signature (LIKE exchange_plain) PARTITION BY RANGE (id);
ALTER TABLE exchange_signature ADD PRIMARY KEY (id);
CREATE INDEX exchange_signature_batch ON exchange_signature (batch);
CREATE TABLE exchange_signature_other PARTITION OF exchange_signature DEFAULT;
INSERT INTO exchange_signature SELECT * FROM exchange_plain;
DROP TABLE exchange_plain;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_signature FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();

ALTER TABLE exchange_stampleaf RENAME TO exchange_plain;
ALTER TABLE exchange_plain RENAME CONSTRAINT exchange_stampleaf_pkey TO exchange_plain_pkey;
CREATE TABLE exchange_stampleaf (LIKE exchange_plain) PARTITION BY RANGE (subject);
ALTER TABLE exchange_stampleaf ADD PRIMARY KEY (subject);
CREATE TABLE exchange_stampleaf_other PARTITION OF exchange_stampleaf DEFAULT;
INSERT INTO exchange_stampleaf SELECT * FROM exchange_plain;
DROP TABLE exchange_plain;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_stampleaf FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0003_held_keys")]

    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
