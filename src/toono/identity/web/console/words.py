"""The console in words: what members of a registration mean, why a client was refused and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from toono.identity.contracts import PartyKind, PartyStage
from toono.identity.domain.oidc import credential
from toono.identity.domain.oidc.authorization_details import TYPES
from toono.registry import api as registry

KINDS = {
    PartyKind.WEB: gettext_lazy("Веб систем"),
    PartyKind.NATIVE: gettext_lazy("Гар утас, компьютерын программ"),
    PartyKind.MACHINE: gettext_lazy("Хүнгүй ажилладаг систем"),
    PartyKind.DAN: gettext_lazy("ДАН-тай нийцтэй систем"),
}
ABOUT = {
    PartyKind.WEB: gettext_lazy("Сервер дээрээ нууц түлхүүр хадгалж чадна. OpenID Connect."),
    PartyKind.NATIVE: gettext_lazy("Хүний гарт ажилладаг тул нууц хадгалж чадахгүй. OpenID Connect, PKCE."),
    PartyKind.MACHINE: gettext_lazy("Өөрийн нэрийн өмнөөс ажиллана, хүн нэвтрэхгүй (client_credentials)."),
    PartyKind.DAN: gettext_lazy("sso.gov.mn-д холбогдож байсан систем хаягаа л солино."),
}
STAGES = {PartyStage.TEST: gettext_lazy("Туршилтын хэрэглээ"), PartyStage.PRODUCTION: gettext_lazy("Бодит хэрэглээ")}
STATES = {
    "waiting": gettext_lazy("Платформын зөвшөөрлийг хүлээж байна"),
    "in_force": gettext_lazy("Хүчинтэй болсон"),
    "rejected": gettext_lazy("Татгалзсан"),
    "taken_back": gettext_lazy("Буцааж авсан"),
}
ACTS = {
    "register": gettext_lazy("Бүртгүүлэх"),
    "change": gettext_lazy("Өөрчлөх"),
    "secret": gettext_lazy("Нууц түлхүүр шинэчилсэн"),
    "secret_end": gettext_lazy("Өмнөх нууц түлхүүрийг хүчингүй болгосон"),
    "deactivate": gettext_lazy("Системийг зогсоосон"),
    "reactivate": gettext_lazy("Дахин ажиллуулсан"),
    "assign": gettext_lazy("Байгууллагад хуваарилсан"),
}
MEMBERS = {
    "client_name": gettext_lazy("Нэр"),
    "client_name#en": gettext_lazy("Нэр, англиар"),
    "redirect_uris": gettext_lazy("Буцах хаяг"),
    "post_logout_redirect_uris": gettext_lazy("Гарсны дараа буцах хаяг"),
    "backchannel_logout_uri": gettext_lazy("Гарсныг мэдэгдэх хаяг"),
    "scope": gettext_lazy("Авах мэдээлэл (scope)"),
    "token_endpoint_auth_method": gettext_lazy("Системээ батлах арга"),
    "grant_types": gettext_lazy("Зөвшөөрөл авах зам"),
    "jwks": gettext_lazy("Нийтийн түлхүүр"),
    "jwks_uri": gettext_lazy("Нийтийн түлхүүрийн хаяг"),
    "tls_client_certificate_sha256": gettext_lazy("Гэрчилгээний хээ (SHA-256)"),
    "subject_type": gettext_lazy("Хүнийг нэрлэх"),
    "profile": gettext_lazy("Аюулгүй байдлын түвшин"),
    "require_pushed_authorization_requests": gettext_lazy("Хүсэлтийг урьдчилж илгээх (PAR)"),
    "require_signed_request_object": gettext_lazy("Хүсэлтэд гарын үсэг зурах (JAR)"),
    "dpop_bound_access_tokens": gettext_lazy("Токеныг түлхүүрт холбох (DPoP)"),
    "tls_client_certificate_bound_access_tokens": gettext_lazy("Токеныг гэрчилгээнд холбох (mTLS)"),
    "require_pkce": gettext_lazy("PKCE шаардах"),
    "id_token_signed_response_alg": gettext_lazy("Гарын үсгийн арга (id_token)"),
    "userinfo_signed_response_alg": gettext_lazy("Гарын үсэгтэй userinfo"),
    "resources": gettext_lazy("Хандах нөөц"),
    "dan_operations": gettext_lazy("ДАН-ы үйлчилгээ"),
    "may_act_for": gettext_lazy("Токеныг нь солих систем"),
    "authorization_details_types": gettext_lazy("Нарийвчилсан зөвшөөрөл (RAR)"),
    "backchannel_token_delivery_mode": gettext_lazy("Хариуг мэдэх арга (CIBA)"),
    "backchannel_client_notification_endpoint": gettext_lazy("Хариулсныг мэдэгдэх хаяг (CIBA)"),
    "userinfo_encrypted_response_alg": gettext_lazy("Шифрлэсэн userinfo, түлхүүр"),
    "userinfo_encrypted_response_enc": gettext_lazy("Шифрлэсэн userinfo, агуулга"),
    "id_token_encrypted_response_alg": gettext_lazy("Шифрлэсэн id_token, түлхүүр"),
    "id_token_encrypted_response_enc": gettext_lazy("Шифрлэсэн id_token, агуулга"),
}
GRANTS = {
    "authorization_code": gettext_lazy("Хүн нэвтэрнэ (authorization_code)"),
    "refresh_token": gettext_lazy("Дахин нэвтрүүлэхгүйгээр сунгана (refresh_token)"),
    "client_credentials": gettext_lazy("Систем өөрөө, хүнгүйгээр (client_credentials)"),
    "urn:ietf:params:oauth:grant-type:device_code": gettext_lazy("Дэлгэц, үйлчилгээний цэг (device_code)"),
    "urn:openid:params:grant-type:ciba": gettext_lazy("Систем эхлүүлж, хүн утсаараа зөвшөөрнө (CIBA)"),
    "urn:ietf:params:oauth:grant-type:token-exchange": gettext_lazy("Ирсэн токеныг цааш дуудахаар солино (token-exchange)"),
}
SCOPES = {
    "register": gettext_lazy("Овог, эцэг (эх)-ийн нэр, нэр, иргэний бүртгэлийн дугаар (register)"),
    "profile": gettext_lazy("Бүтэн нэр, өөрийн нэр; бэлэн программ ихэвчлэн үүнийг уншдаг (profile)"),
    "offline_access": gettext_lazy("Хүн гарсны дараа ч хандах, refresh_token (offline_access)"),
}
SIGNING = {
    "service": gettext_lazy("Хүний гэрчилгээг харж, гарын үсэг хүсэх (service)"),
    "credential": gettext_lazy("Нэрлэсэн баримтад гарын үсэг зуруулах, параметрээр (credential)"),
    "details": gettext_lazy("Нэрлэсэн баримтад гарын үсэг зуруулах, authorization_details-ээр (credential)"),
}
"""What a system may ask of the signing service (CSC API v2)."""
DETAILS = {
    "toono_exchange": gettext_lazy("Мэдээлэл солилцооны үйлчилгээг нэрлэн зөвшөөрүүлэх (toono_exchange)"),
    "toono_representation": gettext_lazy("Байгууллагыг төлөөлөхийг зөвшөөрүүлэх (toono_representation)"),
    "toono_signature": gettext_lazy("Баримтад гарын үсэг зурахыг зөвшөөрүүлэх (toono_signature)"),
}
DELIVERY = {
    "poll": gettext_lazy("Систем өөрөө асууна (poll)"),
    "ping": gettext_lazy("Хариулмагц системд мэдэгдэнэ (ping)"),
}
STATEMENT_STATES = {
    "unused": gettext_lazy("Ашиглаагүй, хүчинтэй"),
    "used": gettext_lazy("Ашигласан"),
    "expired": gettext_lazy("Хугацаа нь дууссан"),
    "taken_back": gettext_lazy("Буцааж авсан"),
}
METHODS = {
    "client_secret_basic": gettext_lazy("Нууц түлхүүр, толгой хэсэгт (client_secret_basic)"),
    "client_secret_post": gettext_lazy("Нууц түлхүүр, маягтад (client_secret_post)"),
    "private_key_jwt": gettext_lazy("Өөрийн хувийн түлхүүр (private_key_jwt)"),
    "self_signed_tls_client_auth": gettext_lazy("TLS гэрчилгээ (self_signed_tls_client_auth)"),
    "none": gettext_lazy("Батлахгүй (none)"),
}
ENDPOINTS = {
    "/oidc/authorize": gettext_lazy("Нэвтрүүлэх хүсэлт"),
    "/oidc/par": gettext_lazy("Урьдчилж илгээсэн хүсэлт"),
    "/oidc/token": gettext_lazy("Токен авах"),
    "/oidc/userinfo": gettext_lazy("Хүний мэдээлэл авах"),
    "/oidc/introspect": gettext_lazy("Токен шалгах"),
    "/oidc/revoke": gettext_lazy("Токен хүчингүй болгох"),
    "/oidc/end-session": gettext_lazy("Гаргах хүсэлт"),
    "/oidc/register": gettext_lazy("Өөрөө бүртгүүлэх"),
    "/oidc/device-authorization": gettext_lazy("Төхөөрөмжийн код авах"),
    "/oidc/backchannel-authentication": gettext_lazy("Утсаар батлуулах хүсэлт"),
    "/oauth2/authorize": gettext_lazy("ДАН-ы нэвтрүүлэх хүсэлт"),
    "/oauth2/token": gettext_lazy("ДАН-ы токен авах"),
    "/oauth2/api/v1/service": gettext_lazy("ДАН-ы мэдээлэл авах"),
}


@dataclass(frozen=True)
class Cause:
    """A cause of refusals: what is wrong, and how to mend it."""

    what: Any
    mend: Any


CAUSES: dict[str, Cause] = {
    "client.unproven": Cause(gettext_lazy("Нууц түлхүүр буруу байна"), gettext_lazy("Түлхүүрээ зай, мөр таслалтгүй хуулсан эсэхээ шалгаарай. Алдсан бол системийн хуудаснаас шинийг үүсгэнэ.")),
    "client.unknown": Cause(gettext_lazy("Ийм client_id бүртгэлгүй"), gettext_lazy("client_id-гаа системийнхээ хуудаснаас хуулж авна уу. Туршилт, ашиглалтынх нь өөр.")),
    "client.deactivated": Cause(gettext_lazy("Систем зогсоогдсон байна"), gettext_lazy("Системийн хуудаснаас дахин ажиллуулна. Платформ зогсоосон бол платформд хандана.")),
    "client.two_ways": Cause(gettext_lazy("Өөрийгөө хоёр аргаар зэрэг баталсан, эсвэл client_id зөрсөн"), gettext_lazy("Бүртгүүлсэн нэг аргаараа л батлаарай: толгой эсвэл маягт, хоёрыг зэрэг биш.")),
    "client.header": Cause(gettext_lazy("Authorization толгой уншигдахгүй байна"), gettext_lazy("Basic base64(client_id:client_secret) хэлбэртэй байна. Хоёр хэсгийг эхлээд form-encode хийнэ.")),
    "client.certificate": Cause(gettext_lazy("TLS гэрчилгээ ирээгүй, эсвэл бүртгэлтэйгээс өөр байна"), gettext_lazy("Холболтдоо бүртгүүлсэн гэрчилгээгээ ашиглана. Сольсон бол шинийг нь энд оруулна.")),
    "client.must_prove": Cause(gettext_lazy("Энэ үйлдлийг өөрийгөө баталсан систем л хийнэ"), gettext_lazy("Нууц түлхүүр, хувийн түлхүүр эсвэл гэрчилгээтэй системээр дуудна.")),
    "client.keys_unreachable": Cause(gettext_lazy("jwks_uri хаягаас түлхүүр уншиж чадсангүй"), gettext_lazy("Хаяг https, нээлттэй, JSON хариу өгдөг эсэхийг шалгана. Эсвэл түлхүүрээ утгаар нь бүртгүүлнэ.")),
    "assertion.audience": Cause(gettext_lazy("client_assertion-ий aud буруу"), gettext_lazy("aud-д issuer хаягийг тэмдэгт бүрээр нь яг бичнэ.")),
    "assertion.time": Cause(gettext_lazy("client_assertion-ий хугацаа дууссан, эсвэл ирээдүйнх байна"), gettext_lazy("Серверийн цагаа NTP-ээр тохируулж, exp-ийг нэг минутаар тавина.")),
    "assertion.repeated": Cause(gettext_lazy("client_assertion-ий jti дутуу, эсвэл давтагдсан"), gettext_lazy("Хүсэлт бүрд шинэ assertion, шинэ jti үүсгэнэ.")),
    "assertion.shape": Cause(gettext_lazy("client_assertion-д шаардлагатай утга дутуу"), gettext_lazy("iss, sub нь client_id; aud, exp, jti заавал байна.")),
    "assertion.signature": Cause(gettext_lazy("client_assertion-ий гарын үсэг таарахгүй байна"), gettext_lazy("Бүртгүүлсэн түлхүүрийн хосоор, ES256, PS256 эсвэл EdDSA-аар зурна. Түлхүүрээ сольсон бол шинийг нь эхлээд энд нэмнэ.")),
    "redirect.unregistered": Cause(gettext_lazy("redirect_uri бүртгэлгүй"), gettext_lazy("Хүсэлтийн хаяг бүртгэлтэйтэй тэмдэгт бүрээрээ ижил байна: http/https, төгсгөлийн /, портыг шалгаарай.")),
    "redirect.differs": Cause(gettext_lazy("Токен авахдаа өөр redirect_uri илгээсэн"), gettext_lazy("Нэвтрүүлэх хүсэлтэд бичсэн redirect_uri-г өөрчлөлгүй давтана.")),
    "logout.unregistered": Cause(gettext_lazy("Гарсны дараа буцах хаяг бүртгэлгүй"), gettext_lazy("post_logout_redirect_uri-г энэ системд яг тэр хэлбэрээр нь бүртгүүлнэ.")),
    "hint.foreign": Cause(gettext_lazy("id_token_hint манайх биш, эсвэл өөр системийнх"), gettext_lazy("Энэ системд олгосон хамгийн сүүлийн id_token-ыг илгээнэ.")),
    "request.repeated": Cause(gettext_lazy("Нэг параметр хоёр удаа ирсэн"), gettext_lazy("Параметр бүрийг нэг л удаа илгээнэ. Хаяг дээр болон маягтад давхардаж болохгүй.")),
    "request.unreadable": Cause(gettext_lazy("Хүсэлтийн хэлбэр буруу, эсвэл хэт урт"), gettext_lazy("Токены хүсэлтийг application/x-www-form-urlencoded маягтаар POST хийнэ.")),
    "request.must_be_pushed": Cause(gettext_lazy("Энэ системийн хүсэлтийг урьдчилж илгээх ёстой"), gettext_lazy("Эхлээд /oidc/par руу илгээж, ирсэн request_uri-г ашиглана. Эсвэл тохиргооноос PAR-ыг болиулахыг хүснэ.")),
    "request.must_be_signed": Cause(gettext_lazy("Энэ системийн хүсэлтэд гарын үсэг зурах ёстой"), gettext_lazy("Параметрүүдээ request нэртэй JWT болгож, өөрийн түлхүүрээр зурна.")),
    "request.pushed_over": Cause(gettext_lazy("request_uri дууссан, эсвэл ашиглагдсан"), gettext_lazy("request_uri 90 секунд, нэг удаа хүчинтэй. Нэвтрэх бүрд шинээр авна.")),
    "request.pushed_wrong": Cause(gettext_lazy("request_uri буруу газраас"), gettext_lazy("Зөвхөн /oidc/par-аас авсан request_uri болно; өөр хаягаас юу ч татахгүй.")),
    "request.object": Cause(gettext_lazy("Гарын үсэгтэй хүсэлт (request) буруу"), gettext_lazy("iss нь client_id, aud нь issuer байна; exp-ийг нэг цагаас хэтрүүлэхгүй, бүртгэлтэй түлхүүрээр зурна.")),
    "request.registration": Cause(gettext_lazy("registration параметрийг дэмждэггүй"), gettext_lazy("Энэ параметрийг хасна; бүртгэл энэ хуудсаар явна.")),
    "request.response_type": Cause(gettext_lazy("response_type нь code биш"), gettext_lazy("response_type=code гэж илгээнэ. implicit, hybrid урсгал байхгүй.")),
    "request.response_mode": Cause(gettext_lazy("response_mode танигдахгүй"), gettext_lazy("Энэ параметрийг хас, эсвэл баримтад бичсэн утгаас сонго.")),
    "request.parameter": Cause(gettext_lazy("Параметр дутуу, эсвэл утга нь буруу"), gettext_lazy("Хариуны error_description аль параметр болохыг хэлнэ.")),
    "pkce.challenge": Cause(gettext_lazy("PKCE-ийн code_challenge алга, эсвэл буруу"), gettext_lazy("code_challenge_method=S256; code_challenge нь code_verifier-ийн SHA-256-ийн base64url (43 тэмдэгт).")),
    "pkce.nonce": Cause(gettext_lazy("PKCE-гүй хүсэлтэд nonce, эсвэл scope-д openid алга"), gettext_lazy("Хүсэлт бүрд шинэ nonce илгээж, id_token дахь nonce-той тулгана; scope нь openid-ийг агуулна.")),
    "pkce.verifier": Cause(gettext_lazy("code_verifier таарахгүй байна"), gettext_lazy("Нэвтрүүлэх хүсэлт бүрд хадгалсан code_verifier-ээ яг тэр хариунд нь илгээнэ.")),
    "scope.openid": Cause(gettext_lazy("scope-д openid алга"), gettext_lazy("scope нь openid-ийг агуулна.")),
    "scope.more": Cause(gettext_lazy("Зөвшөөрснөөс илүү scope хүссэн"), gettext_lazy("Бүртгэлтэй scope-оо шалгаж, илүүг нь хас, эсвэл өөрчлөлт санал болго.")),
    "resource.unregistered": Cause(gettext_lazy("resource энэ системд зөвшөөрөгдөөгүй"), gettext_lazy("Бүртгэлтэй нөөцийн хаягийг яг бичнэ.")),
    "details.wrong": Cause(gettext_lazy("authorization_details буруу, эсвэл зөвшөөрснөөс илүү"), gettext_lazy("Төрөл, талбарыг баримттай тулгана.")),
    "acr.unreachable": Cause(gettext_lazy("Заавал гэж шаардсан acr-д хүрэх боломжгүй"), gettext_lazy("acr нь substantial байж болно.")),
    "dpop.proof": Cause(gettext_lazy("DPoP баталгаа буруу"), gettext_lazy("typ=dpop+jwt, jwk; htm, htu, iat, jti байна. htu нь хаягийг асуултгүй, яг бичнэ.")),
    "dpop.repeated": Cause(gettext_lazy("DPoP баталгааг давтаж илгээсэн"), gettext_lazy("Хүсэлт бүрд шинэ jti-тай баталгаа үүсгэнэ.")),
    "dpop.time": Cause(gettext_lazy("DPoP баталгааны цаг зөрсөн"), gettext_lazy("Серверийн цагаа NTP-ээр тохируулна.")),
    "dpop.key": Cause(gettext_lazy("Токен өөр түлхүүрт холбогдсон, эсвэл DPoP баталгаагүй ирсэн"), gettext_lazy("Токен авсан түлхүүрээрээ л DPoP баталгаа үүсгэнэ.")),
    "grant.used": Cause(gettext_lazy("Кодыг хоёр дахь удаа ашигласан"), gettext_lazy("Код нэг л удаа хүчинтэй. Хуудсаа сэргээхэд дахин илгээхгүй байх ёстой; хоёр серверт зэрэг боловсруулж байгаа эсэхийг шалгана.")),
    "grant.reused": Cause(gettext_lazy("Хуучин refresh_token дахин ашиглагдсан"), gettext_lazy("Шинээр ирснийг нь хадгалж, хуучныг нь мартана. Хоёр процесс зэрэг сэргээхгүй байх ёстой. Хулгайлагдсан ч байж болно.")),
    "grant.over": Cause(gettext_lazy("Код эсвэл токены хугацаа дууссан"), gettext_lazy("Код нэг минут хүчинтэй. Хүн гарсан бол токен ч дуусна; дахин нэвтрүүлнэ.")),
    "grant.unknown": Cause(gettext_lazy("Код эсвэл токен танигдахгүй"), gettext_lazy("Өөр системд олгосон, эсвэл дутуу хуулсан байна. Кодыг URL-аас бүтнээр нь авна.")),
    "grant.unsupported": Cause(gettext_lazy("Ийм grant_type байхгүй"), gettext_lazy("authorization_code, refresh_token, client_credentials зэргээс сонгоно.")),
    "grant.unregistered": Cause(gettext_lazy("Энэ зам энэ системд нээгдээгүй"), gettext_lazy("Системийн тохиргоонд энэ grant_type-ыг нэмэхийг санал болгоно.")),
    "person.refused": Cause(gettext_lazy("Иргэн татгалзсан"), gettext_lazy("Алдаа биш. Хүнд ойлгомжтой хуудас үзүүлээрэй.")),
    "person.no_organisation": Cause(gettext_lazy("Иргэн ямар ч байгууллагыг төлөөлдөггүй"), gettext_lazy("Байгууллагаар нэвтрэх хүн төлөөлөгчөөр томилогдсон байна.")),
    "person.not_signed_in": Cause(gettext_lazy("prompt=none үед хүн нэвтрээгүй, эсвэл өөр хүн нэвтэрсэн байсан"), gettext_lazy("Алдаа биш. Дахин prompt-гүйгээр нэвтрүүлнэ.")),
    "person.not_asked": Cause(gettext_lazy("prompt=none үед хүн хараахан зөвшөөрөөгүй байсан"), gettext_lazy("Эхний удаа prompt-гүйгээр нэвтрүүлнэ.")),
    "person.unknown": Cause(gettext_lazy("login_hint регистрийн дугаар биш"), gettext_lazy("Хоёр кирилл үсэг, найман тоо илгээнэ.")),
    "poll.too_fast": Cause(gettext_lazy("Хэт ойр ойрхон асууж байна"), gettext_lazy("interval-д заасан секундээр хүлээж, slow_down ирэх бүрд таван секунд нэмнэ.")),
    "poll.pending": Cause(gettext_lazy("Хүн хараахан хариулаагүй"), gettext_lazy("Алдаа биш. Хүлээгээд дахин асууна.")),
    "dpop.nonce": Cause(gettext_lazy("DPoP nonce шинэчлэгдсэн"), gettext_lazy("Алдаа биш. Хариуны DPoP-Nonce-оор дахин илгээнэ.")),
    "token.missing": Cause(gettext_lazy("Токен ирээгүй"), gettext_lazy("Authorization: Bearer … (эсвэл DPoP …) толгойтой илгээнэ.")),
    "token.over": Cause(gettext_lazy("Токен танигдахгүй, дууссан, эсвэл өөр зориулалттай"), gettext_lazy("Дахин токен авна. Хүн гарсан эсвэл зөвшөөрлөө буцаасан байж болно.")),
    "token.scope": Cause(
        gettext_lazy("Токен энэ хаягт зориулагдаагүй"), gettext_lazy("Энэ хаягт хандах scope-той токен авна.")
    ),
    "ciba.request": Cause(gettext_lazy("Утсаар батлуулах хүсэлт буруу"), gettext_lazy("Яг нэг hint, 100 хүртэл тэмдэгтийн binding_message илгээнэ.")),
    "exchange.wrong": Cause(gettext_lazy("Токен солих хүсэлт буруу"), gettext_lazy("subject_token нь хүчинтэй access_token байх ба энэ систем түүний нэрийн өмнөөс ажиллах эрхтэй байна.")),
    "statement.wrong": Cause(gettext_lazy("Программын мэдүүлэг (software_statement) хүчингүй, эсвэл түүнээс илүү хүссэн"), gettext_lazy("Платформоос шинэ мэдүүлэг авна.")),
    "registration.address": Cause(gettext_lazy("Бүртгүүлэх буцах хаяг буруу"), gettext_lazy("https, # ба * тэмдэггүй, бүтэн хаяг байна.")),
    "registration.metadata": Cause(gettext_lazy("Бүртгэлийн утга буруу"), gettext_lazy("Хариуны error_description аль талбар болохыг хэлнэ.")),
    "dan.scope": Cause(gettext_lazy("ДАН-ы scope уншигдахгүй байна"), gettext_lazy("base64( [{\"services\": […], \"wsdl\": \"…\"}] ) хэлбэртэй JSON массив байна.")),
    "dan.operation": Cause(gettext_lazy("ДАН-ы үйлчилгээ энэ системд нээгдээгүй"), gettext_lazy("Хүссэн үйлчилгээгээ системийн тохиргоонд нэмэхийг санал болгоно.")),
    "dan.kind": Cause(gettext_lazy("Энэ систем ДАН-тай нийцтэй гэж бүртгэгдээгүй"), gettext_lazy("ДАН-тай нийцтэй төрлөөр бүртгүүлэх, эсвэл /oidc/… хаягуудыг ашиглана.")),
    "dan.no_access": Cause(gettext_lazy("ДАН-ы үйлчилгээнд эрхгүй (resultCode 203)"), gettext_lazy("Иргэн зөвшөөрөөгүй, эсвэл мэдээлэл солилцооны гэрээ алга.")),
    "dan.not_connected": Cause(gettext_lazy("Мэдээллийн сан холбогдоогүй (resultCode 801, 802)"), gettext_lazy("Энэ үйлчилгээг манай бүртгэлүүд өгөхгүй, эсвэл түр хариу өгөхгүй байна.")),
    "dan.wsdl": Cause(gettext_lazy("Үйлчилгээ, WSDL хоёр таарахгүй (resultCode 3)"), gettext_lazy("Үйлчилгээ бүрийг өөрийнх нь WSDL хаягтай илгээнэ.")),
    "other": Cause(gettext_lazy("Бусад"), gettext_lazy("Хариуны error_description-ийг уншина уу. Тодорхойгүй бол хүсэлтийн дугаартай нь платформд хандана.")),
}  # fmt: skip


def organisation_names(codes: Iterable[str]) -> dict[str, str]:
    """Names of organisations in the reader's language; the code where the registry knows it no more."""
    wanted = {code for code in codes if code}
    found = {o.code: (o.name_en if get_language() == "en" else o.name_mn) for o in registry.organisations() if o.code in wanted}
    return {code: found.get(code, code) for code in wanted}


