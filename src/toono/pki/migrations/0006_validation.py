import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pki", "0005_remote_signing")]

    operations = [
        migrations.CreateModel(
            name="PublishedTrustedList",
            fields=[
                ("number", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("xml", models.BinaryField()),
                ("content", models.CharField(max_length=64)),
                ("issued_at", models.DateTimeField()),
                ("next_update", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="TrustedList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("title", models.CharField(max_length=200)),
                ("address", models.CharField(blank=True, max_length=500)),
                ("pin", models.TextField()),
                ("territory", models.CharField(max_length=10)),
                ("sequence_number", models.BigIntegerField()),
                ("issued_at", models.DateTimeField()),
                ("next_update", models.DateTimeField(null=True)),
                ("xml", models.BinaryField()),
                ("loaded_at", models.DateTimeField()),
                ("checked_at", models.DateTimeField()),
                ("problem", models.CharField(blank=True, max_length=300)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("title",), name="pki_trusted_list_once")]},
        ),
        migrations.CreateModel(
            name="TrustedService",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=300)),
                ("kind", models.CharField(max_length=200)),
                ("certificate", models.BinaryField()),
                ("granted", models.JSONField()),
                (
                    "trusted_list",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="services", to="pki.trustedlist"),
                ),
            ],
        ),
    ]
