"""Complaints about late cases beside those about readings."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("feedback", "0003_contradictions")]

    operations = [
        migrations.AlterField("complaint", "reading_id", models.UUIDField(unique=True, null=True)),
        migrations.AlterField("complaint", "reading", models.JSONField(null=True)),
        migrations.AddField("complaint", "case_id", models.UUIDField(unique=True, null=True)),
        migrations.AddField("complaint", "late", models.JSONField(null=True)),
        migrations.AlterField(
            "complaint",
            "finding",
            models.CharField(
                choices=[("lawful", "lawful"), ("unlawful", "unlawful"), ("upheld", "upheld"), ("excused", "excused")], max_length=10, null=True
            ),
        ),
        migrations.AddConstraint(
            "complaint",
            models.CheckConstraint(
                condition=models.Q(reading_id__isnull=False, reading__isnull=False, case_id=None, late__isnull=True)
                | models.Q(case_id__isnull=False, late__isnull=False, reading_id=None, reading__isnull=True),
                name="feedback_complaint_of_one_thing",
            ),
        ),
    ]
