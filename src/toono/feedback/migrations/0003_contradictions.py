"""What persons say against facts, to the keepers of registers."""

from django.db import migrations, models

import toono.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("feedback", "0002_complaints")]

    operations = [
        migrations.CreateModel(
            name="Contradiction",
            fields=[
                ("id", models.UUIDField(default=toono.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=12, unique=True)),
                ("dispute_id", models.UUIDField(unique=True)),
                ("case_id", models.UUIDField()),
                ("person_id", models.UUIDField()),
                ("organisation", models.CharField(max_length=50)),
                ("fact", models.JSONField()),
                ("words", models.CharField(max_length=1000)),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("outcome", models.CharField(choices=[("corrected", "corrected"), ("stands", "stands")], max_length=10, null=True)),
                ("answer", models.CharField(blank=True, max_length=4000)),
                ("answered_at", models.DateTimeField(null=True)),
                ("answered_by", models.UUIDField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["organisation", "answered_at", "due_at"], name="feedback_contradictions")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(outcome=None, answered_at=None)
                        | (models.Q(outcome__isnull=False, answered_at__isnull=False, answered_by__isnull=False) & ~models.Q(answer="")),
                        name="feedback_contradiction_answer_is_whole",
                    )
                ],
            },
        ),
    ]
