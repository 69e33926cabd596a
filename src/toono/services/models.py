"""Tables of the room. The rows of a published service, of a case's log and of facts are never changed: triggers refuse (see migrations)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from toono.kernel.ids import uuid7
from toono.services.contracts import Applicant, Outcome

ON_DESK = Q(open=True, on_desk=True, correcting_since__isnull=True)
"""Cases that wait for an officer of the organisation."""
WAITING = Q(open=True, submitted_at__isnull=False) & (Q(correcting_since__isnull=False) | Q(opinion_organisation__isnull=False))
"""Cases that wait for the citizen, or for the opinion of another body."""
RUNNING = Q(open=True, term_started_at__isnull=False, paused_at__isnull=True)
"""Cases whose clock runs."""


class ServiceVersion(models.Model):
    """A published definition: immutable."""

    code = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    level = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    """``{"definition": …, "template": …}``"""
    tests = models.JSONField(default=dict)
    """``tests.yaml`` as it was published."""
    burden = models.JSONField(default=dict)
    """What the version costs people, by persona: :class:`toono.services.contracts.Burden`."""
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="service_version_once")]


class MeaningsVersion(models.Model):
    """The catalogue of meanings; the newest row counts. Facts keep what they were read as."""

    digest = models.CharField(max_length=64, unique=True)
    content = models.JSONField()
    loaded_at = models.DateTimeField()


class Case(models.Model):
    """A citizen's application, pinned to a version of its service."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=8, unique=True)
    service = models.CharField(max_length=60)
    service_version = models.PositiveIntegerField()
    person_id = models.UUIDField()
    organisation = models.CharField(max_length=40)
    channel = models.CharField(max_length=20)
    aimag_code = models.CharField(max_length=6, null=True)
    state = models.CharField(max_length=40)
    open = models.BooleanField(default=True)
    """Not decided, not withdrawn."""
    waiting_since = models.DateTimeField(null=True)
    """Since when a register has been silent, for a sent case."""
    answers = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    facts_tried_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    submitted_token = models.CharField(max_length=64, null=True)
    due_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, null=True, choices=[(o.value, o.value) for o in Outcome])
    action = models.CharField(max_length=40, null=True)
    ground = models.CharField(max_length=40, null=True)
    reason = models.TextField(default="")
    automatic = models.BooleanField(default=False)
    work_pending = models.BooleanField(default=False)
    """The worker has something to do; a sweep finds cases whose job was lost."""

    # -- for whom
    applicant = models.CharField(max_length=20, default=Applicant.CITIZEN.value)
    """``citizen``, ``foreigner``: the person; ``child``, ``legal_entity``: whom ``subject`` names."""
    subject = models.CharField(max_length=20, default="")
    """Civil id of the child, register number of the legal entity; empty for the person."""
    subject_name = models.CharField(max_length=200, default="")
    subject_basis = models.CharField(max_length=200, default="")
    """Why the person may act: relation or position as the register told it, and the number of that message."""

    # -- where it stands beside its state
    filled = models.JSONField(default=dict)
    """What officers and experts filled in, by code, in the kept form of answers."""
    function = models.CharField(max_length=40, default="")
    """Function of the desk that the present state names; empty for any officer."""
    assigned_to = models.UUIDField(null=True)
    opinion_organisation = models.CharField(max_length=40, null=True)
    """The body whose opinion the present state waits for."""
    opinion_due_at = models.DateTimeField(null=True)
    opinion_reminded_at = models.DateTimeField(null=True)
    on_desk = models.BooleanField(default=False)
    """Its state is one in which an officer of the organisation works."""
    proposed = models.JSONField(null=True)
    """A decision that a second officer must confirm: ``{"action", "ground", "reason", "filled", "by", "at"}``."""
    correcting_since = models.DateTimeField(null=True)
    """The citizen is asked to correct something."""
    copied_from = models.UUIDField(null=True)
    tracking_code = models.CharField(max_length=12, null=True, unique=True)
    """By which anybody who holds it may see where the case stands, without names."""

    # -- fee
    fee_mungu = models.BigIntegerField(default=0)
    bill_id = models.UUIDField(null=True, unique=True)
    paid_at = models.DateTimeField(null=True)

    # -- clock: written by operations/clock.py only
    term_hours = models.PositiveIntegerField(null=True)
    """Working hours of the branch that holds for this case; or ``term_days``."""
    term_days = models.PositiveIntegerField(null=True)
    term_started_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    left_minutes = models.PositiveIntegerField(null=True)
    """Working minutes that were left when it was paused."""
    extended_hours = models.PositiveIntegerField(default=0)
    warn_at = models.DateTimeField(null=True)
    """When officers are to be warned that the term ends."""
    warned_at = models.DateTimeField(null=True)
    late_told_at = models.DateTimeField(null=True)

    # -- after the decision
    differs_since = models.DateTimeField(null=True)
    """A register, read again after the decision, said something else than the decision rests on."""

    # -- retention
    attachments_removed_at = models.DateTimeField(null=True)
    emptied_at = models.DateTimeField(null=True)
    """Answers and facts were removed at the end of their time."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "service", "subject"], condition=Q(submitted_at__isnull=True, open=True), name="one_draft_of_a_service"
            )
        ]
        indexes = [
            models.Index(fields=["person_id", "-created_at"], name="cases_of_person"),
            models.Index(fields=["organisation", "due_at"], condition=Q(open=True, submitted_at__isnull=False), name="cases_open"),
            models.Index(fields=["service", "decided_at"], condition=Q(decided_at__isnull=False), name="cases_decided"),
            models.Index(fields=["submitted_at"], condition=Q(work_pending=True), name="cases_with_work"),
            models.Index(fields=["assigned_to", "due_at"], condition=Q(open=True, assigned_to__isnull=False), name="cases_assigned"),
            models.Index(
                fields=["opinion_organisation", "opinion_due_at"],
                condition=Q(open=True, opinion_organisation__isnull=False),
                name="cases_for_opinion",
            ),
            models.Index(
                fields=["due_at"], condition=Q(open=True, submitted_at__isnull=False, paused_at__isnull=True), name="cases_running"
            ),
            models.Index(fields=["subject"], condition=~Q(subject=""), name="cases_of_subject"),
            # the officer's lists: each is one range of one index in the order of the page
            models.Index(fields=["organisation", "due_at", "id"], condition=ON_DESK, name="desk_all"),
            models.Index(fields=["organisation", "due_at", "id"], condition=ON_DESK & Q(assigned_to__isnull=True), name="desk_unassigned"),
            models.Index(fields=["assigned_to", "organisation", "due_at", "id"], condition=ON_DESK, name="desk_mine"),
            models.Index(fields=["organisation", "service", "due_at", "id"], condition=ON_DESK, name="desk_service"),
            models.Index(fields=["organisation", "function", "due_at", "id"], condition=ON_DESK, name="desk_function"),
            models.Index(fields=["organisation", "due_at", "id"], condition=ON_DESK & Q(proposed__isnull=False), name="desk_to_confirm"),
            models.Index(fields=["organisation", "due_at", "id"], condition=WAITING, name="desk_waiting"),
            # what the watch looks for
            models.Index(fields=["warn_at"], condition=RUNNING & Q(warned_at__isnull=True), name="watch_to_warn"),
            models.Index(fields=["due_at"], condition=RUNNING & Q(late_told_at__isnull=True), name="watch_to_tell"),
            models.Index(
                fields=["opinion_due_at"],
                condition=Q(open=True, opinion_organisation__isnull=False, opinion_reminded_at__isnull=True),
                name="watch_opinions",
            ),
        ]


class CaseLog(models.Model):
    """What happened to a case, in order. Rows are only added."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    kind = models.CharField(max_length=30)
    """``started``, ``submitted``, ``fact_read``, ``register_silent``, ``decided``, ``document_issued``, ``document_revoked``, ``withdrawn``."""
    role = models.CharField(max_length=20)
    person_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]


