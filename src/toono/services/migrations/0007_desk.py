"""The desk's lists and what the watch looks for: each one range of one index."""

from django.db import migrations, models
from django.db.models import Q

ON_DESK = Q(open=True, on_desk=True, correcting_since__isnull=True)
WAITING = Q(open=True, submitted_at__isnull=False) & (Q(correcting_since__isnull=False) | Q(opinion_organisation__isnull=False))
RUNNING = Q(open=True, term_started_at__isnull=False, paused_at__isnull=True)

# Cases that were sent before there was a desk: those in a state of review stand on it, and their clocks have started.
ARRIVED = """
UPDATE services_case SET term_started_at = submitted_at WHERE submitted_at IS NOT NULL AND term_started_at IS NULL AND due_at IS NOT NULL;
UPDATE services_case c SET on_desk = true
FROM services_serviceversion v, jsonb_array_elements(v.content #> '{definition,workflow,states}') AS one(step)
WHERE c.open AND c.submitted_at IS NOT NULL AND v.code = c.service AND v.version = c.service_version
    AND step ->> 'name' = c.state AND step ->> 'kind' = 'review';
"""


class Migration(migrations.Migration):
    dependencies = [("services", "0006_end_of_retention")]

    operations = [
        migrations.AddField("case", "on_desk", models.BooleanField(default=False)),
        migrations.AddField("case", "opinion_reminded_at", models.DateTimeField(null=True)),
        migrations.AddField("case", "warn_at", models.DateTimeField(null=True)),
        migrations.RunSQL(ARRIVED, migrations.RunSQL.noop),
        migrations.AddIndex("case", models.Index(fields=["organisation", "due_at", "id"], condition=ON_DESK, name="desk_all")),
        migrations.AddIndex(
            "case",
            models.Index(fields=["organisation", "due_at", "id"], condition=ON_DESK & Q(assigned_to__isnull=True), name="desk_unassigned"),
        ),
        migrations.AddIndex(
            "case", models.Index(fields=["assigned_to", "organisation", "due_at", "id"], condition=ON_DESK, name="desk_mine")
        ),
        migrations.AddIndex(
            "case", models.Index(fields=["organisation", "service", "due_at", "id"], condition=ON_DESK, name="desk_service")
        ),
        migrations.AddIndex(
            "case", models.Index(fields=["organisation", "function", "due_at", "id"], condition=ON_DESK, name="desk_function")
        ),
        migrations.AddIndex(
            "case",
            models.Index(fields=["organisation", "due_at", "id"], condition=ON_DESK & Q(proposed__isnull=False), name="desk_to_confirm"),
        ),
        migrations.AddIndex("case", models.Index(fields=["organisation", "due_at", "id"], condition=WAITING, name="desk_waiting")),
        migrations.AddIndex("case", models.Index(fields=["warn_at"], condition=RUNNING & Q(warned_at__isnull=True), name="watch_to_warn")),
        migrations.AddIndex(
            "case", models.Index(fields=["due_at"], condition=RUNNING & Q(late_told_at__isnull=True), name="watch_to_tell")
        ),
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["opinion_due_at"],
                condition=Q(open=True, opinion_organisation__isnull=False, opinion_reminded_at__isnull=True),
                name="watch_opinions",
            ),
        ),
    ]
