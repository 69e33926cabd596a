"""A registration as a form: what was typed becomes metadata of RFC 7591, or complaints that name their field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.http import QueryDict
from django.utils.translation import gettext as _

from toono.identity import api
from toono.identity.contracts import PartyKind, PartyStage
from toono.identity.domain.console import addresses
from toono.identity.domain.dan.operations import OPERATIONS
from toono.identity.domain.oidc import ciba, credential, device_grant, encryption, resources, token_exchange
from toono.identity.domain.oidc.authorization_details import TYPES
from toono.identity.domain.oidc.storage import BY_CERTIFICATE, BY_KEY, BY_NOTHING, ES256, PING, RS256
from toono.identity.domain.oidc.userinfo import CLAIMS_BY_SCOPE, OFFLINE_SCOPE, UNSERVED_SCOPES
from toono.kernel.jose import base64url
from toono.kernel.settings import settings
from toono.kernel.text import clean, paragraphs

DEVICE, CIBA, EXCHANGE = device_grant.GRANT, ciba.GRANT, token_exchange.GRANT
METHODS = {
    PartyKind.WEB: ("client_secret_basic", "client_secret_post", BY_KEY, BY_CERTIFICATE),
    PartyKind.MACHINE: ("client_secret_basic", "client_secret_post", BY_KEY, BY_CERTIFICATE),
    PartyKind.DAN: ("client_secret_post", "client_secret_basic"),
    PartyKind.NATIVE: (),
}
TEXTS = (
    "client_name", "client_name_en", "token_endpoint_auth_method", "backchannel_logout_uri", "jwks_uri", "backchannel_token_delivery_mode",
    "backchannel_client_notification_endpoint", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc",
    "id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "id_token_signed_response_alg",
)  # fmt: skip
AREAS = ("redirect_uris", "post_logout_redirect_uris", "resources", "may_act_for", "jwks", "certificate")
BOXES = ("scope", "grants", "guards", "operations", "authorization_details_types", "signing")
GUARDS = {
    "par": "require_pushed_authorization_requests",
    "jar": "require_signed_request_object",
    "dpop": "dpop_bound_access_tokens",
    "mtls": "tls_client_certificate_bound_access_tokens",
}
ASKED_SCOPES = (*CLAIMS_BY_SCOPE, OFFLINE_SCOPE)
SIGNING_SCOPES = ("service", credential.SCOPE)
"""Of the signing service (CSC API v2, chapter 8): to see the person's certificates, to ask for signatures."""
SIGNING_DETAILS = "details"
"""In ``signing``: signatures are asked for by ``authorization_details`` as well."""
LONGEST = 20_000


@dataclass
class Typed:
    """What stands in the fields: as it was typed, or of the registration that is to be changed."""

    kind: PartyKind
    stage: PartyStage
    single: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)
    """Members that this form does not ask for; they stay as they are."""
    keys: dict[str, Any] | None = None
    """The public keys that stand, when a registration is changed."""
    certificate: str = ""
    """Thumbprint of the certificate that stands."""
    errors: list[dict[str, str]] = field(default_factory=list)

    def complain(self, where: str, text: str) -> None:
        self.errors.append({"href": f"#{where}", "text": text})

    @property
    def wrong(self) -> dict[str, dict[str, str]]:
        """Complaint by field, as the components want it."""
        return {e["href"][1:]: {"text": e["text"], "visuallyHiddenText": _("Алдаа:")} for e in reversed(self.errors)}

    @property
    def fapi(self) -> bool:
        return "fapi2" in self.lists.get("guards", [])

    @property
    def algorithm(self) -> str:
        """By which the provider signs what it says to this system."""
        return RS256 if self.single.get("id_token_signed_response_alg") == RS256 else ES256

    @property
    def public(self) -> bool:
        """It can prove nothing, so it can only let people in."""
        return self.kind is PartyKind.NATIVE

    @property
    def works(self) -> bool:
        """It may ask for more than a client for trials, which learns nothing and calls nobody."""
        return self.stage is PartyStage.PRODUCTION and self.kind is not PartyKind.DAN

    @property
    def may_sign(self) -> bool:
        """It may send people to the signing service."""
        return self.works and self.kind is not PartyKind.MACHINE

    @property
    def method(self) -> str:
        return self.single.get("token_endpoint_auth_method", "")


def empty(kind: PartyKind, stage: PartyStage) -> Typed:
    methods = METHODS[kind]
    single = {"token_endpoint_auth_method": methods[0] if methods else BY_NOTHING}
    return Typed(kind, stage, single=single, lists={name: [] for name in BOXES} | {"guards": ["pairwise"]})


