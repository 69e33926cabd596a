"""A request that its person answers elsewhere may name the resource for which its tokens shall be."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0006_lean_indexes")]

    operations = [migrations.AddField("approval", "resources", models.JSONField(default=list, db_default=[]))]
