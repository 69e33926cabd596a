"""Certificate profiles as data: what each kind of certificate contains.

Sources: RFC 5280, ETSI EN 319 412-2 (natural persons), -3 (legal persons), -5 (statements of qualification), EN 319 422 (time-stamps),
EN 319 411-1 (policies of servers), CA/Browser Forum Baseline Requirements §7.1.2.7 (servers).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType

from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from toono.pki.contracts import OfficerName, PersonName, Profile, ServerName, Subject, SubjectName

# The enterprise number for documentation (RFC 5612): an operator puts its own registered arc here. Not 2.25.<UUID> nor 2.999:
# linters and some libraries refuse arcs of more than 32 bits, and the arc of examples.
ARC = "1.3.6.1.4.1.32473.496"
ANY_POLICY = ObjectIdentifier("2.5.29.32.0")
NCP = ObjectIdentifier("0.4.0.2042.1.1")  # normalised certificate policy, ETSI EN 319 411-1 §5.3
OVCP = ObjectIdentifier("0.4.0.2042.1.7")  # organisation validated, ETSI EN 319 411-1 §5.3
BR_ORGANISATION = ObjectIdentifier("2.23.140.1.2.2")  # the same in the CA/Browser Forum's words (BR §7.1.6.1)
QUALIFIED_SIGNATURE = ObjectIdentifier("0.4.0.1862.1.6.1")  # EN 319 412-5 §4.2.3: for electronic signatures
QUALIFIED_SEAL = ObjectIdentifier("0.4.0.1862.1.6.2")  # for electronic seals
NATURAL_PERSON = ObjectIdentifier("0.4.0.194121.1.1")  # EN 319 412-1 §5.1: how serialNumber is to be read
LEGAL_PERSON = ObjectIdentifier("0.4.0.194121.1.2")  # and organizationIdentifier
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
TRUSTED_LIST_SIGNING = ObjectIdentifier("0.4.0.2231.3.0")  # id-tsl-kp-tslSigning, ETSI TS 119 612 §5.7.1
TIME_STAMP_POLICY = ObjectIdentifier(f"{ARC}.2.1")
"""Policy named in every time-stamp of ours: best practices of ETSI EN 319 421, clock of the host kept by NTP."""

YEAR = timedelta(days=365)

PLATFORM = SubjectName(common_name="Тооно", organisation="Тооно платформ", register_number="0000000")
"""Whom the authorities name where the platform's operator gives no other name. No legal entity has this register number."""


@dataclass(frozen=True, kw_only=True)
class ProfileData:
    """One kind of certificate."""

    keys: str
    """Pattern of the key labels that may have it."""
    lifetime: timedelta
    renew_before: timedelta
    """A successor is issued when less than this is left."""
    key_usage: frozenset[str]
    """Names of ``cryptography.x509.KeyUsage`` arguments."""
    policies: tuple[ObjectIdentifier, ...] = ()
    extended_usage: tuple[ObjectIdentifier, ...] = ()
    extended_usage_critical: bool = False
    issuer: Profile | None = Profile.ISSUING
    """None: signs itself."""
    algorithm: str = "P-256"
    """Of keys that the signer makes (``domain/algorithms.py``); a server's key comes with its request."""
    path_length: int | None = None
    """Authorities below; None for a certificate that is no authority."""
    no_check: bool = False
    """Its own revocation is not asked (RFC 6960 §4.2.2.2.1); therefore short-lived."""
    revocable: bool = True
    suspendable: bool = False
    subject: type[Subject] = SubjectName
    """Whom it names."""
    qualified: ObjectIdentifier | None = None
    """Type of the qualified certificate (EN 319 412-5 §4.2.3); None where the law on signatures does not speak of it."""
    semantics: ObjectIdentifier | None = None
    """How the identifier in the name is to be read (RFC 3739 §3.2.6)."""
    wildcards: bool = False
    """May name all servers directly below a name; what proves that, ``domain/acme`` says."""

    @property
    def is_authority(self) -> bool:
        return self.path_length is not None