def prefilled(kind: PartyKind, stage: PartyStage, metadata: Mapping[str, Any]) -> Typed:
    """A registration that stands, in the fields."""
    grants = metadata.get("grant_types", ["authorization_code"])
    guards = [short for short, name in GUARDS.items() if metadata.get(name)]
    guards += ["fapi2"] if metadata.get("profile") else []
    guards += ["pairwise"] if metadata.get("subject_type") == "pairwise" else []
    guards += ["nonce"] if metadata.get("require_pkce") is False else []
    guards += ["signed_userinfo"] if metadata.get("userinfo_signed_response_alg") else []
    single = {name: str(metadata.get(name, "")) for name in TEXTS}
    single |= {
        name: "\n".join(metadata.get(name, [])) for name in ("redirect_uris", "post_logout_redirect_uris", "resources", "may_act_for")
    }
    single["client_name_en"] = str(metadata.get("client_name#en", ""))
    single["token_endpoint_auth_method"] = str(metadata.get("token_endpoint_auth_method", "client_secret_basic"))
    scopes, types = str(metadata.get("scope", "openid")).split(), list(metadata.get("authorization_details_types", []))
    lists = {
        "scope": scopes, "grants": list(grants), "guards": guards, "operations": list(metadata.get("dan_operations", [])),
        "authorization_details_types": types,
        "signing": [name for name in SIGNING_SCOPES if name in scopes] + ([SIGNING_DETAILS] if credential.TYPE in types else []),
    }  # fmt: skip
    typed = Typed(kind, stage, single=single, lists=lists, keys=metadata.get("jwks"))
    typed.certificate = str(metadata.get("tls_client_certificate_sha256", ""))
    typed.kept = {name: value for name, value in metadata.items() if name not in _ASKED}
    return typed


_ASKED = frozenset(
    {
        "client_name", "client_name#en", "token_endpoint_auth_method", "backchannel_logout_uri", "jwks_uri", "redirect_uris", "post_logout_redirect_uris",
        "resources", "jwks", "tls_client_certificate_sha256", "scope", "grant_types", "dan_operations", "profile", "subject_type",
        "id_token_signed_response_alg", "userinfo_signed_response_alg", "backchannel_token_delivery_mode", "backchannel_client_notification_endpoint", "authorization_details_types",
        "may_act_for", "userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc", "id_token_encrypted_response_alg",
        "id_token_encrypted_response_enc", "require_pkce", *GUARDS.values(),
    }
)  # fmt: skip


def typed(post: QueryDict, kind: PartyKind, stage: PartyStage, standing: Typed | None) -> Typed:
    """What was sent, cleaned."""
    single = {name: clean(post.get(name, ""))[:500] for name in TEXTS} | {name: paragraphs(post.get(name, "")[:LONGEST]) for name in AREAS}
    found = Typed(kind, stage, single=single, lists={name: post.getlist(name)[:100] for name in BOXES})
    found.lists["scope"] = [one for one in ASKED_SCOPES if one in found.lists["scope"]]
    if standing is not None:
        found.kept, found.keys, found.certificate = standing.kept, standing.keys, standing.certificate
        known = set(standing.lists["grants"]) - {"authorization_code", "client_credentials", "refresh_token", DEVICE, CIBA, EXCHANGE}
        found.lists["grants"] += sorted(known)
        offered = {"openid", *ASKED_SCOPES, *UNSERVED_SCOPES, *(SIGNING_SCOPES if found.may_sign else ())}
        found.lists["scope"] += sorted(set(standing.lists["scope"]) - offered)
    return found


# -- to metadata ---------------------------------------------------------------------------------------------------


def metadata_of(form: Typed) -> dict[str, Any] | None:
    """The metadata that the form describes; None, and complaints in the form, where it describes none."""
    found: dict[str, Any] = dict(form.kept)
    _names(form, found)
    if form.kind is not PartyKind.MACHINE:
        _addresses(form, found, "redirect_uris", needed=True)
        _addresses(form, found, "post_logout_redirect_uris", needed=False)
    if form.kind is PartyKind.DAN:
        _operations(form, found)
    else:
        _openid(form, found)
    _authentication(form, found)
    if form.kind is not PartyKind.DAN:
        _guards(form, found)
    if form.works:
        for section in (_details, _answers_elsewhere, _resources, _acting, _signing, _encryption):
            section(form, found)
    return None if form.errors else found


