"""Revocation that another authority tells over a socket: what it says decides, and what it does not say in order and in time leaves the answer open."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from toono.kernel.public_network import LOOPBACK, Reach
from toono.pki.adapters import fetching
from toono.pki.contracts import Indication, Profile, RevocationReason, SubIndication
from toono.pki.domain.issuing import Issuer, RevokedEntry, build_certificate, build_revocation_list
from toono.pki.domain.validation import formats, judging
from toono.pki.domain.validation.judging import World
from toono.pki.domain.validation.paths import Anchor
from toono.pki.tests.making import SUBJECT, authority, changed, document, sealed_by

if TYPE_CHECKING:
    from toono.kernel.actor import Actor

HOUR = timedelta(hours=1)
LIST, ANSWER = "/pki/crl/issuing.crl", "/pki/ocsp"
OPEN = (Indication.INDETERMINATE, SubIndication.TRY_LATER)
PASSED = (Indication.TOTAL_PASSED, None)
Act = Callable[[Any], object]


@dataclass
class Neighbour:
    """Another country's authority with a server of its own, which does what stands in ``acts``; what was asked is in ``asked``."""

    base_url: str
    acts: dict[str, Act] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = datetime.now(UTC)
        _, self.issuing = authority()
        assert self.issuing.certificate
        self.authority = self.issuing.certificate
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.seal = self.certificate(Profile.SEAL, self.key, self.issuing)
        self.file = sealed_by(self.seal, self.key, [self.authority], document())

    def certificate(self, profile: Profile, key: ec.EllipticCurvePrivateKey, issuer: Issuer) -> x509.Certificate:
        return build_certificate(
            profile=profile, subject=SUBJECT, public_key=key.public_key(), issuer=issuer, serial=x509.random_serial_number(), now=self.now, base_url=self.base_url
        )  # fmt: skip

    def answer(
        self, *, revoked: bool = False, signer: Issuer | None = None, about: x509.Certificate | None = None, since: timedelta = timedelta(), lasts: timedelta | None = HOUR
    ) -> bytes:  # fmt: skip
        """An OCSP answer, of the authority itself or of ``signer``, whose certificate it carries."""
        signer = signer or self.issuing
        assert signer.certificate and isinstance(signer.key, ec.EllipticCurvePrivateKey)
        begins = datetime.now(UTC) - since
        status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
        builder = ocsp.OCSPResponseBuilder().add_response(
            about or self.seal, self.authority, hashes.SHA256(), status, begins, begins + lasts if lasts else None,
            begins - HOUR if revoked else None, x509.ReasonFlags.key_compromise if revoked else None,
        )  # fmt: skip
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate).certificates([signer.certificate])
        return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def list(self, *, revoked: bool = False, issuer: Issuer | None = None, since: timedelta = timedelta()) -> bytes:
        entries = [RevokedEntry(self.seal.serial_number, self.now - HOUR, RevocationReason.CESSATION_OF_OPERATION)] if revoked else []
        found = build_revocation_list(
            issuer=issuer or self.issuing, number=1, entries=entries, now=datetime.now(UTC) - since, lifetime=HOUR
        )
        return found.public_bytes(Encoding.DER)

    def responder(self, profile: Profile, issuer: Issuer | None = None) -> Issuer:
        key = ec.generate_private_key(ec.SECP256R1())
        return Issuer(self.certificate(profile, key, issuer or self.issuing), key)

    def judged(self) -> tuple[Indication, SubIndication | None]:
        """As the platform does it: read, judge, fetch what is missing, judge again."""
        reading, at = formats.read(memoryview(self.file)), datetime.now(UTC)
        world = judging.world_of(reading, now=at, anchors=[Anchor(self.authority, "their list")])
        [one] = [judging.judge(signature, world) for signature in reading.signatures]
        assert (one.report.indication, one.report.sub_indication) == OPEN and one.missing, "nothing in the file itself decides"
        fetched = fetching.fetch(one.missing, at=at)
        more = World(now=at, anchors=world.anchors, certificates=world.certificates, lists=fetched.lists, answers=fetched.answers)
        report = judging.judge(reading.signatures[0], more).report
        return report.indication, report.sub_indication


