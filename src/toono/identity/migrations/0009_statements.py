"""Software statements that were issued: to be listed, and taken back."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0008_tokens_from")]

    operations = [
        migrations.CreateModel(
            name="SoftwareStatement",
            fields=[
                ("identifier", models.CharField(max_length=36, primary_key=True, serialize=False)),
                ("software_id", models.CharField(max_length=80)),
                ("client_name", models.CharField(max_length=200)),
                ("organisation", models.CharField(blank=True, max_length=40)),
                ("issued_at", models.DateTimeField(db_index=True)),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("client_id", models.CharField(blank=True, max_length=80)),
                ("taken_back_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=500)),
                (
                    "issued_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="statements_issued", to="identity.person"
                    ),
                ),
                (
                    "taken_back_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="statements_taken_back", to="identity.person"
                    ),
                ),
            ],
        ),
    ]
