"""What is published, logged, read from a register or issued is never changed: the database itself refuses."""

from django.db import migrations

GUARDS = """
CREATE FUNCTION services_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is not allowed: its rows never change', TG_OP, TG_TABLE_NAME;
END $$;

CREATE TRIGGER published_for_ever BEFORE UPDATE OR DELETE ON services_serviceversion
    FOR EACH ROW EXECUTE FUNCTION services_refuse();

CREATE TRIGGER log_only_grows BEFORE UPDATE ON services_caselog FOR EACH ROW EXECUTE FUNCTION services_refuse();

-- Rows of a draft leave with the draft; those of a sent case stay.
CREATE FUNCTION services_refuse_if_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM services_case WHERE id = OLD.case_id AND submitted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'DELETE of % is not allowed: the case was sent', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER log_stays BEFORE DELETE ON services_caselog FOR EACH ROW EXECUTE FUNCTION services_refuse_if_sent();
CREATE TRIGGER facts_stay BEFORE DELETE ON services_fact FOR EACH ROW EXECUTE FUNCTION services_refuse_if_sent();

CREATE TRIGGER facts_never_change BEFORE UPDATE ON services_fact FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.case_id, OLD.name, OLD.meaning, OLD.value, OLD.absent, OLD.answered_at, OLD.message_id, OLD.receipt)
        IS DISTINCT FROM ROW (NEW.id, NEW.case_id, NEW.name, NEW.meaning, NEW.value, NEW.absent, NEW.answered_at, NEW.message_id, NEW.receipt))
    EXECUTE FUNCTION services_refuse();

CREATE TRIGGER documents_stay BEFORE DELETE ON services_document FOR EACH ROW EXECUTE FUNCTION services_refuse();
CREATE TRIGGER documents_never_change BEFORE UPDATE ON services_document FOR EACH ROW
    WHEN (ROW (OLD.id, OLD.code, OLD.case_id, OLD.person_id, OLD.organisation, OLD.sha256, OLD.facts_fingerprint, OLD.issued_at, OLD.valid_until)
        IS DISTINCT FROM ROW (NEW.id, NEW.code, NEW.case_id, NEW.person_id, NEW.organisation, NEW.sha256, NEW.facts_fingerprint, NEW.issued_at, NEW.valid_until)
        OR OLD.pdf IS DISTINCT FROM NEW.pdf
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at))
    EXECUTE FUNCTION services_refuse();
"""

UNGUARD = """
DROP FUNCTION services_refuse() CASCADE;
DROP FUNCTION services_refuse_if_sent() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0001_initial")]

    operations = [migrations.RunSQL(GUARDS, UNGUARD)]