def _policy(number: int) -> ObjectIdentifier:
    return ObjectIdentifier(f"{ARC}.1.{number}")


_SIGN = frozenset({"digital_signature"})
_AUTHORITY = frozenset({"key_cert_sign", "crl_sign"})

PROFILES: Mapping[Profile, ProfileData] = MappingProxyType(
    {
        Profile.ROOT: ProfileData(
            keys="pki/root",
            lifetime=20 * YEAR,
            renew_before=timedelta(),
            key_usage=_AUTHORITY,
            issuer=None,
            algorithm="P-384",
            path_length=1,
            revocable=False,
        ),
        Profile.ISSUING: ProfileData(
            keys="pki/issuing",
            lifetime=10 * YEAR,
            renew_before=timedelta(),
            key_usage=_AUTHORITY,
            policies=(ANY_POLICY,),
            issuer=Profile.ROOT,
            algorithm="P-384",
            path_length=0,
            revocable=False,
        ),
        Profile.ISSUING_PERSONS: ProfileData(
            keys="pki/issuing-persons",
            lifetime=10 * YEAR,
            renew_before=timedelta(),
            key_usage=_AUTHORITY,
            policies=(ANY_POLICY,),
            issuer=Profile.ROOT,
            algorithm="P-384",
            path_length=0,
            revocable=False,
        ),
        Profile.ISSUING_SERVERS: ProfileData(
            keys="pki/issuing-servers",
            lifetime=10 * YEAR,
            renew_before=timedelta(),
            key_usage=_AUTHORITY,
            policies=(ANY_POLICY,),
            issuer=Profile.ROOT,
            algorithm="P-384",
            path_length=0,
            revocable=False,
        ),
        Profile.OCSP: ProfileData(
            keys="pki/ocsp*",  # one for each authority, see responder_label; its issuer is that authority
            lifetime=timedelta(days=90),
            renew_before=timedelta(days=30),
            key_usage=_SIGN,
            policies=(_policy(1),),
            extended_usage=(ExtendedKeyUsageOID.OCSP_SIGNING,),
            no_check=True,
            revocable=False,
        ),
        Profile.TIMESTAMP: ProfileData(
            keys="pki/timestamp",
            lifetime=9 * YEAR,  # a stamp can be checked for at least six years after it was given
            renew_before=6 * YEAR,
            key_usage=_SIGN,
            policies=(_policy(2),),
            extended_usage=(ExtendedKeyUsageOID.TIME_STAMPING,),
            extended_usage_critical=True,
        ),
        Profile.SEAL: ProfileData(
            keys="seal/*",
            lifetime=3 * YEAR,
            renew_before=timedelta(days=60),
            key_usage=frozenset({"digital_signature", "content_commitment"}),
            policies=(_policy(3), NCP),
            # What readers of documents look for: RFC 9336, and e-mail protection for those built on NSS (poppler, Evince).
            extended_usage=(DOCUMENT_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION),
            suspendable=True,
            qualified=QUALIFIED_SEAL,
            semantics=LEGAL_PERSON,
        ),
        Profile.EXCHANGE: ProfileData(
            keys="exchange/*",
            lifetime=2 * YEAR,
            renew_before=timedelta(days=60),
            key_usage=frozenset({"digital_signature", "content_commitment"}),  # X-Road's verifier asks for the second
            policies=(_policy(4), NCP),
        ),
        Profile.CONFIGURATION: ProfileData(
            keys="configuration",
            lifetime=2 * YEAR,
            renew_before=timedelta(days=60),
            key_usage=_SIGN,
            policies=(_policy(5), NCP),
        ),
        Profile.TOKEN: ProfileData(
            keys="token",
            lifetime=2 * YEAR,
            renew_before=timedelta(days=60),
            key_usage=_SIGN,
            policies=(_policy(6), NCP),
        ),
        Profile.SYSTEM: ProfileData(
            keys="system/*",
            lifetime=2 * YEAR,
            renew_before=timedelta(days=60),
            key_usage=_SIGN,
            policies=(_policy(7), NCP),
            extended_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),
        ),
        Profile.PERSON: ProfileData(
            keys="person/*",
            lifetime=YEAR,
            renew_before=timedelta(),  # a person asks for the next one
            key_usage=frozenset({"content_commitment"}),
            policies=(_policy(8), NCP),
            extended_usage=(DOCUMENT_SIGNING,),
            issuer=Profile.ISSUING_PERSONS,
            suspendable=True,
            subject=PersonName,
            qualified=QUALIFIED_SIGNATURE,
            semantics=NATURAL_PERSON,
        ),
        Profile.AUTHENTICATION: ProfileData(
            keys="auth/*",
            lifetime=YEAR,
            renew_before=timedelta(),
            key_usage=_SIGN,
            policies=(_policy(9), NCP),
            extended_usage=(ExtendedKeyUsageOID.CLIENT_AUTH,),
            issuer=Profile.ISSUING_PERSONS,
            suspendable=True,
            subject=PersonName,
            semantics=NATURAL_PERSON,
        ),
        Profile.OFFICER: ProfileData(
            keys="officer/*",
            lifetime=YEAR,
            renew_before=timedelta(),
            key_usage=frozenset({"content_commitment"}),
            policies=(_policy(10), NCP),
            extended_usage=(DOCUMENT_SIGNING,),
            issuer=Profile.ISSUING_PERSONS,
            suspendable=True,
            subject=OfficerName,
            qualified=QUALIFIED_SIGNATURE,
            semantics=NATURAL_PERSON,
        ),
        Profile.TRUSTED_LIST: ProfileData(
            keys="pki/trusted-list",
            lifetime=3 * YEAR,
            renew_before=timedelta(days=180),  # whoever pinned it must hear of its successor in time
            key_usage=_SIGN,
            policies=(_policy(12), NCP),
            extended_usage=(TRUSTED_LIST_SIGNING,),
        ),
        Profile.SERVER: ProfileData(
            keys="server/*",
            lifetime=timedelta(days=90),
            renew_before=timedelta(),  # the server asks for the next one (ACME)
            key_usage=_SIGN,
            policies=(BR_ORGANISATION, OVCP, _policy(11)),
            extended_usage=(ExtendedKeyUsageOID.SERVER_AUTH,),
            issuer=Profile.ISSUING_SERVERS,
            subject=ServerName,
            wildcards=True,
        ),
    }
)

