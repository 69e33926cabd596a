"""Tables of the room: every certificate ever issued, and the revocation lists."""

from __future__ import annotations

from django.db import models


class Certificate(models.Model):
    """A certificate that an authority of ours issued. Rows are never removed: status must be told for ever."""

    serial = models.CharField(max_length=40, primary_key=True)
    """Lower-case hex."""
    issuer_serial = models.CharField(max_length=40)
    """Serial of the authority's certificate; the root's is its own."""
    label = models.CharField(max_length=130)
    """Key label that was asked for."""
    key = models.CharField(max_length=130)
    """Key label in the signer: the asked one, or a later generation of it after a compromise."""
    profile = models.CharField(max_length=20)
    common_name = models.CharField(max_length=64)
    organisation = models.CharField(max_length=64)
    register_number = models.CharField(max_length=12)
    """Of a legal person seven digits; of a natural person the civil id, twelve."""
    pem = models.TextField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=30, null=True)
    """With ``certificate_hold`` it is suspended, and ``revoked_at`` says since when; both go when it is revived."""
    holder_id = models.UUIDField(null=True)
    """The natural person whose key it is; None of organisations, servers and the platform."""

    class Meta:
        indexes = [
            models.Index(fields=["holder_id", "-issued_at"], condition=models.Q(holder_id__isnull=False), name="pki_certificate_of_holder"),
            models.Index(fields=["not_after"], name="pki_certificate_ends"),
            models.Index(fields=["label", "-issued_at"], name="pki_certificate_of_label"),
            models.Index(fields=["issuer_serial"], condition=models.Q(revoked_at__isnull=False), name="pki_certificate_revoked"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True, reason__isnull=True) | models.Q(revoked_at__isnull=False, reason__isnull=False),
                name="pki_revoked_with_reason",
            )
        ]


class RevocationList(models.Model):
    """A published revocation list with its list of changes; the newest number of an authority is the one in force."""

    authority = models.CharField(max_length=20)
    """Its name in addresses: ``issuing``, ``issuing-persons``, ``issuing-2`` (``domain.profiles.slug``)."""
    number = models.PositiveIntegerField()
    der = models.BinaryField()
    delta = models.BinaryField(null=True)
    """What has changed since the oldest list that was in time then; None of lists from before there were any."""
    content = models.CharField(max_length=64, default="")
    """SHA-256 over its lines: whether there is anything new to publish."""
    this_update = models.DateTimeField()
    next_update = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["authority", "number"], name="pki_list_numbered_once")]


# -- life cycle --------------------------------------------------------------------------------------------------


class CertificateStep(models.Model):
    """One step in the life of a certificate. Rows are only added: the database refuses to change or remove one (migration 0003)."""

    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, related_name="steps")
    act = models.CharField(max_length=10)
    at = models.DateTimeField()
    reason = models.CharField(max_length=30, null=True)
    role = models.CharField(max_length=20)
    """Of the one who acted, see ``kernel.actor.Role``."""
    person_id = models.UUIDField(null=True)
    """Who acted; None for a process."""
    process = models.CharField(max_length=40, default="")
    holder = models.BooleanField(default=False)
    """It was the certificate's own holder."""

    class Meta:
        indexes = [
            models.Index(fields=["certificate", "at"], name="pki_step_of_certificate"),
            models.Index(fields=["at"], name="pki_step_at"),
        ]


class CertificateRequest(models.Model):
    """Somebody asked for a certificate: at the registration desk, online, or for a server. Kept for ever, decided or not."""

    id = models.UUIDField(primary_key=True)
    profile = models.CharField(max_length=20)
    subject = models.JSONField()
    """The name as the profile's contract has it."""
    holder_id = models.UUIDField(null=True)
    organisation = models.CharField(max_length=60, default="")
    """Code of the organisation for which it is asked; empty where a person asks for themselves."""
    pkcs10 = models.TextField(default="")
    """PEM of a server's request; empty where the signer makes the key."""
    channel = models.CharField(max_length=10)
    statement = models.JSONField(default=dict)
    """How the identity was proven: contract ``DeskStatement``, or the confirmation's reference."""
    state = models.CharField(max_length=10)
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    refusal = models.CharField(max_length=500, default="")
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, null=True)
    fingerprint = models.CharField(max_length=64)
    """SHA-256 of what was asked, so that the second press of the button finds the first."""

    class Meta:
        indexes = [models.Index(fields=["state", "asked_at"], name="pki_request_queue")]
        constraints = [
            models.UniqueConstraint(fields=["fingerprint"], condition=models.Q(state="waiting"), name="pki_request_waits_once"),
            models.CheckConstraint(
                condition=models.Q(state="issued", certificate__isnull=False)
                | ~models.Q(state="issued") & models.Q(certificate__isnull=True),
                name="pki_request_issued_with_certificate",
            ),
        ]


