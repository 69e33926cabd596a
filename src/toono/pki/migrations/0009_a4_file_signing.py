import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pki", "0008_a5_csc_signing")]

    operations = [
        migrations.CreateModel(
            name="FileSigning",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("person_id", models.UUIDField()),
                ("once", models.UUIDField()),
                ("name", models.CharField(max_length=200)),
                ("content", models.BinaryField()),
                ("size_bytes", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                ("pages", models.PositiveIntegerField(default=0)),
                ("form", models.CharField(max_length=20)),
                ("level", models.CharField(max_length=5)),
                ("beside", models.BooleanField(default=False)),
                ("stamp", models.JSONField(null=True)),
                ("reason", models.CharField(blank=True, max_length=100)),
                ("earlier", models.JSONField(default=list)),
                ("language", models.CharField(default="mn", max_length=2)),
                ("at", models.DateTimeField()),
                ("signed", models.BinaryField(null=True)),
                ("made_at", models.DateTimeField()),
                ("kept_until", models.DateTimeField()),
                ("certificate", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="pki.certificate")),
                (
                    "request",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="file", to="pki.signingrequest"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["person_id", "-made_at"], name="pki_file_signing_of_person"),
                    models.Index(fields=["kept_until"], name="pki_file_signing_kept"),
                ],
                "constraints": [models.UniqueConstraint(fields=["person_id", "once"], name="pki_file_signing_once")],
            },
        ),
    ]