def _names(form: Typed, found: dict[str, Any]) -> None:
    for name, member in (("client_name", "client_name"), ("client_name_en", "client_name#en")):
        if len(form.single[name]) < 2:
            form.complain(name, _("Нэрээ бичнэ үү. Хүн нэвтрэхдээ үүнийг уншина"))
        found[member] = form.single[name][:150]


FAULTS = {
    "space": lambda: _("Хаягт зай орсон байна"),
    "letters": lambda: _("Хаягийг зөвхөн латин үсгээр бичнэ. Кирилл нэрийг punycode (xn--…) болгоно"),
    "pattern": lambda: _("Хаяг яг бүтнээрээ байна; * тэмдэг болохгүй"),
    "fragment": lambda: _("Хаягаас # болон түүнээс хойшхыг хасна уу"),
    "unreadable": lambda: _("Энэ хаягийг ойлгосонгүй"),
    "user": lambda: _("Хаягт хэрэглэгчийн нэр (@) байж болохгүй"),
    "localhost": lambda: _("localhost-ын оронд 127.0.0.1 гэж бичнэ үү"),
    "whole": lambda: _("https://-ээр эхэлсэн бүтэн хаяг бичнэ үү"),
    "https": lambda: _("Хаяг https://-ээр эхэлнэ"),
}


def _fault(form: Typed, address: str) -> str:
    loopback = form.kind is PartyKind.NATIVE or form.stage is PartyStage.TEST or not settings().production
    return addresses.fault(address, loopback=loopback, app=form.kind is PartyKind.NATIVE and form.works)


def _addresses(form: Typed, found: dict[str, Any], name: str, *, needed: bool) -> None:
    wished = list(dict.fromkeys(form.single[name].splitlines()))
    for number, address in enumerate(wished, 1):
        fault = _fault(form, address)
        if fault:
            form.complain(name, _("%(n)s дүгээр мөр: %(fault)s") % {"n": number, "fault": FAULTS[fault]()})
            return
    if needed and not wished:
        form.complain(name, _("Нэвтэрсний дараа буцах хаягаа бичнэ үү"))
    if len(wished) > 50:
        form.complain(name, _("50 хүртэл хаяг бичнэ үү"))
    found.pop(name, None)
    if wished:
        found[name] = wished


def _operations(form: Typed, found: dict[str, Any]) -> None:
    standing = found.pop("dan_operations", [])
    chosen = [name for name in form.lists["operations"] if name in OPERATIONS or name in standing]
    if not chosen:
        form.complain("operations", _("Ядаж нэг үйлчилгээ сонгоно уу"))
    found["dan_operations"] = sorted(chosen)


def _openid(form: Typed, found: dict[str, Any]) -> None:
    if form.kind is PartyKind.MACHINE:
        found["grant_types"] = ["client_credentials", *([EXCHANGE] if EXCHANGE in form.lists["grants"] else [])]
        return
    found["scope"] = " ".join(["openid", *form.lists["scope"]])
    extra = [grant for grant in form.lists["grants"] if grant != "authorization_code" and not (grant in (CIBA, EXCHANGE) and form.public)]
    if "offline_access" in form.lists["scope"]:
        extra.append("refresh_token")
    found["grant_types"] = list(dict.fromkeys(["authorization_code", *extra]))
    found.pop("backchannel_logout_uri", None)
    logout = form.single["backchannel_logout_uri"]
    if logout:
        fault = addresses.fault(logout, loopback=not settings().production)
        if fault:
            form.complain("backchannel_logout_uri", FAULTS[fault]())
        found["backchannel_logout_uri"] = logout


def _authentication(form: Typed, found: dict[str, Any]) -> None:
    methods = METHODS[form.kind]
    method = form.method if form.method in methods else (methods[0] if methods else BY_NOTHING)
    found["token_endpoint_auth_method"] = method
    _keys(form, found, needed=method == BY_KEY)
    _certificate(form, found, needed=method == BY_CERTIFICATE)


def _keys(form: Typed, found: dict[str, Any], *, needed: bool) -> None:
    """Keys by value: a JSON Web Key Set, or one key. What stands stays when nothing is typed."""
    text, address = form.single["jwks"], form.single["jwks_uri"]
    wanted = needed or "jar" in form.lists["guards"]
    if address:
        fault = addresses.fault(address, loopback=not settings().production)
        if fault:
            form.complain("jwks_uri", FAULTS[fault]())
        found["jwks_uri"] = address
        if text:
            form.complain("jwks", _("Түлхүүрээ утгаар нь эсвэл хаягаар нь, нэгээр нь л өгнө үү"))
        return
    keys = _key_set(form, text) if text else form.keys
    if keys is not None and form.method != BY_NOTHING:
        found["jwks"] = keys
    elif wanted and not form.errors:
        form.complain("jwks", _("Нийтийн түлхүүрээ JWK эсвэл JWKS хэлбэрээр оруулна уу"))


