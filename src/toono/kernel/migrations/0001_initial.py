from django.db import migrations, models

import toono.kernel.ids

APPEND_ONLY = """
CREATE FUNCTION toono_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON kernel_auditrecord FOR EACH ROW EXECUTE FUNCTION toono_append_only();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON kernel_auditrecord FOR EACH STATEMENT EXECUTE FUNCTION toono_append_only();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []

    operations = [
        migrations.CreateModel(
            name="OutboxEvent",
            fields=[
                ("id", models.UUIDField(default=toono.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=100)),
                ("payload", models.JSONField()),
                ("occurred_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="HandledEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", models.UUIDField()),
                ("subscriber", models.CharField(max_length=100)),
                ("handled_at", models.DateTimeField()),
            ],
        ),
        migrations.AddConstraint(
            model_name="handledevent",
            constraint=models.UniqueConstraint(fields=("event_id", "subscriber"), name="handled_once"),
        ),
        migrations.CreateModel(
            name="AuditRecord",
            fields=[
                ("id", models.UUIDField(default=toono.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_index=True)),
                ("role", models.CharField(max_length=20)),
                ("person_id", models.UUIDField(null=True)),
                ("organisation", models.CharField(max_length=50, null=True)),
                ("process", models.CharField(max_length=50, null=True)),
                ("session_id", models.CharField(max_length=64, null=True)),
                ("action", models.CharField(max_length=100)),
                ("subject", models.CharField(db_index=True, max_length=200)),
                ("details", models.JSONField(default=dict)),
            ],
        ),
        migrations.RunSQL(APPEND_ONLY, "DROP FUNCTION toono_append_only() CASCADE"),
    ]
