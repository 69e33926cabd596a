import django.db.models.deletion
from django.db import migrations, models

# Every process that keeps status answers listens to this channel: the serial number of a certificate whose status changed, or nothing
# where an authority or a responder was issued (operations/kept_answers.py).
TELL = """
CREATE FUNCTION pki_status_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('pki_status', CASE WHEN NEW.label LIKE 'pki/%' THEN '' ELSE NEW.serial END);
    RETURN NULL;
END $$;
CREATE TRIGGER pki_status_changed AFTER UPDATE OF revoked_at, reason ON pki_certificate FOR EACH ROW
    WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at OR OLD.reason IS DISTINCT FROM NEW.reason)
    EXECUTE FUNCTION pki_status_changed();
CREATE TRIGGER pki_status_new_authority AFTER INSERT ON pki_certificate FOR EACH ROW
    WHEN (NEW.label LIKE 'pki/%') EXECUTE FUNCTION pki_status_changed();
"""
TELL_NOTHING = """
DROP TRIGGER pki_status_changed ON pki_certificate;
DROP TRIGGER pki_status_new_authority ON pki_certificate;
DROP FUNCTION pki_status_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("pki", "0003_life_cycle")]

    operations = [
        migrations.RunSQL(TELL, TELL_NOTHING),
        migrations.AddField(model_name="revocationlist", name="delta", field=models.BinaryField(null=True)),
        migrations.AddField(model_name="revocationlist", name="content", field=models.CharField(default="", max_length=64)),
        migrations.CreateModel(
            name="ServerDomain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("organisation", models.CharField(max_length=60)),
                ("name", models.CharField(max_length=253)),
                ("added_at", models.DateTimeField()),
                ("added_by", models.UUIDField(null=True)),
                ("removed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at__isnull", True)), fields=("name",), name="pki_server_domain_once"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="AcmeKey",
            fields=[
                ("id", models.CharField(max_length=43, primary_key=True, serialize=False)),
                ("organisation", models.CharField(max_length=60)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.UUIDField(null=True)),
                ("expires_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="AcmeAccount",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("thumbprint", models.CharField(max_length=43, unique=True)),
                ("jwk", models.JSONField()),
                ("contact", models.JSONField(default=list)),
                ("status", models.CharField(max_length=12)),
                ("made_at", models.DateTimeField()),
                ("external_key", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="pki.acmekey")),
            ],
        ),
        migrations.CreateModel(
            name="AcmeOrder",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("names", models.JSONField()),
                ("status", models.CharField(max_length=12)),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("problem", models.JSONField(null=True)),
                ("account", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="pki.acmeaccount")),
                ("certificate", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="pki.certificate")),
            ],
            options={"indexes": [models.Index(fields=["account", "-made_at"], name="pki_acme_order_of_account")]},
        ),
        migrations.CreateModel(
            name="AcmeAuthorization",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=253)),
                ("token", models.CharField(max_length=43)),
                ("status", models.CharField(max_length=12)),
                ("asked_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("problem", models.JSONField(null=True)),
                (
                    "order",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="authorizations", to="pki.acmeorder"),
                ),
            ],
            options={"indexes": [models.Index(fields=["name", "decided_at"], name="pki_acme_authorization_of_name")]},
        ),
        migrations.CreateModel(
            name="AcmeNonce",
            fields=[
                ("nonce", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("used_at", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
