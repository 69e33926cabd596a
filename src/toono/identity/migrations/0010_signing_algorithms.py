"""Keys that sign tokens know by which algorithm."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0009_statements")]

    operations = [
        migrations.AddField(model_name="signingkey", name="algorithm", field=models.CharField(default="ES256", max_length=10)),
    ]
