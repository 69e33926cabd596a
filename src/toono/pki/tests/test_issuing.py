"""Certificates for keys: one for each label, a new key after a theft, nothing by itself after a withdrawal."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from toono.kernel.actor import Actor, Role
from toono.kernel.clock import at
from toono.kernel.errors import NotAllowed
from toono.pki.contracts import CertificateInfo, CertificateState, Profile, RevocationReason
from toono.pki.errors import CertificateNotFound, CertificateWithdrawn, KeyUnknown, ProfileMismatch
from toono.pki.tests.making import SUBJECT, code

SealOf = Callable[..., CertificateInfo]


def test_the_same_label_gets_the_same_certificate(seal_of: SealOf) -> None:
    organisation = code()
    assert seal_of(organisation) == seal_of(organisation)
    assert seal_of(organisation).serial != seal_of().serial


def test_a_certificate_holds_the_signers_key_and_leads_to_our_root(seal_of: SealOf) -> None:
    from toono.pki import api

    made = seal_of()
    certificate = x509.load_pem_x509_certificate(made.pem.encode())
    assert certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() == api.public_key(key=made.key)
    issuing, root = (x509.load_pem_x509_certificate(pem.encode()) for pem in made.chain_pem)
    certificate.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    assert made.chain_pem[1] in api.trust_anchors()


def test_two_who_ask_at_once_get_the_same_certificate(seal_of: SealOf) -> None:
    organisation, together = code(), Barrier(4)

    def ask(_: int) -> str:
        from django.db import connection

        together.wait()
        try:
            return seal_of(organisation).serial
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(ask, range(4)))) == 1


def test_without_the_lock_two_who_ask_at_once_get_two(seal_of: SealOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant of the test above: both are held until each has seen that there is no certificate yet."""
    from toono.pki.operations import issue_certificate as operation

    organisation, together = code(), Barrier(2)
    monkeypatch.setattr(operation, "one_at_a_time", lambda _label: None)
    real = operation._issue

    def late(*arguments: Any) -> Any:
        together.wait(10)
        return real(*arguments)

    monkeypatch.setattr(operation, "_issue", late)

    def ask(_: int) -> str:
        from django.db import connection

        try:
            return seal_of(organisation).serial
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert len(set(threads.map(ask, range(2)))) == 2


def test_a_changed_name_gets_a_new_certificate_with_the_same_key(seal_of: SealOf, platform: Actor) -> None:
    from toono.pki import api

    organisation = code()
    before = seal_of(organisation)
    renamed = SUBJECT.model_copy(update={"organisation": "Шинэ нэр"})
    after = api.certificate_for(actor=platform, key=f"seal/{organisation}", profile=Profile.SEAL, subject=renamed)
    assert (after.organisation, after.key) == ("Шинэ нэр", before.key)
    assert after.serial != before.serial


def test_after_a_theft_the_successor_has_a_new_key(seal_of: SealOf, anu: Actor) -> None:
    from toono.pki import api

    organisation = code()
    stolen = seal_of(organisation)
    api.revoke_certificate(actor=anu, serial=stolen.serial, reason=RevocationReason.KEY_COMPROMISE)
    second = seal_of(organisation)
    assert second.key == f"seal/{organisation}/2"
    assert api.public_key(key=second.key) != api.public_key(key=stolen.key)
    api.revoke_certificate(actor=anu, serial=second.serial, reason=RevocationReason.KEY_COMPROMISE)
    assert seal_of(organisation).key == f"seal/{organisation}/3"


def test_after_a_replacement_the_successor_has_the_same_key(seal_of: SealOf, anu: Actor) -> None:
    from toono.pki import api

    organisation = code()
    first = seal_of(organisation)
    api.revoke_certificate(actor=anu, serial=first.serial, reason=RevocationReason.SUPERSEDED)
    second = seal_of(organisation)
    assert second.serial != first.serial
    assert second.key == first.key


def test_after_a_withdrawal_nothing_follows_by_itself(seal_of: SealOf, anu: Actor) -> None:
    from toono.pki import api

    organisation = code()
    first = seal_of(organisation)
    api.revoke_certificate(actor=anu, serial=first.serial, reason=RevocationReason.PRIVILEGE_WITHDRAWN)
    with pytest.raises(CertificateWithdrawn):
        seal_of(organisation)


