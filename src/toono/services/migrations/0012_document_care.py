import django.db.models.deletion
from django.db import migrations, models


FIXED = """ROW (OLD.id, OLD.code, OLD.case_id, OLD.person_id, OLD.organisation, OLD.facts_fingerprint, OLD.issued_at, OLD.valid_until)
        IS DISTINCT FROM ROW (NEW.id, NEW.code, NEW.case_id, NEW.person_id, NEW.organisation, NEW.facts_fingerprint, NEW.issued_at, NEW.valid_until)
        OR (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)"""

# A file may grow at its end, by a further time-stamp; what it was stays its beginning, and its digest is its own.
MAY_GROW = f"""
DROP TRIGGER documents_never_change ON services_document;
CREATE TRIGGER documents_never_change BEFORE UPDATE ON services_document FOR EACH ROW
    WHEN ({FIXED}
        OR substring(NEW.pdf FROM 1 FOR length(OLD.pdf)) IS DISTINCT FROM OLD.pdf
        OR (NEW.sha256 IS DISTINCT FROM OLD.sha256 AND NEW.sha256 IS DISTINCT FROM encode(sha256(NEW.pdf), 'hex')))
    EXECUTE FUNCTION services_refuse();
CREATE TRIGGER editions_never_change BEFORE UPDATE OR DELETE ON services_documentedition FOR EACH ROW EXECUTE FUNCTION services_refuse();
"""
MAY_NOT = f"""
DROP TRIGGER editions_never_change ON services_documentedition;
DROP TRIGGER documents_never_change ON services_document;
CREATE TRIGGER documents_never_change BEFORE UPDATE ON services_document FOR EACH ROW
    WHEN ({FIXED} OR OLD.sha256 IS DISTINCT FROM NEW.sha256 OR OLD.pdf IS DISTINCT FROM NEW.pdf)
    EXECUTE FUNCTION services_refuse();
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0011_draft_trials")]

    operations = [
        migrations.AddField("document", "care_at", models.DateTimeField(null=True)),
        migrations.AddIndex("document", models.Index(fields=["care_at"], name="document_care")),
        migrations.CreateModel(
            name="DocumentEdition",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("size_bytes", models.PositiveIntegerField()),
                ("until", models.DateTimeField()),
                ("document", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="editions", to="services.document")),
            ],
        ),
        migrations.RunSQL(MAY_GROW, MAY_NOT),
    ]
