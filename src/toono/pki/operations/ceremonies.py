"""The platform's side of a key ceremony: what it asks the root for, and taking in what came back. And rolling an authority's key.

Between the two the root's key may be anywhere: after a ceremony it stands in the custodians' token and never in the signer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction

from toono.kernel import audit
from toono.kernel.actor import Actor, Role
from toono.kernel.clock import now
from toono.kernel.errors import NotAllowed
from toono.kernel.settings import settings
from toono.pki import queries
from toono.pki.adapters.signer import client
from toono.pki.contracts import AcceptedCeremony, CertificateAct, CertificateInfo, Profile, SubjectName
from toono.pki.domain.algorithms import check_signer_has, signing_hash_of
from toono.pki.domain.ceremonies import CeremonyRequest, Wanted, canonical, check_answer, digest, public_key_of, read_answer, read_request
from toono.pki.domain.profiles import AUTHORITIES, PROFILES, responder_label, slug
from toono.pki.errors import CeremonyRefused, KeyUnknown
from toono.pki.models import Certificate, RevocationList
from toono.pki.operations.establish_authorities import NAMES, establish_authorities
from toono.pki.operations.issue_certificate import Order, issue_anew, keep, one_at_a_time
from toono.pki.operations.steps import note
from toono.pki.operations.time_stamp import time_stamp
from toono.pki.signing import RemoteKey, elliptic

ISSUING = tuple(profile for profile in AUTHORITIES if profile is not Profile.ROOT)


def roll_authority(*, actor: Actor, authority: Profile, algorithm: str) -> CertificateInfo:
    """A next generation of an issuing authority, while the root's key is in the signer. What the old one issued stays good."""
    _check_right(actor)
    if authority not in ISSUING:
        raise CeremonyRefused(f"{authority} is no issuing authority")
    check_signer_has(algorithm)
    with transaction.atomic():
        label = PROFILES[authority].keys
        one_at_a_time(label)
        key = _next_key(label)
        order = Order(
            label=label, profile=authority, subject=_subject(authority, key), key=key, algorithm=algorithm, act=CertificateAct.RENEW
        )
        try:
            row = issue_anew(actor=actor, order=order)
        except KeyUnknown:
            raise CeremonyRefused("the root's key is not in the signer: ask for the new generation in a ceremony") from None
    establish_authorities(actor=actor, operator=_operator())
    return queries.info(row)


def request_ceremony(*, actor: Actor, authorities: Sequence[Profile], algorithm: str, new_root: bool) -> bytes:
    """The file that goes to the root: a next generation of each authority named, the root's responder, and its list.

    The keys are made now, in the signer, and wait for their certificates. Asked again, the same keys are asked for.
    """
    _check_right(actor)
    check_signer_has(algorithm)
    root = queries.authority(Profile.ROOT)
    root_key = _next_key(root.label) if new_root else root.key
    newest = queries.revocation_list(slug(root_key))
    wanted = [_wanted(profile, PROFILES[profile].keys, _next_key(PROFILES[profile].keys), algorithm) for profile in authorities]
    responder = responder_label(root_key)
    wanted.append(_wanted(Profile.OCSP, responder, responder, PROFILES[Profile.OCSP].algorithm))
    request = CeremonyRequest(
        platform=settings().base_url,
        root="" if new_root else root.pem,
        root_key=root_key,
        root_subject=_subject(Profile.ROOT, root_key),
        list_number=newest.number + 1 if newest else 1,
        wanted=tuple(wanted),
    )
    content = canonical(request.model_dump(mode="json"))
    audit.record(actor=actor, action="pki.request_ceremony", subject=f"ceremony:{digest(content)}", new_root=new_root)
    return content


