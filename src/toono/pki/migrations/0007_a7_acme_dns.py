from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pki", "0006_validation")]

    operations = [
        migrations.AddField(model_name="acmeauthorization", name="wildcard", field=models.BooleanField(default=False)),
        migrations.AddField(
            model_name="acmeauthorization", name="dns_token", field=models.CharField(blank=True, default="", max_length=43)
        ),
        migrations.AddField(model_name="acmeauthorization", name="chosen", field=models.CharField(blank=True, default="", max_length=7)),
        migrations.AlterField(model_name="acmeauthorization", name="token", field=models.CharField(blank=True, max_length=43)),
        # What was asked for before was asked by the only challenge there was.
        migrations.RunSQL(
            "UPDATE pki_acmeauthorization SET chosen = 'http-01' WHERE asked_at IS NOT NULL",
            migrations.RunSQL.noop,
        ),
    ]
