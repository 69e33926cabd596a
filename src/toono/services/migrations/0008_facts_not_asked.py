"""A fact that does not concern a case stands as such: no register was asked. Like all of a fact it never changes."""

from django.db import migrations, models

GUARD = """
DROP TRIGGER facts_never_change ON services_fact;
CREATE TRIGGER facts_never_change BEFORE UPDATE ON services_fact FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.case_id, OLD.name, OLD.meaning, OLD.subject, OLD.value, OLD.items, OLD.absent, OLD.asked, OLD.answered_at, OLD.message_id, OLD.receipt)
        IS DISTINCT FROM ROW (NEW.id, NEW.case_id, NEW.name, NEW.meaning, NEW.subject, NEW.value, NEW.items, NEW.absent, NEW.asked, NEW.answered_at, NEW.message_id, NEW.receipt))
    EXECUTE FUNCTION services_refuse();
"""
UNGUARD = """
DROP TRIGGER facts_never_change ON services_fact;
CREATE TRIGGER facts_never_change BEFORE UPDATE ON services_fact FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.case_id, OLD.name, OLD.meaning, OLD.subject, OLD.value, OLD.items, OLD.absent, OLD.answered_at, OLD.message_id, OLD.receipt)
        IS DISTINCT FROM ROW (NEW.id, NEW.case_id, NEW.name, NEW.meaning, NEW.subject, NEW.value, NEW.items, NEW.absent, NEW.answered_at, NEW.message_id, NEW.receipt))
    EXECUTE FUNCTION services_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0007_desk")]

    operations = [
        migrations.AddField("fact", "asked", models.BooleanField(default=True)),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
