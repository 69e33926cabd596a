"""Message log and access ledger are append-only, for every login: a trigger refuses to change or remove a row.

Bodies are stored as they are: trying to compress each of them costs more than the space, and citizens' data are seldom repeated.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION exchange_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_messagerecord
    FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION exchange_append_only();
ALTER TABLE exchange_messagerecord ALTER COLUMN head SET STORAGE EXTERNAL, ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE exchange_messagerecord SET (toast_tuple_target = 8160);
"""

BACKWARDS = """
DROP TRIGGER append_only ON exchange_messagerecord;
DROP TRIGGER append_only ON exchange_ledgerentry;
DROP FUNCTION exchange_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_tables")]

    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
