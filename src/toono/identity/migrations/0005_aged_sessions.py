from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0004_console")]
    operations: list[migrations.operations.base.Operation] = [
        migrations.AddIndex(
            model_name="session",
            index=models.Index(condition=models.Q(("ended_at", None)), fields=["expires_at"], name="session_living"),
        ),
    ]