@pytest.mark.parametrize("role", [Role.CITIZEN, Role.OFFICER, Role.OPERATOR, Role.ANYBODY])
def test_only_the_platform_and_its_administrators_have_certificates_issued(stack: Any, role: Role) -> None:
    from toono.pki import api

    with pytest.raises(NotAllowed):
        api.certificate_for(actor=Actor(role=role), key=f"seal/{code()}", profile=Profile.SEAL, subject=SUBJECT)
    with pytest.raises(NotAllowed):
        api.certificates(actor=Actor(role=role))


def test_a_seals_key_cannot_become_an_authority(platform: Actor) -> None:
    from toono.pki import api

    with pytest.raises(ProfileMismatch):
        api.certificate_for(actor=platform, key=f"seal/{code()}", profile=Profile.ISSUING, subject=SUBJECT)


def test_authorities_are_established_once(platform: Actor) -> None:
    from toono.pki import api

    def now_standing() -> list[str]:
        return [
            api.authority_certificate(authority=profile) for profile in (Profile.ROOT, Profile.ISSUING, Profile.OCSP, Profile.TIMESTAMP)
        ]

    before = now_standing()
    api.establish_authorities(actor=platform)
    assert now_standing() == before


def test_a_key_store_of_another_copy_is_found_at_start(platform: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    from toono.pki import api
    from toono.pki.errors import KeyMismatch
    from toono.pki.signing import SignerClient

    monkeypatch.setattr(SignerClient, "public_key", lambda _self, _key: ec.generate_private_key(ec.SECP384R1()).public_key())
    with pytest.raises(KeyMismatch):
        api.establish_authorities(actor=platform)


def test_a_certificate_near_its_end_gets_a_successor_and_a_young_one_does_not(seal_of: SealOf) -> None:
    organisation = code()
    first = seal_of(organisation)
    assert seal_of(organisation).serial == first.serial
    with at(first.not_after - timedelta(days=30)):
        successor = seal_of(organisation)
        assert successor.serial != first.serial
        assert successor.key == first.key
        assert successor.not_after > first.not_after


def test_the_responder_is_renewed_in_time_and_the_renewal_is_repeatable(platform: Actor) -> None:
    from toono.pki import api

    def responder() -> CertificateInfo:
        return api.certificate(
            serial=f"{x509.load_pem_x509_certificate(api.authority_certificate(authority=Profile.OCSP).encode()).serial_number:x}"
        )

    youngest = max(api.certificates(actor=platform, profile=Profile.OCSP), key=lambda certificate: certificate.not_after)
    with at(youngest.not_after - timedelta(days=10)):
        before = responder()
        assert api.renew_certificates(actor=platform) >= 1
        assert responder().not_after > before.not_after
        assert responder().serial != before.serial
        assert api.renew_certificates(actor=platform) == 0


def test_an_expired_certificate_is_told_so(seal_of: SealOf) -> None:
    from toono.pki import api

    made = seal_of()
    assert api.certificate(serial=made.serial).state is CertificateState.VALID
    with at(made.not_after + timedelta(seconds=1)):
        assert api.certificate(serial=made.serial).state is CertificateState.EXPIRED


def test_an_unknown_serial_and_an_unknown_key_are_told(stack: Any) -> None:
    from toono.pki import api

    with pytest.raises(CertificateNotFound):
        api.certificate(serial="beef")
    with pytest.raises(KeyUnknown):
        api.public_key(key=f"seal/{code()}")


def test_certificates_are_found_by_word_kind_and_state(seal_of: SealOf, platform: Actor) -> None:
    from toono.pki import api

    organisation = code()
    made = seal_of(organisation)
    assert [c.serial for c in api.certificates(actor=platform, text=organisation)] == [made.serial]
    assert api.certificates(actor=platform, text=organisation, profile=Profile.TOKEN) == []
    assert api.certificates(actor=platform, text=organisation, state=CertificateState.REVOKED) == []
