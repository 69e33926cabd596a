from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0007_approval_resources")]

    operations = [migrations.AddField(model_name="client", name="tokens_from", field=models.DateTimeField(null=True))]
