"""Numbers the versions of what was approved so far, fills what is searched, and sets the guards of drafts."""

from __future__ import annotations

from collections import Counter

from django.db import migrations, models

from toono.kernel.text import fold

DECIDED_STAYS = """
CREATE FUNCTION registry_decided_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state IN ('approved', 'rejected') THEN
    RAISE EXCEPTION 'drafts are never removed, and a decided one is never changed' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER decided_stays BEFORE UPDATE OR DELETE ON registry_draft FOR EACH ROW EXECUTE FUNCTION registry_decided_stays();
"""
DECIDED_GOES = "DROP TRIGGER decided_stays ON registry_draft; DROP FUNCTION registry_decided_stays();"


def number_versions(apps, schema_editor):
    counts = Counter()
    for draft in apps.get_model("registry", "Draft").objects.order_by("decided_at", "id"):
        if draft.state == "approved":
            counts[draft.kind, draft.subject] += 1
            draft.version = counts[draft.kind, draft.subject]
        if draft.kind == "agreement":
            draft.consumer, draft.owner = (draft.content[side].split("/")[2] for side in ("consumer", "service"))
        draft.save(update_fields=["version", "consumer", "owner"])
    for agreement in apps.get_model("registry", "Agreement").objects.all():
        agreement.version = max(1, counts["agreement", agreement.id])
        agreement.save(update_fields=["version"])


def fill_search(apps, schema_editor):
    fields = {
        "Organisation": ("code", "register_number", "name_mn", "name_en"),
        "System": ("id", "title_mn", "title_en"),
        "Service": ("id", "title_mn", "title_en"),
    }
    for name, columns in fields.items():
        for row in apps.get_model("registry", name).objects.all():
            row.search = " ".join(fold(getattr(row, column)) for column in columns)
            row.save(update_fields=["search"])
    for row in apps.get_model("registry", "Agreement").objects.all():
        row.search = " ".join(fold(t) for p in [{"code": row.id}, *row.purposes] for k in ("code", "title_mn", "title_en") if (t := p.get(k)))
        row.save(update_fields=["search"])


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_agreements_in_versions")]

    operations = [
        migrations.RunPython(number_versions, migrations.RunPython.noop),
        migrations.RunPython(fill_search, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('accepted', 'approved')), _negated=True), ('drafted_for', ''), models.Q(('accepted_by__isnull', False), models.Q(('accepted_by', models.F('drafted_by')), _negated=True)), _connector='OR'), name='registry_owner_accepts'),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), ('drafted_for', ''), models.Q(('decided_by', models.F('accepted_by')), _negated=True), _connector='OR'), name='registry_three_persons'),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), ('version__isnull', False), _connector='OR'), name='registry_version_counted'),
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(fields=('kind', 'subject', 'version'), name='registry_version_once'),
        ),
        migrations.RunSQL(DECIDED_STAYS, DECIDED_GOES),
    ]
