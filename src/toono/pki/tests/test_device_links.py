"""Device links of Smart-ID and what comes with them: whatever a stranger puts into them is refused, and no link counts without its code."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from toono.pki.domain import smart_id
from toono.pki.errors import RelyingPartyNotAllowed, SigningRequestNotFound

LINK = "http://toono/dl?deviceLinkType=QR&elapsedSeconds=1&sessionToken={token}&version=1.0&authCode={code}"


def test_a_code_of_other_letters_does_not_count() -> None:
    link = smart_id.read_link(LINK.format(token="t", code="%D0%B9"))
    assert link is not None and not smart_id.link_counts(link, expected="a", elapsed_seconds=1)


@pytest.mark.parametrize("part", ["token", "code"])
def test_a_link_with_a_zero_character_is_none(part: str) -> None:
    assert smart_id.read_link(LINK.format(**({"token": "t", "code": "c"} | {part: "%00"}))) is None


@pytest.mark.parametrize("value", [[], {}, ["ADVANCED"], 1, None])
@pytest.mark.parametrize("member", ["certificateLevel", "signatureAlgorithm", "type"])
def test_members_of_another_kind_are_refused(member: str, value: Any) -> None:
    hashed = {"hashAlgorithm": "SHA-256"}
    parameters = {"rpChallenge": "A" * 64, "signatureAlgorithm": "rsassa-pss", "signatureAlgorithmParameters": hashed}
    shown = {"type": "displayTextAndPIN", "displayText60": "x"}
    body = {
        "relyingPartyUUID": "u", "relyingPartyName": "n", "signatureProtocol": smart_id.ACSP, "signatureProtocolParameters": parameters,
        "certificateLevel": "ADVANCED",
    }  # fmt: skip
    for holder in (body, parameters, shown):
        if member in holder:
            holder[member] = value
    with pytest.raises(smart_id.BadRequest):
        smart_id.read(body | {"interactions": _base64([shown])}, smart_id.ACSP)


def _base64(value: Any) -> str:
    import base64
    import json

    return base64.b64encode(json.dumps(value).encode()).decode()


def test_a_rotating_link_without_its_code_opens_nothing(stack: Any) -> None:
    """Who copied a link from a screen knows its token for ever; only the code says when it was made, and by whom. And what is no address is no callback."""
    from toono.kernel.actor import system
    from toono.pki import api
    from toono.pki.contracts import SigningPurpose
    from toono.pki.models import SigningRequest

    made = api.register_relying_party(actor=system("tests"), names=["Банк"], callbacks=["https://bank.example"])
    parameters = {"rpChallenge": "A" * 64, "signatureAlgorithm": "rsassa-pss", "signatureAlgorithmParameters": {"hashAlgorithm": "SHA-256"}}
    body = {
        "relyingPartyUUID": str(made.id), "relyingPartyName": "Банк", "signatureProtocol": smart_id.ACSP, "certificateLevel": "ADVANCED",
        "signatureProtocolParameters": parameters, "initialCallbackUrl": "https://bank.example/back",
        "interactions": _base64([{"type": "displayTextAndPIN", "displayText60": "x"}]),
    }  # fmt: skip
    party = api.relying_party(secret=made.secret)
    begun = api.smart_id_begin(party=party, purpose=SigningPurpose.AUTHENTICATION, addressed="anonymous", to="", link=True, body=body)
    token = SigningRequest.objects.get(id=UUID(str(begun["sessionID"]))).protocol["token"]
    with pytest.raises(SigningRequestNotFound):
        api.smart_id_open_link(address=LINK.format(token=token, code=""))
    with pytest.raises(RelyingPartyNotAllowed):
        api.check_relying_party(party=party, uuid=str(made.id), name="Банк", callback="https://[")
