"""Facts with their items never change either; messages and signatures of a sent case only grow."""

from django.db import migrations

GUARDS = """
DROP TRIGGER facts_never_change ON services_fact;
CREATE TRIGGER facts_never_change BEFORE UPDATE ON services_fact FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.case_id, OLD.name, OLD.meaning, OLD.subject, OLD.value, OLD.items, OLD.absent, OLD.answered_at, OLD.message_id, OLD.receipt)
        IS DISTINCT FROM ROW (NEW.id, NEW.case_id, NEW.name, NEW.meaning, NEW.subject, NEW.value, NEW.items, NEW.absent, NEW.answered_at, NEW.message_id, NEW.receipt))
    EXECUTE FUNCTION services_refuse();

CREATE TRIGGER messages_stay BEFORE DELETE ON services_casemessage FOR EACH ROW EXECUTE FUNCTION services_refuse_if_sent();
CREATE TRIGGER signatures_stay BEFORE DELETE ON services_casesignature FOR EACH ROW EXECUTE FUNCTION services_refuse_if_sent();
CREATE TRIGGER signatures_never_change BEFORE UPDATE ON services_casesignature FOR EACH ROW EXECUTE FUNCTION services_refuse();
"""

UNGUARD = """
DROP TRIGGER messages_stay ON services_casemessage;
DROP TRIGGER signatures_stay ON services_casesignature;
DROP TRIGGER signatures_never_change ON services_casesignature;
DROP TRIGGER facts_never_change ON services_fact;
CREATE TRIGGER facts_never_change BEFORE UPDATE ON services_fact FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.case_id, OLD.name, OLD.meaning, OLD.value, OLD.absent, OLD.answered_at, OLD.message_id, OLD.receipt)
        IS DISTINCT FROM ROW (NEW.id, NEW.case_id, NEW.name, NEW.meaning, NEW.value, NEW.absent, NEW.answered_at, NEW.message_id, NEW.receipt))
    EXECUTE FUNCTION services_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0003_whole_cases")]

    operations = [migrations.RunSQL(GUARDS, UNGUARD)]
