"""Certificate profiles as data: what each kind of certificate contains. Sources: RFC 5280, ETSI EN 319 412-2 and -3, EN 319 422."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from types import MappingProxyType

from cryptography.x509 import ObjectIdentifier
from cryptography.x509.oid import ExtendedKeyUsageOID

from toono.pki.contracts import Profile, SubjectName

# The enterprise number for documentation (RFC 5612): an operator puts its own registered arc here. Not 2.25.<UUID> nor 2.999:
# linters and some libraries refuse arcs of more than 32 bits, and the arc of examples.
ARC = "1.3.6.1.4.1.32473.496"
ANY_POLICY = ObjectIdentifier("2.5.29.32.0")
NCP = ObjectIdentifier("0.4.0.2042.1.1")  # normalised certificate policy, ETSI EN 319 411-1 §5.3
DOCUMENT_SIGNING = ObjectIdentifier("1.3.6.1.5.5.7.3.36")
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
    curve: str = "P-256"
    path_length: int | None = None
    """Authorities below; None for a certificate that is no authority."""
    no_check: bool = False
    """Its own revocation is not asked (RFC 6960 §4.2.2.2.1); therefore short-lived."""
    revocable: bool = True

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
            curve="P-384",
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
            curve="P-384",
            path_length=0,
            revocable=False,
        ),
        Profile.OCSP: ProfileData(
            keys="pki/ocsp",
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
        ),
    }
)

SEAL_POLICY = PROFILES[Profile.SEAL].policies[0]


def fits(profile: Profile, key: str) -> bool:
    """Whether a key of this label may have a certificate of this profile."""
    return fnmatchcase(key, PROFILES[profile].keys)