SEAL_POLICY = PROFILES[Profile.SEAL].policies[0]


AUTHORITIES = tuple(profile for profile, data in PROFILES.items() if data.is_authority)
"""The root first."""
RENEWED_BEFORE = timedelta(days=60)
"""A person may renew when less than this is left."""


def fits(profile: Profile, key: str) -> bool:
    """Whether a key of this label may have a certificate of this profile."""
    return fnmatchcase(key, PROFILES[profile].keys)


def slug(key: str) -> str:
    """An authority's name in addresses, by its key: ``pki/issuing-persons`` → ``issuing-persons``, ``pki/issuing/2`` → ``issuing-2``."""
    return key.removeprefix("pki/").replace("/", "-")


def responder_label(key: str) -> str:
    """Label of the status responder's key for the authority whose key is ``key``.

    A responder is delegated by the very key for which it speaks (RFC 6960 §4.2.2.2): ``pki/root`` → ``pki/ocsp-root``, ``pki/issuing``
    → ``pki/ocsp``, ``pki/issuing-persons/2`` → ``pki/ocsp-persons/2``.
    """
    family, _, generation = key.removeprefix("pki/").partition("/")
    label = "pki/ocsp" + family.removeprefix("issuing") if family.startswith("issuing") else f"pki/ocsp-{family}"
    return f"{label}/{generation}" if generation else label
