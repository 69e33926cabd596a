from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_readings")]

    operations = [migrations.AddField(model_name="delivery", name="phone_change_id", field=models.UUIDField(null=True))]
