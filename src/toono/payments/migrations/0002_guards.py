"""What was asked and what was paid never changes: the database itself refuses."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION payments_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is not allowed: what was asked and paid never changes', TG_OP, TG_TABLE_NAME;
END $$;

CREATE TRIGGER bills_stay BEFORE DELETE ON payments_bill FOR EACH ROW EXECUTE FUNCTION payments_refuse();
CREATE TRIGGER bills_never_change BEFORE UPDATE ON payments_bill FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.key, OLD.reference, OLD.amount_mungu, OLD.opened_at)
        IS DISTINCT FROM ROW (NEW.id, NEW.key, NEW.reference, NEW.amount_mungu, NEW.opened_at)
        OR (OLD.paid_at IS NOT NULL AND ROW (OLD.state, OLD.payment, OLD.paid_at) IS DISTINCT FROM ROW (NEW.state, NEW.payment, NEW.paid_at)))
    EXECUTE FUNCTION payments_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunSQL(GUARDS, "DROP FUNCTION payments_refuse() CASCADE;")]
