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
    given_phone = models.CharField(max_length=20, blank=True, default="", db_default="")
    """A number entered by the platform after two people had looked at it; then ``phone`` is that one …"""
    register_phone = models.CharField(max_length=20, blank=True, default="", db_default="")
    """… for as long as the register says this, as it did then."""
    unit_code = models.CharField(max_length=12, null=True)
    aimag_code = models.CharField(max_length=2, null=True)
    registered_at = models.DateTimeField()
    refreshed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["phone"], name="person_by_phone")]


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

    class Meta:
        # What housekeeping looks through; without `last_used_at`, so that noting the use of a session touches no index.
        indexes = [models.Index(fields=["expires_at"], condition=models.Q(ended_at=None), name="session_living")]


class Flow(models.Model):
    """An authorization request that waits while the person signs in. Bound to the browser by a cookie."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    browser_digest = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, default="oidc")
    """``oidc``, or ``dan`` for a request in the manner of ДАН."""
    query = models.TextField()
    """The request as it counts, after what was pushed or signed was opened."""
    pushed = models.CharField(max_length=64, blank=True, default="")
    """Digest of the pushed request's name."""
    signed = models.BooleanField(default=False)
    items = models.JSONField(null=True)
    """What the person is asked to agree to; None: nothing yet."""
    agreed = models.JSONField(null=True)
    """What they agreed to; None: not answered yet."""
    refused = models.BooleanField(default=False)
    client_id = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    session = models.ForeignKey(Session, null=True, on_delete=models.CASCADE)
    finished_at = models.DateTimeField(null=True)


class Challenge(models.Model):
    """A code asked for: to sign in, or to confirm one thing. Exists alike for numbers that no register knows: then it is never drawn."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    flow = models.ForeignKey(Flow, null=True, on_delete=models.CASCADE)
    """The sign-in on its way; None where something is confirmed."""
    reference = models.CharField(max_length=100, blank=True)
    """What is confirmed, in the words of the room that asks: ``case:<id>``."""
    title = models.CharField(max_length=200, blank=True)
    """The same for the person; stands in the text message."""
    confirms = models.CharField(max_length=64, blank=True)
    """SHA-256 of exactly what the person saw."""
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
            models.Index(fields=["person", "reference", "created_at"], condition=models.Q(flow__isnull=True), name="challenge_confirming"),
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

    client_id = models.CharField(primary_key=True, max_length=80)
    name_mn = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    secret_digest = models.CharField(max_length=64, blank=True)
    """SHA-256 of a random secret of 256 bits or more; empty for a client that has none."""
    metadata = models.JSONField(default=dict)
    """As registered: RFC 7591 §2, read by ``domain/oidc/registration.py``."""
    trusted = models.BooleanField(default=False)
    """The platform's own; nobody is asked for consent."""
    registration_digest = models.CharField(max_length=64, blank=True, default="")
    registered_at = models.DateTimeField(null=True)
    organisation = models.CharField(max_length=40, blank=True, default="", db_default="", db_index=True)
    """Code of the organisation whose system it is; empty for the platform's own and for those that registered themselves."""
    stage = models.CharField(max_length=10, default="production", db_default="production")
    """``production``, or ``test``: within narrow bounds and without approval."""
    former_secret_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    """While a secret is being changed, the one before proves the client as well."""
    secret_made_at = models.DateTimeField(null=True)
    deactivated_at = models.DateTimeField(null=True)
    """From then on the protocol does not know it."""
    tokens_from = models.DateTimeField(null=True)
    """When it was last switched on again: a token for itself that it had before stays dead."""
    deactivated_by_platform = models.BooleanField(default=False, db_default=False)
    twin_of = models.CharField(max_length=80, blank=True, default="", db_default="")
    """A twin with keys of its own, made for one trial of that registration."""
    version = models.PositiveIntegerField(default=1, db_default=1)
    """Rises with each change, so that nobody changes what they did not see."""


class SoftwareStatement(models.Model):
    """That a statement was issued with which an organisation registers one client itself (RFC 7591 §2.3); never its text."""

    identifier = models.CharField(primary_key=True, max_length=36)
    """``jti`` of the statement."""
    software_id = models.CharField(max_length=80)
    client_name = models.CharField(max_length=200)
    organisation = models.CharField(max_length=40, blank=True)
    issued_at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField()
    issued_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="statements_issued")
    """None: the platform itself."""
    used_at = models.DateTimeField(null=True)
    client_id = models.CharField(max_length=80, blank=True)
    """Of the client that was registered with it."""
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="statements_taken_back")
    reason = models.CharField(max_length=500, blank=True)


