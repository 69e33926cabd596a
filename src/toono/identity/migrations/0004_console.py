"""The console: relying parties of organisations and their changes, refusals in words, counts of sign-ins, looks of support."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

import toono.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0003_protocol"),
    ]

    operations = [
        migrations.CreateModel(
            name="ClientChange",
            fields=[
                ("id", models.UUIDField(default=toono.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("client_id", models.CharField(db_index=True, max_length=80)),
                ("organisation", models.CharField(blank=True, max_length=40)),
                ("kind", models.CharField(max_length=12)),
                ("stage", models.CharField(blank=True, max_length=10)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
                ("base_version", models.PositiveIntegerField(default=0)),
                ("state", models.CharField(max_length=10)),
                ("drafted_by", models.UUIDField(null=True)),
                ("drafted_role", models.CharField(max_length=20)),
                ("drafted_at", models.DateTimeField()),
                ("decided_by", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name="PhoneChange",
            fields=[
                ("id", models.UUIDField(default=toono.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("sealed_phone", models.TextField()),
                ("sealed_former_phone", models.TextField(blank=True)),
                ("evidence", models.CharField(max_length=300)),
                ("state", models.CharField(max_length=10)),
                ("asked_by", models.UUIDField()),
                ("asked_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("decided_by", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Refusal",
            fields=[
                ("id", models.UUIDField(default=toono.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("client_id", models.CharField(max_length=80)),
                ("endpoint", models.CharField(max_length=40)),
                ("cause", models.CharField(max_length=60)),
                ("at", models.DateTimeField(db_index=True)),
                ("request_id", models.CharField(max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="RefusalCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_id", models.CharField(max_length=80)),
                ("endpoint", models.CharField(max_length=40)),
                ("cause", models.CharField(max_length=60)),
                ("day", models.DateField(db_index=True)),
                ("count", models.PositiveIntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SignInCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client_id", models.CharField(max_length=80)),
                ("organisation", models.CharField(blank=True, max_length=40)),
                ("day", models.DateField(db_index=True)),
                ("count", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="SignInsCounted",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SupportAct",
            fields=[
                ("id", models.UUIDField(default=toono.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("act", models.CharField(max_length=20)),
            ],
        ),
        migrations.CreateModel(
            name="SupportLook",
            fields=[
                ("id", models.UUIDField(default=toono.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("by", models.UUIDField()),
                ("reason", models.CharField(max_length=300)),
                ("expires_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="TrialRun",
            fields=[
                ("id", models.UUIDField(default=toono.kernel.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ("client_id", models.CharField(max_length=80)),
                ("twin_id", models.CharField(max_length=80)),
                ("sealed", models.TextField(blank=True)),
                ("steps", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="client",
            name="deactivated_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="client",
            name="deactivated_by_platform",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="client",
            name="former_secret_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="client",
            name="organisation",
            field=models.CharField(blank=True, db_default="", db_index=True, default="", max_length=40),
        ),
        migrations.AddField(
            model_name="client",
            name="secret_made_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="client",
            name="stage",
            field=models.CharField(db_default="production", default="production", max_length=10),
        ),
        migrations.AddField(
            model_name="client",
            name="twin_of",
            field=models.CharField(blank=True, db_default="", default="", max_length=80),
        ),
        migrations.AddField(
            model_name="client",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="person",
            name="given_phone",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            model_name="person",
            name="register_phone",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["phone"], name="person_by_phone"),
        ),
        migrations.AddIndex(
            model_name="clientchange",
            index=models.Index(fields=["state", "drafted_at"], name="change_by_state"),
        ),
        migrations.AddConstraint(
            model_name="clientchange",
            constraint=models.UniqueConstraint(condition=models.Q(("state", "waiting")), fields=("client_id",), name="one_waiting_change"),
        ),
        migrations.AddField(
            model_name="phonechange",
            name="person",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="identity.person"),
        ),
        migrations.AddIndex(
            model_name="refusal",
            index=models.Index(fields=["client_id", "-at"], name="refusal_by_client"),
        ),
        migrations.AddIndex(
            model_name="refusal",
            index=models.Index(fields=["request_id"], name="refusal_by_number"),
        ),
        migrations.AddConstraint(
            model_name="refusalcount",
            constraint=models.UniqueConstraint(fields=("client_id", "day", "cause", "endpoint"), name="refusals_counted_once"),
        ),
        migrations.AddConstraint(
            model_name="signincount",
            constraint=models.UniqueConstraint(fields=("client_id", "day"), name="sign_ins_counted_once"),
        ),
        migrations.AddField(
            model_name="supportlook",
            name="person",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, to="identity.person"),
        ),
        migrations.AddField(
            model_name="supportact",
            name="look",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="identity.supportlook"),
        ),
        migrations.AddField(
            model_name="phonechange",
            name="look",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="identity.supportlook"),
        ),
        migrations.AddField(
            model_name="trialrun",
            name="person",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="identity.person"),
        ),
        migrations.AddIndex(
            model_name="supportlook",
            index=models.Index(fields=["by", "at"], name="look_by_supporter"),
        ),
        migrations.AddIndex(
            model_name="supportlook",
            index=models.Index(fields=["person", "-at"], name="look_by_person"),
        ),
        migrations.AddConstraint(
            model_name="phonechange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")), fields=("person",), name="one_waiting_phone_change"
            ),
        ),
    ]
