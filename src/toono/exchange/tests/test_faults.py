"""Faults as clients read them."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from toono.exchange.domain.faults import Code, Fault, body, old_type, xml_type


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("server.serverproxy.access_denied", "Server.ServerProxy.AccessDenied"),
        ("server.serverproxy.unknown_service", "Server.ServerProxy.UnknownService"),
        ("server.clientproxy.global_conf_outdated", "Server.ClientProxy.OutdatedGlobalConf"),
        ("server.clientproxy.unknown_member", "Server.ClientProxy.UnknownMember"),
        ("server.clientproxy.ssl_authentication_failed", "Server.ClientProxy.SslAuthenticationFailed"),
        ("server.clientproxy.logging_failed", "Server.ClientProxy.LoggingFailed"),
        ("server.clientproxy.io_error", "Server.ClientProxy.IOError"),
        ("server.serverproxy.service_failed.network_error", "Server.ServerProxy.ServiceFailed.NetworkError"),
        ("client.invalid_request", "Client.InvalidRequest"),
        ("signer.hsm_non_operational", "Signer.HSMNonOperational"),
    ],
)
def test_types_of_7_8_have_their_names_of_7_7(new: str, old: str) -> None:
    assert old_type(new) == old


@pytest.mark.parametrize("code", Code)
def test_the_status_is_500_where_the_type_begins_with_server_and_400_otherwise(code: Code) -> None:
    assert code.status == (500 if code.text("7.8").startswith("server.") else 400)
    assert code.text("7.7").lower().startswith("server.") == code.text("7.8").startswith("server.")


def test_an_error_is_json_unless_xml_is_asked_for() -> None:
    fault = Fault(Code.ACCESS_DENIED, "no_agreement", "«x» <y>")
    kind, content = body(fault, dialect="7.8", accept="*/*")
    assert kind.startswith("application/json")
    assert json.loads(content) == {"type": "server.serverproxy.access_denied", "message": "«x» <y>", "detail": f"no_agreement: {fault.id}"}


@pytest.mark.parametrize("accept", ["text/xml", "application/xml", "text/*", "application/json;q=0.1, TEXT/XML"])
def test_an_error_is_well_formed_xml_where_it_is_asked_for(accept: str) -> None:
    kind, content = body(Fault(Code.ACCESS_DENIED, "no_agreement", "a < b & \x00\udc80 c"), dialect="7.7", accept=accept)
    error = etree.fromstring(content)
    assert "xml" in kind and [child.tag for child in error] == ["type", "message", "detail"]
    assert (error.findtext("type"), error.findtext("message")) == ("Server.ServerProxy.AccessDenied", "a < b & \\udc80 c")


def test_other_wishes_mean_json() -> None:
    others = (None, "", "foobarbaz", "*/*", "application/json", "application/xhtml+xml", "text/xml-patch+xml", "image/*")
    assert [accept for accept in others if xml_type(accept)] == []


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/xml, text/xml", "application/xml"), ("text/xml, application/xml", "text/xml"), ("application/xml; q=0.2", "application/xml"), ("text/*", "text/xml"),
        ("text/xml, application/xml, application/json", "text/xml"),
    ],
)  # fmt: skip
def test_of_several_xml_types_the_first_counts(accept: str, kind: str) -> None:
    assert body(Fault(Code.ACCESS_DENIED, "no_agreement", ""), dialect="7.8", accept=accept)[0] == f"{kind};charset=utf-8"