class Grant(models.Model):
    """What a person has allowed a client, once; its codes and tokens end with it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.CharField(max_length=80)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    session = models.ForeignKey(Session, null=True, on_delete=models.SET_NULL)
    details = models.JSONField()
    """Scope, claims, resources, authorization details, and the session as it was."""
    offline = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["person", "client_id"], name="grant_by_person")]


class AuthorizationCode(models.Model):
    """An authorization code."""

    digest = models.CharField(primary_key=True, max_length=64)
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE)
    redirect_uri = models.TextField()
    code_challenge = models.CharField(max_length=43)
    nonce = models.TextField(blank=True)
    dpop_jkt = models.CharField(max_length=43, blank=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)


class AccessToken(models.Model):
    """An access token, opaque or JWT. Dead when revoked, expired, or when its grant ends. A client's own JWT is here only once it is revoked."""

    digest = models.CharField(primary_key=True, max_length=64)
    client_id = models.CharField(max_length=80)
    grant = models.ForeignKey(Grant, null=True, on_delete=models.CASCADE, db_index=False)
    """None: the client acts for itself."""
    details = models.JSONField()
    """Scope, audience, binding, authorization details, actors."""
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["grant"], condition=models.Q(grant__isnull=False), name="access_token_of_grant")]


class RefreshToken(models.Model):
    """A refresh token; its family is the grant."""

    digest = models.CharField(primary_key=True, max_length=64)
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE)
    jkt = models.CharField(max_length=43, blank=True)
    x5t = models.CharField(max_length=43, blank=True)
    expires_at = models.DateTimeField(db_index=True)
    replaced_at = models.DateTimeField(null=True)
    successor = models.CharField(max_length=64, blank=True)
    sealed_reply = models.TextField(blank=True)
    """Encrypted by a key that only the token itself yields."""


class UsedValue(models.Model):
    """Something that counts once: the id of a proof, of an assertion, of a statement."""

    value = models.CharField(primary_key=True, max_length=90)
    expires_at = models.DateTimeField(db_index=True)


class PushedRequest(models.Model):
    """A pushed authorization request, checked."""

    digest = models.CharField(primary_key=True, max_length=64)
    client_id = models.CharField(max_length=80)
    parameters = models.JSONField()
    signed = models.BooleanField()
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)


class Consent(models.Model):
    """What a person was asked for one client, and what of it they agreed to."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    client_id = models.CharField(max_length=80)
    asked = models.JSONField()
    agreed = models.JSONField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "client_id"], name="one_consent")]


class PairwiseName(models.Model):
    """What a person is called in one sector, for ever."""

    sector = models.CharField(max_length=255)
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    name = models.CharField(max_length=43, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sector", "person"], name="one_name_per_sector")]


class Approval(models.Model):
    """A request that its person answers elsewhere: a device code, or a sign-in that a client began."""

    digest = models.CharField(primary_key=True, max_length=64)
    id = models.UUIDField(default=uuid7, unique=True, editable=False)
    kind = models.CharField(max_length=10)
    client_id = models.CharField(max_length=80)
    scope = models.CharField(max_length=500)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE)
    user_code = models.CharField(max_length=8, blank=True)
    binding_message = models.CharField(max_length=100, blank=True)
    notification_token = models.TextField(blank=True)
    auth_req_id = models.TextField(blank=True)
    """Both encrypted by a key of the platform, and only for a ping."""
    authorization_details = models.JSONField()
    resources = models.JSONField(default=list, db_default=[])
    """Addresses (RFC 8707) that the client named at the beginning."""
    interval_seconds = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10)
    polled_at = models.DateTimeField(null=True)
    grant = models.ForeignKey(Grant, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_code"], condition=~models.Q(user_code=""), name="one_user_code"),
        ]
        indexes = [models.Index(fields=["person", "state"], name="approval_by_person")]


class SigningKey(models.Model):
    """A generation of the key that signs tokens."""

    label = models.CharField(primary_key=True, max_length=20)
    algorithm = models.CharField(max_length=10, default="ES256")
    published_at = models.DateTimeField()
    active_from = models.DateTimeField()


class LogoutDelivery(models.Model):
    """One client to be told that one session has ended (back-channel logout), and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.CharField(max_length=80)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    session_id = models.UUIDField()
    created_at = models.DateTimeField(db_index=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    gave_up_at = models.DateTimeField(null=True)
    last_answer = models.CharField(max_length=200, blank=True)
    """Status, or why there was none."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client_id", "session_id"], name="told_once")]


# -- the console --------------------------------------------------------------------------------------------------


class ClientChange(models.Model):
    """What somebody wished for a relying party, and what became of it: the history of each. Never changed once decided."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.CharField(max_length=80, db_index=True)
    organisation = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=12)
    stage = models.CharField(max_length=10, blank=True)
    before = models.JSONField(null=True)
    """Metadata as they stood; None: there was none."""
    after = models.JSONField(null=True)
    """Metadata as wished; None where they do not change."""
    base_version = models.PositiveIntegerField(default=0)
    """Version of the registration that the wish was made upon."""
    state = models.CharField(max_length=10)
    drafted_by = models.UUIDField(null=True)
    drafted_role = models.CharField(max_length=20)
    drafted_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client_id"], condition=models.Q(state="waiting"), name="one_waiting_change")]
        indexes = [models.Index(fields=["state", "drafted_at"], name="change_by_state")]