@pytest.fixture
def neighbour(monkeypatch: pytest.MonkeyPatch) -> Iterator[Neighbour]:
    """Its server stands on this machine, so the guard is opened for this machine and for its port; all its other rules stand."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there.asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            act = there.acts.get(self.path, status(404))
            try:
                act(self)
            except OSError:
                self.close_connection = True  # the other side has had enough

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    there = Neighbour(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(fetching, "REACH", Reach(any_port=True, networks=LOOPBACK))
    yield there
    server.shutdown()
    server.server_close()


def gives(content: bytes) -> Act:
    def act(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return act


def status(number: int, **headers: str) -> Act:
    def act(handler: Any) -> None:
        handler.send_response(number)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return act


def drips(handler: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.02)


def endless(handler: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"\x30" * 65536)


def test_the_responders_word_lets_it_pass(neighbour: Neighbour) -> None:
    neighbour.acts[ANSWER] = gives(neighbour.answer())
    assert neighbour.judged() == PASSED
    assert neighbour.asked == [ANSWER], "the list is not asked as well"


def test_a_delegate_of_the_authority_may_answer(neighbour: Neighbour) -> None:
    neighbour.acts[ANSWER] = gives(neighbour.answer(signer=neighbour.responder(Profile.OCSP)))
    assert neighbour.judged() == PASSED


def test_an_answer_without_a_next_update_is_of_now(neighbour: Neighbour) -> None:
    neighbour.acts[ANSWER] = gives(neighbour.answer(lasts=None))
    assert neighbour.judged() == PASSED
    neighbour.acts[ANSWER] = gives(neighbour.answer(lasts=None, since=HOUR))
    assert neighbour.judged() == OPEN


def test_the_list_lets_it_pass_where_no_responder_answers(neighbour: Neighbour) -> None:
    neighbour.acts[LIST] = gives(neighbour.list())
    assert neighbour.judged() == PASSED
    assert neighbour.asked == [ANSWER, LIST]


def test_what_was_revoked_does_not_pass(neighbour: Neighbour) -> None:
    neighbour.acts[ANSWER] = gives(neighbour.answer(revoked=True))
    assert neighbour.judged() == (Indication.TOTAL_FAILED, SubIndication.REVOKED), "its key was stolen"
    neighbour.acts = {LIST: gives(neighbour.list(revoked=True))}
    assert neighbour.judged()[1] in {SubIndication.REVOKED, SubIndication.REVOKED_NO_POE}


def wrong_answers(there: Neighbour) -> Mapping[str, bytes]:
    """Each is an OCSP answer that says nothing."""
    stranger = Neighbour(there.base_url)
    good = there.answer()
    place = good.rindex(there.authority.public_bytes(Encoding.DER)) - 30  # within the signature, which stands before the certificates
    return {
        "of another authority of the same name": there.answer(signer=stranger.issuing),
        "with a changed signature": changed(good, place),
        "by a certificate of the authority that is for something else": there.answer(signer=there.responder(Profile.SEAL)),
        "by a responder of another authority": there.answer(signer=there.responder(Profile.OCSP, stranger.issuing)),
        "about another certificate": there.answer(about=there.certificate(Profile.SEAL, there.key, there.issuing)),
        "old": there.answer(since=2 * HOUR),
        "a refusal": ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER),
        "noise": b"\x30\x82\xff\xff nonsense",
        "nothing": b"",
    }


def test_an_answer_that_is_not_the_authoritys_says_nothing_and_the_list_is_asked(neighbour: Neighbour) -> None:
    for name, content in wrong_answers(neighbour).items():
        neighbour.acts = {ANSWER: gives(content)}
        assert neighbour.judged() == OPEN, name
        neighbour.acts[LIST] = gives(neighbour.list())
        assert neighbour.judged() == PASSED, name


def test_a_list_that_is_not_the_authoritys_says_nothing(neighbour: Neighbour) -> None:
    stranger = Neighbour(neighbour.base_url)
    wrong = {
        "another authority's": neighbour.list(issuer=stranger.issuing),
        "under the authority's name by another key": neighbour.list(issuer=Issuer(neighbour.authority, stranger.key)),
        "old": neighbour.list(since=3 * HOUR),
        "changed": changed(neighbour.list(), len(neighbour.list()) - 60),
        "cut": neighbour.list()[:-9],
    }
    for name, content in wrong.items():
        neighbour.acts = {LIST: gives(content)}
        assert neighbour.judged() == OPEN, name


@pytest.mark.parametrize(
    "act",
    [
        status(500), status(204), status(302, Location="http://169.254.169.254/latest/meta-data"), status(302, Location="http://10.0.0.1/"), status(302, Location="file:///etc/passwd"),
        drips, endless, lambda handler: handler.connection.close(),
    ],
    ids=["500", "no content", "leads to the cloud's metadata", "leads inside", "leads to a file", "slow", "endless", "hangs up"],
)  # fmt: skip
def test_a_server_that_fails_leaves_the_answer_open_within_bounds(neighbour: Neighbour, act: Act, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "CALL_SECONDS", 0.5)
    monkeypatch.setattr(fetching, "LIST_BYTES", 300_000)
    neighbour.acts = {ANSWER: act, LIST: act}
    began = time.monotonic()
    assert neighbour.judged() == OPEN
    assert time.monotonic() - began < 5
    assert neighbour.asked == [ANSWER, LIST]


def test_a_redirect_is_not_followed_even_where_it_would_help(neighbour: Neighbour) -> None:
    neighbour.acts = {"/there": gives(neighbour.answer()), ANSWER: status(307, Location="/there"), LIST: status(301, Location="/there")}
    assert neighbour.judged() == OPEN
    assert "/there" not in neighbour.asked


def test_without_the_opening_the_same_server_is_not_asked(neighbour: Neighbour, monkeypatch: pytest.MonkeyPatch) -> None:
    neighbour.acts[ANSWER] = gives(neighbour.answer())
    monkeypatch.setattr(fetching, "REACH", Reach(any_port=True))
    assert neighbour.judged() == OPEN and neighbour.asked == []


# -- by the door ---------------------------------------------------------------------------------------------------


def test_the_platform_asks_only_authorities_on_a_loaded_list(neighbour: Neighbour, anu: Actor) -> None:
    from toono.pki import api
    from toono.pki.tests.test_validation_pages import Neighbour as Listed

    listed = Listed()
    listed.issuing = neighbour.issuing
    signer = neighbour.responder(Profile.TRUSTED_LIST)
    assert signer.certificate and isinstance(signer.key, ec.EllipticCurvePrivateKey)
    listed.signer, listed.key = signer.certificate, signer.key
    neighbour.acts[ANSWER] = gives(neighbour.answer())
    assert api.validate(name="a.pdf", content=neighbour.file).sub_indication == "NO_CERTIFICATE_CHAIN_FOUND"
    assert neighbour.asked == []
    loaded = api.load_trusted_list(actor=anu, title=neighbour.base_url, pin=listed.pin, xml=listed.listed())
    try:
        report = api.validate(name="a.pdf", content=neighbour.file)
        assert (report.indication, report.sub_indication, neighbour.asked) == ("TOTAL-PASSED", None, [ANSWER])
        neighbour.acts[ANSWER] = gives(neighbour.answer(revoked=True))
        assert api.validate(name="a.pdf", content=neighbour.file).sub_indication == "REVOKED"
    finally:
        api.remove_trusted_list(actor=anu, list_id=loaded.id)