class Fact(models.Model):
    """What a register said, kept apart from answers. Reading again adds a row and retires the one before."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="facts")
    name = models.CharField(max_length=40)
    meaning = models.CharField(max_length=100)
    title = models.JSONField()
    source = models.JSONField()
    absent = models.BooleanField()
    """The register answered that it holds nothing; or it was not asked."""
    asked = models.BooleanField(default=True)
    """False: the fact does not concern this case, so that no register was asked: its condition does not hold, or there is no such subject."""
    value = models.JSONField()
    """``[{"name", "label", "kind", "value"}]``, only what the meaning declares; values as the register gave them."""
    items = models.JSONField(default=list)
    """The items of a list, each as ``value``."""
    subject = models.CharField(max_length=40, default="")
    """Identifier of whom or what it is about, where that is not the applicant: a plate, a child's civil id."""
    answered_at = models.DateTimeField()
    message_id = models.CharField(max_length=100, null=True)
    receipt = models.CharField(max_length=200, null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "name"], condition=Q(retired_at__isnull=True), name="one_current_fact")]


class Document(models.Model):
    """A sealed document. One in force for a case; one made anew takes the place of the one before."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=20, unique=True)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="documents")
    person_id = models.UUIDField(db_index=True)
    service = models.CharField(max_length=60)
    title = models.JSONField()
    organisation = models.CharField(max_length=40)
    pdf = models.BinaryField()
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, unique=True)
    facts_fingerprint = models.CharField(max_length=19)
    fingerprint_salt = models.CharField(max_length=32)
    template_version = models.PositiveIntegerField()
    template_digest = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revocation_reason = models.TextField(null=True)
    superseded_at = models.DateTimeField(null=True)
    superseded_by = models.UUIDField(null=True)
    subject = models.CharField(max_length=40, default="")
    """About whom or what, for `supersedes`: as ``Case.subject``, or the key that a question chose."""
    payload = models.TextField(default="")
    """What the QR says besides the address, signed: can be checked without a network."""
    care_at = models.DateTimeField(null=True)
    """When it is looked at for a further time-stamp; None: not looked at yet."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case"], condition=Q(superseded_at__isnull=True), name="one_document_in_force")]
        indexes = [models.Index(fields=["care_at"], name="document_care")]


