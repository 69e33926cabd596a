import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pki", "0004_acme")]
    operations = [
        migrations.CreateModel(
            name="RelyingParty",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("names", models.JSONField()),
                ("callbacks", models.JSONField(default=list)),
                ("secret_digest", models.CharField(max_length=64)),
                ("registered_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="SigningRequest",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("origin", models.CharField(max_length=10)),
                ("purpose", models.CharField(max_length=20)),
                ("party_id", models.CharField(max_length=80)),
                ("party", models.CharField(max_length=200)),
                ("person_id", models.UUIDField(null=True)),
                ("digests", models.JSONField(default=list)),
                ("text", models.TextField()),
                ("verification_code", models.CharField(max_length=5)),
                ("protocol", models.JSONField(default=dict)),
                ("state", models.CharField(max_length=10)),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("challenge_id", models.UUIDField(null=True)),
                ("reference", models.CharField(default="", max_length=100)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("signatures", models.JSONField(default=list)),
                ("handle_digest", models.CharField(default="", max_length=64)),
                ("sad_digest", models.CharField(default="", max_length=64)),
                ("certificate", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="pki.certificate")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["person_id", "-asked_at"], name="pki_signing_of_person"),
                    models.Index(
                        condition=models.Q(("handle_digest", ""), _negated=True), fields=["handle_digest"], name="pki_signing_by_handle"
                    ),
                    models.Index(condition=models.Q(("sad_digest", ""), _negated=True), fields=["sad_digest"], name="pki_signing_by_sad"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "signed"), _negated=True),
                            models.Q(("challenge_id__isnull", False), ("confirmed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="pki_signed_when_confirmed",
                    )
                ],
            },
        ),
    ]
