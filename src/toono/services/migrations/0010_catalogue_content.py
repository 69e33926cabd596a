from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("services", "0009_signature_requests")]

    operations = [
        migrations.CreateModel(
            name="CatalogueContent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("code", models.CharField(default="", max_length=60)),
                ("digest", models.CharField(max_length=64)),
                ("content", models.JSONField()),
                ("loaded_at", models.DateTimeField()),
            ],
            options={"constraints": [models.UniqueConstraint(fields=["kind", "code"], name="catalogue_content_once")]},
        )
    ]
