"""A system names the pages to which a person is led back from the page of consent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_guards")]

    operations = [migrations.AddField("system", "return_urls", models.JSONField(default=list))]