# -- remote signing ----------------------------------------------------------------------------------------------


class RelyingParty(models.Model):
    """Who may ask through the interface of Smart-ID. Ended, never removed."""

    id = models.UUIDField(primary_key=True)
    names = models.JSONField()
    callbacks = models.JSONField(default=list)
    secret_digest = models.CharField(max_length=64)
    """SHA-256 of a random secret of 256 bits."""
    registered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)


class SigningRequest(models.Model):
    """Somebody asks a natural person to sign. Rows stay: they are the person's history."""

    id = models.UUIDField(primary_key=True)
    """Random throughout: who knows it may ask how the request stands."""
    origin = models.CharField(max_length=10)
    purpose = models.CharField(max_length=20)
    party_id = models.CharField(max_length=80)
    """Relying party of Smart-ID, or client of the OpenID Provider."""
    party = models.CharField(max_length=200)
    person_id = models.UUIDField(null=True)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, null=True)
    digests = models.JSONField(default=list)
    text = models.TextField()
    verification_code = models.CharField(max_length=5)
    protocol = models.JSONField(default=dict)
    state = models.CharField(max_length=10)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    challenge_id = models.UUIDField(null=True)
    """The confirmation by which the key was let loose."""
    reference = models.CharField(max_length=100, default="")
    confirmed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    signatures = models.JSONField(default=list)
    handle_digest = models.CharField(max_length=64, default="")
    sad_digest = models.CharField(max_length=64, default="")
    """SHA-256 of what the client of CSC shows to ask, and to fetch the signatures."""

    class Meta:
        indexes = [
            models.Index(fields=["person_id", "-asked_at"], name="pki_signing_of_person"),
            models.Index(fields=["handle_digest"], condition=~models.Q(handle_digest=""), name="pki_signing_by_handle"),
            models.Index(fields=["sad_digest"], condition=~models.Q(sad_digest=""), name="pki_signing_by_sad"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="signed") | models.Q(confirmed_at__isnull=False, challenge_id__isnull=False),
                name="pki_signed_when_confirmed",
            ),
        ]


class CscSigning(models.Model):
    """The one call of the Cloud Signature Consortium's interface that used up a confirmation. Documents go when they are signed, answers after an hour."""

    id = models.UUIDField(primary_key=True)
    """Random; as ``responseID`` its client fetches the answer."""
    request = models.OneToOneField(SigningRequest, on_delete=models.CASCADE)
    use = models.CharField(max_length=10)
    """``hashes`` or ``documents``."""
    asked = models.CharField(max_length=64)
    """SHA-256 of what was asked for."""
    work = models.BinaryField(default=b"")
    wants_material = models.BooleanField(default=False)
    at = models.DateTimeField()
    """Claimed time of signing, whole seconds."""
    answer = models.JSONField(null=True)
    answered_at = models.DateTimeField(null=True)
    forgotten = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["at"], condition=models.Q(forgotten=False), name="pki_csc_signing_kept")]


# -- ACME --------------------------------------------------------------------------------------------------------


class ServerDomain(models.Model):
    """A name for which an organisation's servers may have certificates, entered by an administrator. Rows are never removed."""

    organisation = models.CharField(max_length=60)
    """Code in the registry."""
    name = models.CharField(max_length=253)
    """Lower case: ``portal.nam.mn`` is this name alone, ``*.nam.mn`` every name below it, at any depth."""
    added_at = models.DateTimeField()
    added_by = models.UUIDField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], condition=models.Q(removed_at__isnull=True), name="pki_server_domain_once")]


class AcmeKey(models.Model):
    """An external account key (RFC 8555 §7.3.4): lets one ACME account be made for an organisation. Its secret is derived, never kept."""

    id = models.CharField(max_length=43, primary_key=True)
    organisation = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    made_by = models.UUIDField(null=True)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    """From then on it makes no account, and the account that it made may do nothing more."""


class AcmeAccount(models.Model):
    """An ACME account: a key of an agency's server."""

    id = models.UUIDField(primary_key=True)
    external_key = models.OneToOneField(AcmeKey, on_delete=models.PROTECT)
    """Each makes one account."""
    thumbprint = models.CharField(max_length=43, unique=True)
    """RFC 7638, SHA-256."""
    jwk = models.JSONField()
    contact = models.JSONField(default=list)
    status = models.CharField(max_length=12)
    made_at = models.DateTimeField()


