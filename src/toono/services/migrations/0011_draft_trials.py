from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("services", "0010_catalogue_content")]

    operations = [
        migrations.AddField("definitiondraft", "writers", models.JSONField(default=list)),
        migrations.AddField("definitiondraft", "trial", models.JSONField(default=dict)),
    ]
