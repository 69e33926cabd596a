import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pki", "0007_a7_acme_dns")]

    operations = [
        migrations.CreateModel(
            name="CscSigning",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("use", models.CharField(max_length=10)),
                ("asked", models.CharField(max_length=64)),
                ("work", models.BinaryField(default=b"")),
                ("wants_material", models.BooleanField(default=False)),
                ("at", models.DateTimeField()),
                ("answer", models.JSONField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("forgotten", models.BooleanField(default=False)),
                ("request", models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, to="pki.signingrequest")),
            ],
            options={
                "indexes": [models.Index(condition=models.Q(("forgotten", False)), fields=["at"], name="pki_csc_signing_kept")],
            },
        ),
    ]
