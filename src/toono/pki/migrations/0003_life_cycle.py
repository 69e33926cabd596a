from django.db import migrations, models

# Steps are only ever added. A trigger says so to everybody, the table's owner included.
ADD_ONLY = """
CREATE FUNCTION pki_step_add_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'steps of certificates are never changed or removed';
END $$;
CREATE TRIGGER pki_step_add_only BEFORE UPDATE OR DELETE ON pki_certificatestep FOR EACH ROW EXECUTE FUNCTION pki_step_add_only();
"""
NOT_ADD_ONLY = "DROP TRIGGER pki_step_add_only ON pki_certificatestep; DROP FUNCTION pki_step_add_only();"

# Persons' certificates of before carry the person in their label; what happened to any certificate so far becomes its first steps.
HOLDERS = """
UPDATE pki_certificate SET holder_id = split_part(label, '/', 2)::uuid
WHERE profile = 'person' AND split_part(label, '/', 2) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
"""
FIRST_STEPS = """
INSERT INTO pki_certificatestep (certificate_id, act, at, reason, role, person_id, process, holder)
SELECT serial, 'issue', issued_at, NULL, 'system', NULL::uuid, 'before 0003', false FROM pki_certificate
UNION ALL
SELECT serial, 'revoke', revoked_at, reason, 'administrator', NULL, '', false FROM pki_certificate WHERE revoked_at IS NOT NULL
ORDER BY 3;
"""


class Migration(migrations.Migration):
    dependencies = [("pki", "0002_natural_persons")]

    operations = [
        migrations.AddField(model_name="certificate", name="holder_id", field=models.UUIDField(null=True)),
        migrations.AddIndex(
            model_name="certificate",
            index=models.Index(
                condition=models.Q(("holder_id__isnull", False)), fields=["holder_id", "-issued_at"], name="pki_certificate_of_holder"
            ),
        ),
        migrations.AddIndex(model_name="certificate", index=models.Index(fields=["not_after"], name="pki_certificate_ends")),
        migrations.CreateModel(
            name="CertificateStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("act", models.CharField(max_length=10)),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(max_length=30, null=True)),
                ("role", models.CharField(max_length=20)),
                ("person_id", models.UUIDField(null=True)),
                ("process", models.CharField(default="", max_length=40)),
                ("holder", models.BooleanField(default=False)),
                ("certificate", models.ForeignKey(on_delete=models.deletion.PROTECT, related_name="steps", to="pki.certificate")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["certificate", "at"], name="pki_step_of_certificate"),
                    models.Index(fields=["at"], name="pki_step_at"),
                ]
            },
        ),
        migrations.CreateModel(
            name="CertificateRequest",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("profile", models.CharField(max_length=20)),
                ("subject", models.JSONField()),
                ("holder_id", models.UUIDField(null=True)),
                ("organisation", models.CharField(default="", max_length=60)),
                ("pkcs10", models.TextField(default="")),
                ("channel", models.CharField(max_length=10)),
                ("statement", models.JSONField(default=dict)),
                ("state", models.CharField(max_length=10)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.UUIDField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", models.UUIDField(null=True)),
                ("refusal", models.CharField(default="", max_length=500)),
                ("fingerprint", models.CharField(max_length=64)),
                ("certificate", models.ForeignKey(null=True, on_delete=models.deletion.PROTECT, to="pki.certificate")),
            ],
            options={
                "indexes": [models.Index(fields=["state", "asked_at"], name="pki_request_queue")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")), fields=("fingerprint",), name="pki_request_waits_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("certificate__isnull", False), ("state", "issued")),
                            models.Q(models.Q(("state", "issued"), _negated=True), ("certificate__isnull", True)),
                            _connector="OR",
                        ),
                        name="pki_request_issued_with_certificate",
                    ),
                ],
            },
        ),
        migrations.RunSQL(HOLDERS, migrations.RunSQL.noop),
        migrations.RunSQL(FIRST_STEPS, migrations.RunSQL.noop),
        migrations.RunSQL(ADD_ONLY, NOT_ADD_ONLY),
    ]