class DocumentEdition(models.Model):
    """The digest of a document's file as it was before a further time-stamp; its bytes are the beginning of the file now."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="editions")
    size_bytes = models.PositiveIntegerField()
    until = models.DateTimeField()


class Attachment(models.Model):
    """A file that belongs to an answer. Refused files are not kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="attachments")
    question = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=60)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    pages = models.PositiveIntegerField(null=True)
    scanned_by = models.CharField(max_length=60, default="")
    """Which scanner found nothing, with its version of signatures; empty: structure checks only."""
    added_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["case", "question"], name="attachments_of_question")]


class Correction(models.Model):
    """A request to correct named fields. One is open at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="corrections")
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)
    """The officer; None: the rule (a register answered late, and a question became needed)."""
    fields = models.JSONField()
    """``[{"question", "what"}]``"""
    answers_before = models.JSONField()
    answered = models.JSONField(default=list)
    """Codes of the questions that the applicant has gone through since."""
    answered_at = models.DateTimeField(null=True)
    """When it ended: sent by the applicant, recalled, or overtaken by the end of the case."""
    recalled = models.BooleanField(default=False)
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case"], condition=Q(answered_at__isnull=True), name="one_open_correction")]


class TrackingTry(models.Model):
    """How often one network address asked for a tracking code within a window; the address itself is not kept."""

    address_digest = models.CharField(max_length=64)
    window_start = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address_digest", "window_start"], name="tracking_tries_of_window")]


class CaseMessage(models.Model):
    """A message between the applicant and the desk."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="messages")
    at = models.DateTimeField()
    role = models.CharField(max_length=20)
    person_id = models.UUIDField()
    text = models.TextField()
    key = models.CharField(max_length=64)
    """Of the form that was posted: posted twice it is one message."""
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["case", "key"], name="message_once")]