class AcmeOrder(models.Model):
    """A certificate that is asked for by ACME."""

    id = models.UUIDField(primary_key=True)
    account = models.ForeignKey(AcmeAccount, on_delete=models.PROTECT)
    names = models.JSONField()
    status = models.CharField(max_length=12)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, null=True)
    problem = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-made_at"], name="pki_acme_order_of_account")]


class AcmeAuthorization(models.Model):
    """Whether the account has shown that it controls one name of an order; with its challenges, of which one decides."""

    id = models.UUIDField(primary_key=True)
    order = models.ForeignKey(AcmeOrder, on_delete=models.PROTECT, related_name="authorizations")
    name = models.CharField(max_length=253)
    """Without the star, where ``wildcard``."""
    wildcard = models.BooleanField(default=False)
    """All names directly below ``name`` are asked for."""
    token = models.CharField(max_length=43, blank=True)
    """Of the challenge http-01; empty where it is not offered."""
    dns_token = models.CharField(max_length=43, blank=True, default="")
    """Of the challenge dns-01; empty where it is not offered."""
    chosen = models.CharField(max_length=7, blank=True, default="")
    """Which challenge the client said it has answered."""
    status = models.CharField(max_length=12)
    """Of the authorization: pending, valid, invalid, deactivated."""
    asked_at = models.DateTimeField(null=True)
    """When the client said that its answer is ready; the challenge is processing from then on."""
    decided_at = models.DateTimeField(null=True)
    problem = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["name", "decided_at"], name="pki_acme_authorization_of_name")]


class AcmeNonce(models.Model):
    """A nonce that was used. Kept as long as the nonce would else be good."""

    nonce = models.CharField(max_length=64, primary_key=True)
    used_at = models.DateTimeField(db_index=True)


class PublishedTrustedList(models.Model):
    """A trusted list of ours (ETSI TS 119 612); the newest number is the one in force."""

    number = models.PositiveIntegerField(primary_key=True)
    xml = models.BinaryField()
    content = models.CharField(max_length=64)
    """SHA-256 over the services it names: whether there is anything new to publish."""
    issued_at = models.DateTimeField()
    next_update = models.DateTimeField()


class TrustedList(models.Model):
    """Somebody else's trusted list, believed because an administrator pinned the certificate that signs it."""

    title = models.CharField(max_length=200)
    address = models.CharField(max_length=500, blank=True)
    """Where it is fetched anew; empty for one that was handed in as a file."""
    pin = models.TextField()
    """PEM of the certificate that signs it."""
    territory = models.CharField(max_length=10)
    sequence_number = models.BigIntegerField()
    issued_at = models.DateTimeField()
    next_update = models.DateTimeField(null=True)
    """None of a closed list. Past it the list vouches for nobody."""
    xml = models.BinaryField()
    loaded_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    problem = models.CharField(max_length=300, blank=True)
    """Why the last fetch failed; the list that was loaded stays."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["title"], name="pki_trusted_list_once")]


class TrustedService(models.Model):
    """An authority or a unit that a loaded list names."""

    trusted_list = models.ForeignKey(TrustedList, on_delete=models.CASCADE, related_name="services")
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=200)
    """Address of the type of service (TS 119 612 §5.5.1)."""
    certificate = models.BinaryField()
    """DER."""
    granted = models.JSONField()
    """When it had a status that lets it be trusted: pairs of ISO 8601 moments, the second null for until now."""


# -- files that their holders bring to be signed -----------------------------------------------------------------


class FileSigning(models.Model):
    """A file that a person brought to be signed with their own key. The row goes with the file, when its time is over or the holder says so;
    what stays is the request to sign and the audit.
    """

    id = models.UUIDField(primary_key=True)
    """Random throughout."""
    person_id = models.UUIDField()
    once = models.UUIDField()
    """Of the form in which it came: a second click brings no second file."""
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    content = models.BinaryField()
    """As it was brought; empty once it is signed."""
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveIntegerField(default=0)
    form = models.CharField(max_length=20)
    level = models.CharField(max_length=5)
    beside = models.BooleanField(default=False)
    stamp = models.JSONField(null=True)
    reason = models.CharField(max_length=100, blank=True)
    earlier = models.JSONField(default=list)
    language = models.CharField(max_length=2, default="mn")
    """Of the text that the holder reads and confirms."""
    request = models.OneToOneField(SigningRequest, on_delete=models.PROTECT, null=True, related_name="file")
    at = models.DateTimeField()
    """Claimed time of signing: when the request was made."""
    signed = models.BinaryField(null=True)
    made_at = models.DateTimeField()
    kept_until = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["person_id", "-made_at"], name="pki_file_signing_of_person"),
            models.Index(fields=["kept_until"], name="pki_file_signing_kept"),
        ]
        constraints = [models.UniqueConstraint(fields=["person_id", "once"], name="pki_file_signing_once")]
