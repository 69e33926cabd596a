from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="challenge", name="flow", field=models.ForeignKey(null=True, on_delete=models.deletion.CASCADE, to="identity.flow")
        ),
        migrations.AddField(model_name="challenge", name="reference", field=models.CharField(blank=True, default="", max_length=100), preserve_default=False),
        migrations.AddField(model_name="challenge", name="title", field=models.CharField(blank=True, default="", max_length=200), preserve_default=False),
        migrations.AddField(model_name="challenge", name="confirms", field=models.CharField(blank=True, default="", max_length=64), preserve_default=False),
        migrations.AddIndex(
            model_name="challenge",
            index=models.Index(fields=["person", "reference", "created_at"], condition=models.Q(("flow__isnull", True)), name="challenge_confirming"),
        ),
    ]
