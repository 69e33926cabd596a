"""Both stores keep the same promises: a key is made once, never leaves, and signs what it is asked to sign."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, PublicFormat

from toono.pki.signer.stores import HASHES, KINDS, KeyStore, NoSuchKey, OtherKind, PublicKey, StoreFault, kind_of
from toono.pki.signer.stores.file import FileStore
from toono.pki.signer.stores.pkcs11 import Pkcs11Store

PASSPHRASE = "a-long-passphrase-of-a-test"
MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A SoftHSM2 token of this run; gives the module's path. The library is read once a process, so there is one token."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    module = next((path for path in MODULES if Path(path).exists()), None)
    assert module, "SoftHSM2 is missing: install Debian's package softhsm2"
    command = ["softhsm2-util", "--init-token", "--free", "--label", "toono-test", "--so-pin", "12345678", "--pin", PASSPHRASE]
    subprocess.run(command, check=True, capture_output=True)
    yield module
    del os.environ["SOFTHSM2_CONF"]


Opener = Callable[[], KeyStore]


@pytest.fixture(params=["file", "pkcs11"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens the same store again and again, as restarted signers do."""
    if request.param == "file":
        return lambda: FileStore(tmp_path / "keys", PASSPHRASE)
    module = request.getfixturevalue("token")
    return lambda: Pkcs11Store(module, "toono-test", PASSPHRASE, tmp_path / "generation.lock")


@pytest.fixture
def label(request: pytest.FixtureRequest) -> str:
    return "seal/" + hashlib.sha256(request.node.name.encode()).hexdigest()[:12]


