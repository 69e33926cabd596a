"""Tokens and used values are looked up by their whole value only, so Django's second index for LIKE costs a write and serves nobody; and most
access tokens of machines have no grant."""

import django.db.models.deletion
from django.db import migrations, models

WITHOUT_LIKE = """
DO $$ DECLARE found text; BEGIN
    FOR found IN
        SELECT indexname FROM pg_indexes
        WHERE schemaname = current_schema() AND tablename IN ('identity_accesstoken', 'identity_usedvalue') AND indexdef LIKE '%_pattern_ops%'
    LOOP EXECUTE format('DROP INDEX %I', found); END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("identity", "0005_aged_sessions")]

    operations = [
        migrations.RunSQL(WITHOUT_LIKE, migrations.RunSQL.noop),
        migrations.AlterField(
            "accesstoken", "grant", models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, to="identity.grant")
        ),
        migrations.AddIndex("accesstoken", models.Index(condition=models.Q(grant__isnull=False), fields=["grant"], name="access_token_of_grant")),
    ]