def lines(metadata: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """A registration as lines; with ``before`` those that differ say what stood there."""
    names = [*MEMBERS, *sorted({*metadata, *(before or {})} - MEMBERS.keys())]
    told = []
    for name in names:
        value, old = metadata.get(name), (before or {}).get(name)
        if value in (None, [], "") and old in (None, [], ""):
            continue
        changed = before is not None and value != old
        told.append({"label": MEMBERS.get(name, name), "after": shown(name, value), "before": shown(name, old), "changed": changed})
    return told


def shown(name: str, value: Any) -> list[str]:
    """One member's value for people."""
    if value in (None, [], ""):
        return ["–"]
    if name == "jwks":
        keys = value.get("keys", []) if isinstance(value, dict) else []
        count = ngettext("%(n)s түлхүүр", "%(n)s түлхүүр", len(keys)) % {"n": len(keys)}
        return [count, *(f"{key.get('kty', '')} {key.get('kid', '')}".strip() for key in keys if isinstance(key, dict))]
    if name == "token_endpoint_auth_method":
        return [str(METHODS.get(str(value), value))]
    if name == "subject_type":
        return [_("Систем бүрд өөр нэрээр (pairwise)") if value == "pairwise" else _("Бүх системд нэг нэрээр (public)")]
    if isinstance(value, bool):
        return [_("Тийм") if value else _("Үгүй")]
    if isinstance(value, list):
        named = {"grant_types": GRANTS, "authorization_details_types": DETAILS}.get(name, {})
        return [str(named.get(one, one)) for one in value]
    if name == "backchannel_token_delivery_mode":
        return [str(DELIVERY.get(str(value), value))]
    return str(value).split() if name == "scope" else [str(value)]


def detail_types() -> list[tuple[str, str]]:
    """Every type of authorization details that the platform knows, with what it asks of a person; that of signatures stands in :data:`SIGNING`."""
    return [(name, str(DETAILS.get(name, name))) for name in TYPES if name != credential.TYPE]


def all_organisations() -> dict[str, str]:
    """Names of all organisations of the registry, by code."""
    return {o.code: (o.name_en if get_language() == "en" else o.name_mn) for o in registry.organisations()}