def _valid(key: PublicKey, signature: bytes, digest: bytes) -> bool:
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, padding.PKCS1v15(), Prehashed(HASHES[len(digest)]))
            return True
        key.verify(signature, digest, ec.ECDSA(Prehashed(HASHES[len(digest)])))
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_signature_over_each_hash_by_each_kind_verifies(open_store: Opener, label: str, kind: str, algorithm: str) -> None:
    store, digest = open_store(), hashlib.new(algorithm, b"text").digest()
    public = store.generate(label, kind)
    assert kind_of(public) == kind
    [signature] = store.sign(label, [digest])
    assert _valid(public, signature, digest)
    assert not _valid(public, signature, hashlib.new(algorithm, b"other text").digest())


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_openssl_takes_a_signature_by_an_rsa_key(open_store: Opener, label: str, algorithm: str, tmp_path: Path) -> None:
    store = open_store()
    (tmp_path / "key.pem").write_bytes(store.generate(label, "RSA-3072").public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    [signature] = store.sign(label, [hashlib.new(algorithm, b"text").digest()])
    assert len(signature) == 384
    (tmp_path / "signature").write_bytes(signature)
    command = ["openssl", "dgst", f"-{algorithm}", "-verify", str(tmp_path / "key.pem"), "-signature", str(tmp_path / "signature")]
    assert subprocess.run(command, input=b"text", capture_output=True).stdout == b"Verified OK\n"
    assert subprocess.run(command, input=b"other text", capture_output=True).returncode != 0


def test_an_rsa_key_has_the_usual_exponent_and_its_signature_no_chance_in_it(open_store: Opener, label: str) -> None:
    store = open_store()
    public = store.generate(label, "RSA-3072")
    assert isinstance(public, rsa.RSAPublicKey) and public.public_numbers().e == 65537
    first, again = store.sign(label, [bytes(48), bytes(48)])
    assert first == again


@pytest.mark.parametrize("kind", ["P-256", "RSA-3072"])
def test_a_batch_is_answered_in_order(open_store: Opener, label: str, kind: str) -> None:
    store = open_store()
    public, digests = store.generate(label, kind), [hashlib.sha256(bytes([n])).digest() for n in range(50)]
    signatures = store.sign(label, digests)
    assert all(_valid(public, signature, digest) for signature, digest in zip(signatures, digests, strict=True))
    assert not _valid(public, signatures[0], digests[1])


@pytest.mark.parametrize("kind", ["P-256", "RSA-3072"])
def test_a_key_is_made_once_and_outlives_the_process(open_store: Opener, label: str, kind: str) -> None:
    made = open_store().generate(label, kind)
    again = open_store()
    assert again.generate(label, kind) == made == again.public_key(label)
    [signature] = open_store().sign(label, [bytes(32)])
    assert _valid(made, signature, bytes(32))


@pytest.mark.parametrize("kind", ["P-256", "RSA-3072"])
def test_a_key_that_another_signer_makes_meanwhile_is_found(open_store: Opener, label: str, kind: str) -> None:
    first, second = open_store(), open_store()
    with pytest.raises(NoSuchKey):
        second.public_key(label)
    made = first.generate(label, kind)
    assert second.public_key(label) == made
    [signature] = second.sign(label, [bytes(32)])
    assert _valid(made, signature, bytes(32))


@pytest.mark.parametrize(("kind", "other"), [("P-256", "P-384"), ("P-256", "RSA-3072"), ("RSA-3072", "P-256")])
def test_a_label_never_changes_its_kind(open_store: Opener, label: str, kind: str, other: str) -> None:
    made = open_store().generate(label, kind)
    with pytest.raises(OtherKind):
        open_store().generate(label, other)
    assert open_store().public_key(label) == made


def test_a_key_that_was_never_made_is_unknown(open_store: Opener) -> None:
    for ask in (lambda s: s.public_key("seal/never"), lambda s: s.sign("seal/never", [bytes(32)])):
        with pytest.raises(NoSuchKey):
            ask(open_store())


def _generate_at_once(store_name: str, kind: str, place: str, module: str, label: str, ready: object, answers: object) -> None:
    store = (
        FileStore(Path(place) / "keys", PASSPHRASE)
        if store_name == "file"
        else Pkcs11Store(module, "toono-test", PASSPHRASE, Path(place) / "lock")
    )
    ready.wait()  # type: ignore[attr-defined]
    public = store.generate(label, kind)
    answers.put(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["P-256", "RSA-3072"])
@pytest.mark.parametrize("store_name", ["file", "pkcs11"])
def test_two_processes_that_make_the_same_key_at_once_get_one_key(
    store_name: str, kind: str, token: str, tmp_path: Path, label: str
) -> None:
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Barrier(2), context.Queue()
    racers = [
        context.Process(target=_generate_at_once, args=(store_name, kind, str(tmp_path), token, label, ready, answers)) for _ in range(2)
    ]
    for racer in racers:
        racer.start()
    found = {answers.get(timeout=30) for _ in racers}
    for racer in racers:
        racer.join(30)
    assert len(found) == 1


def test_without_the_lock_two_makers_get_two_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: the race test guards something."""
    from contextlib import nullcontext

    first, second = FileStore(tmp_path, PASSPHRASE), FileStore(tmp_path, PASSPHRASE)
    monkeypatch.setattr("toono.pki.signer.stores.file.alone", lambda _lock: nullcontext())
    found: list[ec.EllipticCurvePublicKey] = []
    real = FileStore._encrypted

    def slow(self: FileStore, key: ec.EllipticCurvePrivateKey) -> bytes:
        if self is first:  # while the first is busy, the second comes and finishes
            found.append(second.generate("seal/race", "P-256"))
        return real(self, key)

    monkeypatch.setattr(FileStore, "_encrypted", slow)
    found.append(first.generate("seal/race", "P-256"))
    assert found[0] != found[1]


def test_a_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    FileStore(tmp_path, PASSPHRASE).generate("token", "P-256")
    with pytest.raises(StoreFault, match="another passphrase"):
        FileStore(tmp_path, "wrong").sign("token", [bytes(32)])


def test_key_files_are_encrypted_and_for_their_owner_only(tmp_path: Path) -> None:
    FileStore(tmp_path, PASSPHRASE).generate("seal/x", "P-256")
    [file] = tmp_path.glob("*.pem")
    assert file.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert file.stat().st_mode & 0o077 == 0


def test_a_damaged_key_file_is_a_fault_not_a_new_key(tmp_path: Path) -> None:
    FileStore(tmp_path, PASSPHRASE).generate("seal/x", "P-256")
    (tmp_path / "seal.x.pem").write_bytes(b"")
    with pytest.raises(StoreFault):
        FileStore(tmp_path, PASSPHRASE).generate("seal/x", "P-256")


def test_a_key_file_of_another_sort_is_a_fault(tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    (tmp_path / "seal.x.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    with pytest.raises(StoreFault, match="neither an EC nor an RSA key"):
        FileStore(tmp_path, PASSPHRASE).sign("seal/x", [bytes(32)])


@pytest.mark.parametrize(("kind", "secret"), [("P-256", "VALUE"), ("RSA-3072", "PRIVATE_EXPONENT"), ("RSA-3072", "PRIME_1")])
def test_a_key_in_the_token_cannot_be_taken_out_and_only_signs(token: str, tmp_path: Path, label: str, kind: str, secret: str) -> None:
    import pkcs11

    store = Pkcs11Store(token, "toono-test", PASSPHRASE, tmp_path / "lock")
    store.generate(label, kind)
    session = pkcs11.lib(token).get_token(token_label="toono-test").open()  # logged in by the store
    private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label)
    assert private[pkcs11.Attribute.SENSITIVE]
    assert not private[pkcs11.Attribute.EXTRACTABLE]
    assert private[pkcs11.Attribute.LOCAL] and private[pkcs11.Attribute.NEVER_EXTRACTABLE]
    assert private[pkcs11.Attribute.SIGN]
    assert not any(private[attribute] for attribute in (pkcs11.Attribute.DECRYPT, pkcs11.Attribute.UNWRAP, pkcs11.Attribute.DERIVE))
    with pytest.raises(pkcs11.AttributeSensitive):
        private[pkcs11.Attribute[secret]]


def test_a_token_that_is_not_there_is_a_fault_that_says_what_to_check(token: str, tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="Check module, token and PIN"):
        Pkcs11Store(token, "no-such-token", PASSPHRASE, tmp_path / "lock").public_key("token")
