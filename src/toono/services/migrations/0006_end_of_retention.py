"""At the end of its time, and not before, a decided case may lose its answers, facts, messages and signatures.

``emptied_at`` opens the way, and the database itself checks the moment against the years that the case's own, immutable definition
names. The log keeps its lines and loses only what they say.
"""

from django.db import migrations

GUARDS = """
CREATE FUNCTION services_case_may_be_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE kept int; ended timestamptz;
BEGIN
    SELECT (content #>> '{definition,retention,case_years}')::int INTO kept
        FROM services_serviceversion WHERE code = OLD.service AND version = OLD.service_version;
    ended := coalesce(OLD.decided_at, OLD.submitted_at);
    IF OLD.open OR ended IS NULL OR kept IS NULL OR NEW.emptied_at IS NULL OR NEW.emptied_at < ended + make_interval(years => kept) THEN
        RAISE EXCEPTION 'case % may not be emptied yet', OLD.id;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER case_emptied_in_time BEFORE UPDATE ON services_case FOR EACH ROW
    WHEN (NEW.emptied_at IS DISTINCT FROM OLD.emptied_at) EXECUTE FUNCTION services_case_may_be_emptied();

CREATE OR REPLACE FUNCTION services_refuse_if_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM services_case WHERE id = OLD.case_id AND submitted_at IS NOT NULL AND emptied_at IS NULL) THEN
        RAISE EXCEPTION 'DELETE of % is not allowed: the case was sent', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;

-- Lines of the log stay for ever, once a case was sent.
CREATE FUNCTION services_refuse_if_sent_at_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM services_case WHERE id = OLD.case_id AND submitted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'DELETE of % is not allowed: the case was sent', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER log_stays ON services_caselog;
CREATE TRIGGER log_stays BEFORE DELETE ON services_caselog FOR EACH ROW EXECUTE FUNCTION services_refuse_if_sent_at_all();

CREATE FUNCTION services_refuse_unless_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.data = '{}'::jsonb
        AND ROW (NEW.id, NEW.case_id, NEW.at, NEW.kind, NEW.role, NEW.person_id)
            IS NOT DISTINCT FROM ROW (OLD.id, OLD.case_id, OLD.at, OLD.kind, OLD.role, OLD.person_id)
        AND EXISTS (SELECT 1 FROM services_case WHERE id = OLD.case_id AND emptied_at IS NOT NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'UPDATE of % is not allowed: its rows never change', TG_TABLE_NAME;
END $$;
DROP TRIGGER log_only_grows ON services_caselog;
CREATE TRIGGER log_only_grows BEFORE UPDATE ON services_caselog FOR EACH ROW EXECUTE FUNCTION services_refuse_unless_emptied();
"""

UNGUARD = """
DROP TRIGGER case_emptied_in_time ON services_case;
DROP FUNCTION services_case_may_be_emptied();
DROP TRIGGER log_stays ON services_caselog;
DROP FUNCTION services_refuse_if_sent_at_all();
DROP TRIGGER log_only_grows ON services_caselog;
DROP FUNCTION services_refuse_unless_emptied();
CREATE OR REPLACE FUNCTION services_refuse_if_sent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM services_case WHERE id = OLD.case_id AND submitted_at IS NOT NULL) THEN
        RAISE EXCEPTION 'DELETE of % is not allowed: the case was sent', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER log_only_grows BEFORE UPDATE ON services_caselog FOR EACH ROW EXECUTE FUNCTION services_refuse();
CREATE TRIGGER log_stays BEFORE DELETE ON services_caselog FOR EACH ROW EXECUTE FUNCTION services_refuse_if_sent();
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0005_citizens_case")]

    operations = [migrations.RunSQL(GUARDS, UNGUARD)]