class RefusalCount(models.Model):
    """How often a client was refused for one cause at one endpoint on one day of Ulaanbaatar."""

    client_id = models.CharField(max_length=80)
    endpoint = models.CharField(max_length=40)
    cause = models.CharField(max_length=60)
    day = models.DateField(db_index=True)
    count = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client_id", "day", "cause", "endpoint"], name="refusals_counted_once")]


class Refusal(models.Model):
    """One refusal: when, and the number that the answer bore. Of many alike on one day only the first are kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.CharField(max_length=80)
    endpoint = models.CharField(max_length=40)
    cause = models.CharField(max_length=60)
    at = models.DateTimeField(db_index=True)
    request_id = models.CharField(max_length=16)

    class Meta:
        indexes = [
            models.Index(fields=["client_id", "-at"], name="refusal_by_client"),
            models.Index(fields=["request_id"], name="refusal_by_number"),
        ]


class TrialRun(models.Model):
    """A trial of one registration in the console: what was sent and answered, without a secret."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    client_id = models.CharField(max_length=80)
    twin_id = models.CharField(max_length=80)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    sealed = models.TextField(blank=True)
    """Keys and values of the twin, encrypted; emptied when the trial is over."""
    steps = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField(null=True)


class SignInCount(models.Model):
    """How often people were let in to one system on one day of Ulaanbaatar."""

    client_id = models.CharField(max_length=80)
    organisation = models.CharField(max_length=40, blank=True)
    day = models.DateField(db_index=True)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client_id", "day"], name="sign_ins_counted_once")]


class SignInsCounted(models.Model):
    """Up to which moment sign-ins are in the counts. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    until = models.DateTimeField()


class SupportLook(models.Model):
    """The platform's support opened somebody's account, or looked for one that is not there. Told to the person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField()
    by = models.UUIDField()
    reason = models.CharField(max_length=300)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE)
    """None: nobody was found."""
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["by", "at"], name="look_by_supporter"),
            models.Index(fields=["person", "-at"], name="look_by_person"),
        ]


class SupportAct(models.Model):
    """What support did in an account that it had opened."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    look = models.ForeignKey(SupportLook, on_delete=models.CASCADE)
    at = models.DateTimeField()
    act = models.CharField(max_length=20)


class PhoneChange(models.Model):
    """Another telephone number for a person: wished by one, decided by another."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    look = models.ForeignKey(SupportLook, on_delete=models.PROTECT)
    person = models.ForeignKey(Person, on_delete=models.CASCADE)
    sealed_phone = models.TextField()
    """The wished number, encrypted; emptied when decided."""
    sealed_former_phone = models.TextField(blank=True)
    """Once changed, the number before, encrypted, so that who has it can be told; emptied after some days."""
    evidence = models.CharField(max_length=300)
    """How the person proved who they are."""
    state = models.CharField(max_length=10)
    asked_by = models.UUIDField()
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person"], condition=models.Q(state="waiting"), name="one_waiting_phone_change")]