def _key_set(form: Typed, text: str) -> dict[str, Any] | None:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        form.complain("jwks", _('Энэ JSON биш байна. {"keys": […]} хэлбэрээр оруулна уу'))
        return None
    keys = read.get("keys", [read]) if isinstance(read, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        form.complain("jwks", _('{"keys": […]} хэлбэрээр оруулна уу'))
        return None
    if any({"d", "p", "q", "k"} & key.keys() for key in keys):
        form.single["jwks"] = ""  # never shown again, never kept
        form.complain("jwks", _("Энэ бол ХУВИЙН түлхүүр. Хэнд ч бүү өг: үүнийг хаяад шинэ хос үүсгэж, нийтийнхийг нь оруулна уу"))
        return None
    return {"keys": keys}


def _certificate(form: Typed, found: dict[str, Any], *, needed: bool) -> None:
    text = form.single["certificate"]
    if text:
        try:
            read = x509.load_pem_x509_certificate(text.encode())
        except (ValueError, x509.InvalidVersion):
            form.complain("certificate", _("Гэрчилгээ уншигдсангүй. -----BEGIN CERTIFICATE----- гэж эхэлсэн PEM оруулна уу"))
            return
        form.certificate = base64url(hashlib.sha256(read.public_bytes(Encoding.DER)).digest())
    if form.certificate and needed:
        found["tls_client_certificate_sha256"] = form.certificate
    elif needed:
        form.complain("certificate", _("Гэрчилгээгээ PEM хэлбэрээр оруулна уу"))


def _guards(form: Typed, found: dict[str, Any]) -> None:
    chosen = set(form.lists["guards"])
    if form.fapi:
        chosen |= {"par"} if form.kind is not PartyKind.MACHINE else set()
        chosen |= {"mtls"} if form.method == BY_CERTIFICATE else {"dpop"}
        found["profile"] = "fapi2"
        if form.method not in (BY_KEY, BY_CERTIFICATE):
            form.complain(
                "token_endpoint_auth_method",
                _("FAPI 2.0 сонгосон бол нууц түлхүүр хэрэглэхгүй: хувийн түлхүүр эсвэл гэрчилгээгээр баталгаажуулна"),
            )
        if form.kind is PartyKind.MACHINE:
            found["require_pushed_authorization_requests"] = True
    for short, name in GUARDS.items():
        if short in chosen:
            found[name] = True
    if "mtls" in chosen and form.method != BY_CERTIFICATE:
        form.complain("guards", _("Токеныг гэрчилгээнд холбохын тулд гэрчилгээгээр баталгаажуулна"))
    if form.kind is PartyKind.MACHINE:
        return
    if "nonce" in chosen and form.kind is PartyKind.WEB and form.works:
        found["require_pkce"] = False
        if form.fapi:
            form.complain("guards", _("FAPI 2.0-д PKCE заавал байна"))
    found["subject_type"] = "pairwise" if "pairwise" in chosen else "public"
    hosts = {address.split("/")[2] for address in found.get("redirect_uris", []) if address.count("/") >= 2}
    if found["subject_type"] == "pairwise" and len({host.partition(":")[0] for host in hosts}) > 1:
        form.complain("redirect_uris", _("Систем бүрд өөр нэрээр таних үед бүх буцах хаяг нэг серверт байна"))
    if form.algorithm != ES256:
        found["id_token_signed_response_alg"] = form.algorithm
    if form.algorithm != ES256 and form.fapi:
        form.complain("id_token_signed_response_alg", _("FAPI 2.0-д ES256-аар л гарын үсэг зурна"))
    if "signed_userinfo" in chosen:
        found["userinfo_signed_response_alg"] = form.algorithm


# -- what a client that works may have besides ---------------------------------------------------------------------


def _details(form: Typed, found: dict[str, Any]) -> None:
    """Rights in detail that it may ask people for (RFC 9396 §10)."""
    chosen = [name for name in TYPES if name in form.lists["authorization_details_types"] and name != credential.TYPE]
    if chosen:
        found["authorization_details_types"] = chosen


def _answers_elsewhere(form: Typed, found: dict[str, Any]) -> None:
    """How it learns that a person has answered on their phone (CIBA Core §4)."""
    if CIBA not in found["grant_types"]:
        return
    mode = PING if form.single["backchannel_token_delivery_mode"] == PING else "poll"
    found["backchannel_token_delivery_mode"] = mode
    endpoint = form.single["backchannel_client_notification_endpoint"]
    if mode != PING:
        return
    fault = addresses.fault(endpoint, loopback=not settings().production) if endpoint else ""
    if not endpoint:
        form.complain("backchannel_client_notification_endpoint", _("Мэдэгдэл хүлээн авах хаягаа бичнэ үү"))
    elif fault:
        form.complain("backchannel_client_notification_endpoint", FAULTS[fault]())
    found["backchannel_client_notification_endpoint"] = endpoint


def _resources(form: Typed, found: dict[str, Any]) -> None:
    """Whom its tokens may address (RFC 8707), its own address among them where it acts on."""
    wished = list(dict.fromkeys(line for line in form.single["resources"].splitlines() if line))
    if not all(resources.is_address(line) for line in wished) or len(wished) > 50:
        form.complain("resources", _("Нөөцийн хаяг бүр бүтэн, # тэмдэггүй байна; 50 хүртэл"))
    if wished:
        found["resources"] = wished


def _acting(form: Typed, found: dict[str, Any]) -> None:
    """Whose tokens it may exchange for its own (RFC 8693): systems that are registered, and only with an address at which they call it."""
    if EXCHANGE not in found["grant_types"]:
        return
    wished = list(dict.fromkeys(line for line in form.single["may_act_for"].splitlines() if line))
    known = api.party_names(client_ids=[line for line in wished if line.isprintable()][:50])
    strange = [line for line in wished if line not in known]
    if not wished or len(wished) > 50:
        form.complain("may_act_for", _("Токеныг нь солих системүүдийн client_id-г бичнэ үү"))
    elif strange:
        form.complain("may_act_for", _("Ийм систем бүртгэлгүй: %(names)s") % {"names": ", ".join(strange)[:200]})
    if "resources" not in found:
        form.complain("resources", _("Токен солихын тулд өөрийн хаягаа нөөц болгон бичнэ: ирсэн токен түүнд зориулагдсан байна"))
    if wished:
        found["may_act_for"] = wished


def _signing(form: Typed, found: dict[str, Any]) -> None:
    """What it may ask of the signing service (CSC API v2, §8.4.2), whose address then stands among its resources."""
    chosen = [name for name in (*SIGNING_SCOPES, SIGNING_DETAILS) if name in form.lists["signing"] and form.may_sign]
    service = settings().base_url + credential.RESOURCE
    known = [address for address in found.pop("resources", []) if chosen or address != service]
    if chosen:
        known += [service] if service not in known else []
        found["scope"] = " ".join([found["scope"], *(name for name in SIGNING_SCOPES if name in chosen)])
        if found["subject_type"] == "pairwise":
            form.complain("guards", _("Гарын үсгийн үйлчилгээ хүнийг бүх системд нэг нэрээр танина: pairwise-ийг болиулна уу"))
        if found.get("dpop_bound_access_tokens") or found.get("tls_client_certificate_bound_access_tokens"):
            form.complain(
                "guards", _("Гарын үсгийн үйлчилгээ түлхүүр, гэрчилгээнд холбосон токен авдаггүй: DPoP, mTLS, FAPI 2.0-г болиулна уу")
            )
    if known:
        found["resources"] = known
    if SIGNING_DETAILS in chosen:
        found["authorization_details_types"] = [*found.get("authorization_details_types", []), credential.TYPE]


def _encryption(form: Typed, found: dict[str, Any]) -> None:
    """Answers that only it can read, signed within (Core §16.14), to a key that it publishes for that."""
    if form.kind is not PartyKind.WEB:
        return
    for what in ("userinfo", "id_token"):
        _encrypted(form, found, f"{what}_encrypted_response_alg", f"{what}_encrypted_response_enc")
    if "userinfo_encrypted_response_alg" in found:
        found["userinfo_signed_response_alg"] = form.algorithm


def _encrypted(form: Typed, found: dict[str, Any], of_key: str, of_content: str) -> None:
    algorithm, content = form.single[of_key], form.single[of_content]
    if algorithm not in encryption.ALGORITHMS:
        return
    found[of_key] = algorithm
    if content in encryption.ENCODINGS:
        found[of_content] = content
    kind = encryption.ALGORITHMS[algorithm]
    keys = found.get("jwks", {}).get("keys", [])
    if "jwks_uri" not in found and not any(key.get("kty") == kind and key.get("use") == "enc" for key in keys):
        form.complain("jwks", _('Шифрлэхэд %(kind)s төрлийн, "use": "enc" гэсэн нийтийн түлхүүр хэрэгтэй') % {"kind": kind})