class CaseSignature(models.Model):
    """Who signed what was on the check page, and how."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="signatures")
    person_id = models.UUIDField()
    role = models.CharField(max_length=40)
    """``applicant``, or the question that names the signer."""
    kind = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    """Token of the check page: of exactly what was seen."""
    proof = models.JSONField()
    """Of a code: the challenge; of a digital signature: the signature and its certificate."""
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "role", "digest"], name="signed_once")]


class SignatureRequest(models.Model):
    """Somebody besides the applicant is asked to sign what stands behind ``digest``."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="signature_requests")
    role = models.CharField(max_length=40)
    """The question that names the person."""
    person_id = models.UUIDField()
    digest = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    until = models.DateTimeField()
    declined_at = models.DateTimeField(null=True)
    reason = models.TextField(default="")
    """Why they declined."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "role", "digest"], name="asked_to_sign_once")]
        indexes = [models.Index(fields=["person_id", "until"], name="asked_to_sign")]


class FactDispute(models.Model):
    """«This is wrong»: what a person says against a fact, to the keeper of the register."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="disputes")
    fact = models.ForeignKey(Fact, on_delete=models.CASCADE, related_name="disputes")
    field = models.CharField(max_length=40)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fact", "field"], name="disputed_once")]


class DeskMember(models.Model):
    """What an officer does at the desk of an organisation, and who stands in."""

    organisation = models.CharField(max_length=40)
    person_id = models.UUIDField()
    functions = models.JSONField(default=list)
    away_from = models.DateField(null=True)
    away_until = models.DateField(null=True)
    substitute_id = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "person_id"], name="desk_member_once")]


class AssignmentRule(models.Model):
    """To whom a new case goes: the first rule that fits, in order; none: whoever takes it."""

    organisation = models.CharField(max_length=40)
    position = models.PositiveIntegerField()
    service = models.CharField(max_length=60, default="")
    """Empty: every service."""
    aimag_code = models.CharField(max_length=6, default="")
    function = models.CharField(max_length=40, default="")
    person_id = models.UUIDField(null=True)
    """None: the one with the fewest open cases of those who have the function."""

    class Meta:
        ordering = ["organisation", "position"]
        constraints = [models.UniqueConstraint(fields=["organisation", "position"], name="rule_position_once")]


class DefinitionDraft(models.Model):
    """A definition that an analyst is writing. Publishing makes a :class:`ServiceVersion` of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=60)
    level = models.CharField(max_length=40)
    organisation = models.CharField(max_length=40)
    base_version = models.PositiveIntegerField(null=True)
    files = models.JSONField()
    """``{"service.yaml": text, "document.typ": text, "tests.yaml": text}``"""
    revision = models.PositiveIntegerField(default=1)
    """Raised by every saving; two who edit at once notice."""
    state = models.CharField(max_length=20)
    """``editing``, ``submitted``, ``returned``, ``approved``, ``published``, ``dropped``."""
    author = models.UUIDField()
    reviewer = models.UUIDField(null=True)
    note = models.TextField(default="")
    """What the reviewer said."""
    writers = models.JSONField(default=list)
    """Everybody who saved it; none of them approves it."""
    trial = models.JSONField(default=dict)
    """The tests as they were run last: ``{"revision", "shared", "asked_at", "state", "judgement", "difference"}``."""
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code"],
                condition=Q(state__in=["editing", "submitted", "returned", "approved"]),
                name="one_open_draft_of_a_definition",
            )
        ]


class CatalogueContent(models.Model):
    """What stands in the catalogue beside services, as it was loaded last: the cast of personas, life events."""

    kind = models.CharField(max_length=20)
    """``personas``, ``life_event``."""
    code = models.CharField(max_length=60, default="")
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    loaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "code"], name="catalogue_content_once")]
