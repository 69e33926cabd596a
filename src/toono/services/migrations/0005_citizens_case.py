"""What the case keeps for its applicant: answered fields of a correction, a reading that differs, counted tries of tracking codes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("services", "0004_more_guards")]

    operations = [
        migrations.AddField("case", "differs_since", models.DateTimeField(null=True)),
        migrations.AddField("correction", "answered", models.JSONField(default=list)),
        migrations.AddField("correction", "recalled", models.BooleanField(default=False)),
        migrations.AddField("correction", "reminded_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="TrackingTry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address_digest", models.CharField(max_length=64)),
                ("window_start", models.DateTimeField()),
                ("count", models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.AddConstraint(
            "trackingtry", models.UniqueConstraint(fields=["address_digest", "window_start"], name="tracking_tries_of_window")
        ),
    ]
