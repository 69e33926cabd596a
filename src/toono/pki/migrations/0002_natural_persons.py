from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pki", "0001_initial")]

    operations = [migrations.AlterField(model_name="certificate", name="register_number", field=models.CharField(max_length=12))]
