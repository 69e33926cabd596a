"""Tables of identity. Secrets (codes, tokens, cookies) stand here as digests only."""

from __future__ import annotations

from django.db import models

from toono.kernel.ids import uuid7


class Person(models.Model):
    """A person, as last read from the population register."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    civil_id = models.CharField(max_length=12, unique=True)
    regnum = models.CharField(max_length=10, unique=True)
    clan_name = models.CharField(max_length=100)
    patronymic = models.CharField(max_length=100)
    given_name = models.CharField(max_length=100)
    birth_date = models.DateField()
    phone = models.CharField(max_length=20, blank=True)
    unit_code = models.CharField(max_length=12, null=True)
    aimag_code = models.CharField(max_length=2, null=True)
    registered_at = models.DateTimeField()
    refreshed_at = models.DateTimeField()


class Appointment(models.Model):
    """A right given by an administrator. Ended, never removed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    role = models.CharField(max_length=20)
    organisation = models.CharField(max_length=40, blank=True)
    appointed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "role", "organisation"], condition=models.Q(ended_at=None), name="appointed_once"),
        ]


class Session(models.Model):
    """A person signed in at the provider, in one browser. Its id is the ``sid`` of OpenID Connect and no secret."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    token_digest = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    auth_time = models.DateTimeField()
    acr = models.CharField(max_length=20)
    amr = models.JSONField()
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    device = models.CharField(max_length=120, blank=True)


class Flow(models.Model):
    """An authorization request that waits while the person signs in. Bound to the browser by a cookie."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    browser_digest = models.CharField(max_length=64)
    query = models.TextField()
    client_id = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    session = models.ForeignKey(Session, null=True, on_delete=models.CASCADE)
    finished_at = models.DateTimeField(null=True)


class Challenge(models.Model):
    """A code asked for. Exists alike for numbers that no register knows: then it is never drawn."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE)
    regnum = models.CharField(max_length=10)
    guard_key = models.CharField(max_length=64)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE)
    language = models.CharField(max_length=5)
    created_at = models.DateTimeField()
    prepared_at = models.DateTimeField(null=True)
    register_failed_at = models.DateTimeField(null=True)
    code_digest = models.CharField(max_length=64, blank=True)
    drawn_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["guard_key", "created_at"], name="challenge_by_number"),
            models.Index(fields=["register_failed_at"], condition=models.Q(register_failed_at__isnull=False), name="challenge_failed"),
        ]


class Guard(models.Model):
    """Wrong codes in a row for one register number (kept as a keyed digest), known or not; holds across processes and restarts."""

    key = models.CharField(primary_key=True, max_length=64)
    failures = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(db_index=True)


class AddressCount(models.Model):
    """How often something was done from one network address in one window of time."""

    address_digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=20)
    window_start = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address_digest", "kind", "window_start"], name="counted_once")]


class Client(models.Model):
    """A relying party."""

    client_id = models.CharField(primary_key=True, max_length=60)
    name_mn = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    secret_digest = models.CharField(max_length=64, blank=True)
    """SHA-256 of a random secret of 256 bits or more; empty for a public client."""
    redirect_uris = models.JSONField()
    post_logout_redirect_uris = models.JSONField()
    scopes = models.JSONField()


class AuthorizationCode(models.Model):
    """An authorization code and the grant behind it."""

    digest = models.CharField(primary_key=True, max_length=64)
    client_id = models.CharField(max_length=60)
    redirect_uri = models.TextField()
    code_challenge = models.CharField(max_length=43)
    nonce = models.TextField(blank=True)
    scope = models.CharField(max_length=200)
    session = models.ForeignKey(Session, on_delete=models.CASCADE)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)


class AccessToken(models.Model):
    """An opaque access token. Dead when revoked, expired, or when its session ends."""

    digest = models.CharField(primary_key=True, max_length=64)
    code = models.ForeignKey(AuthorizationCode, on_delete=models.CASCADE)
    client_id = models.CharField(max_length=60)
    scope = models.CharField(max_length=200)
    session = models.ForeignKey(Session, on_delete=models.CASCADE)
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)