def accept_ceremony(*, actor: Actor, request: bytes, answer: bytes, root_sha256: str) -> AcceptedCeremony:
    """Take in what the root has signed; time-stamp the transcript. ``root_sha256`` is what the witnesses wrote down of the root."""
    _check_right(actor)
    found, asked = read_answer(answer), read_request(request)
    root, certificates = check_answer(request, found, now=now())
    if hashlib.sha256(root.public_bytes(Encoding.DER)).hexdigest() != root_sha256.strip().lower().replace(":", ""):
        raise CeremonyRefused("the root is another one than the witnesses wrote down")
    _check_keys_are_ours(asked)
    with transaction.atomic():
        one_at_a_time(PROFILES[Profile.ROOT].keys)
        root_row = _kept_root(actor, root, asked)
        for wanted, certificate in zip(asked.wanted, certificates, strict=True):
            _kept(actor, certificate, wanted, root_row)
        _kept_list(found.revocation_list, asked)
        audit.record(
            actor=actor, action="pki.accept_ceremony", subject=f"ceremony:{digest(request)}", transcript=digest(found.transcript.content()),
            root=root_row.serial,
        )  # fmt: skip
    establish_authorities(actor=actor, operator=_operator())
    content = found.transcript.content()
    signature = bytes.fromhex(found.signature)
    return AcceptedCeremony(
        root_serial=root_row.serial,
        transcript=content,
        signature=signature,
        time_stamp=time_stamp(digest=hashlib.sha256(content + signature).digest()),
    )


# -- how ---------------------------------------------------------------------------------------------------------


def _check_right(actor: Actor) -> None:
    if actor.role not in {Role.SYSTEM, Role.ADMINISTRATOR}:
        raise NotAllowed(f"{actor} holds no ceremonies")


def _operator() -> SubjectName:
    """The legal person whom the authorities name: as the newest root does."""
    subject = queries.subject(queries.authority(Profile.ROOT))
    if not isinstance(subject, SubjectName):
        raise CeremonyRefused("the root names no legal person")
    return subject


def _next_key(label: str) -> str:
    """Label of the next generation's key: ``pki/issuing`` → ``pki/issuing/2``."""
    generations = Certificate.objects.filter(label=label).values_list("key", flat=True).distinct().count()
    return f"{label}/{generations + 1}" if generations else label


def _subject(profile: Profile, key: str) -> SubjectName:
    """Every generation has its own name, so that no list or certificate can be taken for another's."""
    generation = key.rpartition("/")[2] if key.count("/") > 1 else ""
    name = f"{NAMES[profile]} G{generation}" if generation else NAMES[profile]
    return _operator().model_copy(update={"common_name": name})


def _wanted(profile: Profile, label: str, key: str, algorithm: str) -> Wanted:
    public_key = elliptic(client().generate(key=key, kind=algorithm), key)
    subject = _subject(profile, key)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject.common_name)])
    remote = RemoteKey(client(), key, public_key)
    proof = x509.CertificateSigningRequestBuilder().subject_name(name).sign(remote, signing_hash_of(public_key))
    return Wanted(
        profile=profile, label=label, key=key, subject=subject, algorithm=algorithm, request=proof.public_bytes(Encoding.PEM).decode()
    )


def _check_keys_are_ours(asked: CeremonyRequest) -> None:
    for wanted in asked.wanted:
        if client().public_key(wanted.key) != public_key_of(wanted):
            raise CeremonyRefused(f"the request for {wanted.label} was not made by this platform's signer")


def _kept_root(actor: Actor, root: x509.Certificate, asked: CeremonyRequest) -> Certificate:
    found = Certificate.objects.filter(serial=queries.hexadecimal(root.serial_number)).first()
    if found:
        return found
    if asked.root:
        raise CeremonyRefused("the root of the request is not the platform's")
    order = Order(label=PROFILES[Profile.ROOT].keys, profile=Profile.ROOT, subject=asked.root_subject, act=CertificateAct.ISSUE)
    row = keep(root, order=order, key=asked.root_key, issuer_serial=None)
    note(row, CertificateAct.ISSUE, actor=actor)
    return row


def _kept(actor: Actor, certificate: x509.Certificate, wanted: Wanted, root: Certificate) -> None:
    if Certificate.objects.filter(serial=queries.hexadecimal(certificate.serial_number)).exists():
        return  # accepted before
    order = Order(label=wanted.label, profile=wanted.profile, subject=wanted.subject)
    note(keep(certificate, order=order, key=wanted.key, issuer_serial=root.serial), CertificateAct.ISSUE, actor=actor)


def _kept_list(pem: str, asked: CeremonyRequest) -> None:
    signed = x509.load_pem_x509_crl(pem.encode())
    next_update = signed.next_update_utc
    if next_update is None:
        raise CeremonyRefused("the root's list says not when the next one comes")
    RevocationList.objects.get_or_create(
        authority=slug(asked.root_key),
        number=asked.list_number,
        defaults={"der": signed.public_bytes(Encoding.DER), "this_update": signed.last_update_utc, "next_update": next_update},
    )
