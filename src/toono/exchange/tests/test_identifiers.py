"""Identifiers on the wire: segments, each percent-encoded by itself."""

from __future__ import annotations

import pytest

from toono.exchange.domain.faults import Fault
from toono.exchange.domain.identifiers import (
    check_represented_party,
    check_security_server,
    encode_identifier,
    member_of,
    organisation_of,
    parse_client,
    parse_target,
)


@pytest.mark.parametrize(
    ("path", "service", "rest"),
    [
        ("/r1/MN/GOV/agency/sub/service", "MN/GOV/agency/sub/service", ""),
        ("/r1/MN/GOV/agency/sub/service/", "MN/GOV/agency/sub/service", "/"),
        ("/r1/MN/GOV/agency/sub/service/a/b%20c", "MN/GOV/agency/sub/service", "/a/b%20c"),
        ("/r1/MN/GOV/agenc%79/s%2Bb/serv%28ice%29/x", "MN/GOV/agency/s+b/serv(ice)", "/x"),
    ],
)
def test_each_segment_of_the_address_is_decoded_by_itself(path: str, service: str, rest: str) -> None:
    assert parse_target(path) == (service, rest)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/", "uri_too_short"),
        ("/r1/MN/GOV/agency/sub", "uri_too_short"),
        ("/r2/MN/GOV/agency/sub/service", "protocol_version"),
        ("/r11/MN/GOV/agency/sub/service", "protocol_version"),
        ("x/r1/MN/GOV/agency/sub/service", "protocol_version"),
        ("/r1/MN/GOV/agency//service", "service_identifier"),
        ("/r1/MN/GOV/agency/s%2Fb/service", "service_identifier"),
        ("/r1/MN/GOV/agency/sub/serv%ZZice", "service_identifier"),
        ("/r1/MN/GOV/agency/sub/%FFservice", "service_identifier"),
        ("/r1/MN/GOV/agency/sub/%D2%AF", "service_identifier"),
    ],
)
def test_an_address_of_another_form_is_refused_with_status_500_as_x_road_does(path: str, reason: str) -> None:
    with pytest.raises(Fault) as refused:
        parse_target(path)
    assert (refused.value.reason, refused.value.status) == (reason, 500)


@pytest.mark.parametrize("value", ["MN/GOV/agency", "MN/GOV/agency/sub", "MN/GOV/agenc%79/sub"])
def test_a_client_has_three_or_four_segments(value: str) -> None:
    assert parse_client(value).startswith("MN/GOV/agency")


@pytest.mark.parametrize("value", ["", "MN", "MN/GOV", "MN/GOV/a/b/c", "MN/GOV//b", "MN/GOV/a b", "MN/GOV/агентлаг", "MN/GOV/a%00b"])
def test_another_client_identifier_is_refused(value: str) -> None:
    with pytest.raises(Fault, match="invalid_client_identifier"):
        parse_client(value)


def test_an_identifier_is_percent_encoded_segment_by_segment() -> None:
    assert encode_identifier("MN/GOV/agency/what?") == "MN/GOV/agency/what%3F"


def test_member_and_organisation_stand_in_every_identifier() -> None:
    assert member_of("MN/GOV/agency/sub/service") == "MN/GOV/agency"
    assert organisation_of("MN/GOV/agency/sub") == "agency"


MEMBERS = frozenset({"MN/GOV/agency"})


@pytest.mark.parametrize("value", ["MN/GOV/agency/main", "MN/GOV/agenc%79/m%61in"])
def test_a_security_server_is_the_gateway_of_the_service_under_a_members_name(value: str) -> None:
    check_security_server(value, members=MEMBERS, gateway="main")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "security_server"), ("MN/GOV/agency", "security_server"), ("MN/GOV/agency/main/more", "security_server"), ("MN/GOV//main", "security_server"),
        ("MN/GOV/agency/m%FFin", "security_server"), ("MN/GOV/nobody/main", "unknown_security_server"), ("MN/GOV/agency/other", "unknown_security_server"),
    ],
)  # fmt: skip
def test_another_security_server_is_refused(value: str, reason: str) -> None:
    with pytest.raises(Fault, match="invalid_security_server") as refused:
        check_security_server(value, members=MEMBERS, gateway="main")
    assert (refused.value.reason, refused.value.status) == (reason, 500)


@pytest.mark.parametrize("value", ["agency", "GOV/agency", "GOV/%D3%A9%D3%A9", "1234567-8"])
def test_a_represented_party_has_one_or_two_segments(value: str) -> None:
    check_represented_party(value)


@pytest.mark.parametrize("value", ["", "/", "GOV/", "MN/GOV/agency", "GOV/%", "GOV/%FF"])
def test_another_represented_party_is_refused(value: str) -> None:
    with pytest.raises(Fault, match="represented_party"):
        check_represented_party(value)


def test_each_dialect_has_its_own_first_segment() -> None:
    assert parse_target("/v1/MN/GOV/agency/sub/service/x", version="v1") == ("MN/GOV/agency/sub/service", "/x")
    with pytest.raises(Fault, match="protocol_version"):
        parse_target("/r1/MN/GOV/agency/sub/service/x", version="v1")
