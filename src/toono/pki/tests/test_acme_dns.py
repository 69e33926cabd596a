"""The look-up of dns-01: the right text in the name's own zone proves, nothing else does, and nothing of ours is asked."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import dns.rcode
import dns.resolver
import pytest

from toono.kernel.public_network import LOOPBACK
from toono.pki.adapters.acme import dns01
from toono.pki.adapters.acme.dns01 import Servers, check
from toono.pki.domain.acme.names import split_star
from toono.pki.errors import AcmeRefused
from toono.pki.tests.name_server import NameServer

WANTED = "gfj9Xq...Rg85nM"
PLACE = "_acme-challenge.www.nam.mn."


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    server.zone("nam.mn.")
    server.records[PLACE, "TXT"] = [f'"{WANTED}"']
    yield server
    server.close()


def zone_servers(names: NameServer, **changes: Any) -> Servers:
    """The zone's own servers, found by a resolver; all of them are the test's."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], names.port
    return Servers(**{"own_networks": LOOPBACK, "resolver": resolver, "port": names.port, **changes})


def refusal(names: NameServer, name: str = "www.nam.mn", **changes: Any) -> str:
    with pytest.raises(AcmeRefused) as refused:
        check(name=name, expected=WANTED, servers=zone_servers(names, **changes))
    return refused.value.kind


def test_the_text_in_the_names_zone_proves(names: NameServer) -> None:
    check(name="www.nam.mn", expected=WANTED, servers=zone_servers(names))
    assert ("tcp", PLACE, "TXT") in names.asked and ("udp", PLACE, "TXT") not in names.asked


def test_one_of_several_texts_is_enough_and_a_text_in_pieces_is_one(names: NameServer) -> None:
    names.records[PLACE, "TXT"] = ['"old"', f'"{WANTED[:5]}" "{WANTED[5:]}"', '"v=spf1 -all"']
    check(name="www.nam.mn", expected=WANTED, servers=zone_servers(names))


@pytest.mark.parametrize(
    "texts", [[], ['"else"'], [f'"{WANTED} "'], [f'"{WANTED.lower()}"'], [f'"{WANTED}" "{WANTED}"'], ['""'], [r'"\255\000"'], ['"x"'] * 3]
)
def test_another_text_or_none_does_not(names: NameServer, texts: list[str]) -> None:
    names.records.pop((PLACE, "TXT"))
    if texts:
        names.records[PLACE, "TXT"] = texts
    assert refusal(names) == "unauthorized"


def test_the_text_of_another_name_does_not(names: NameServer) -> None:
    for name in ("nam.mn", "other.nam.mn", "a.www.nam.mn"):
        assert refusal(names, name) == "unauthorized"


def test_a_name_that_nobody_knows_is_said_so(names: NameServer) -> None:
    names.records.clear()
    assert refusal(names) == "dns"


def test_a_server_without_tcp_is_asked_by_udp(names: NameServer) -> None:
    names.silent = frozenset({"tcp"})
    check(name="www.nam.mn", expected=WANTED, servers=zone_servers(names))
    assert ("udp", PLACE, "TXT") in names.asked


def test_servers_that_fail_or_are_not_the_zones_prove_nothing(names: NameServer) -> None:
    # The resolver keeps answering, so that only the question for the text meets the fault.
    other = NameServer(records=dict(names.records))
    try:
        for fault in ({"rcode": dns.rcode.SERVFAIL}, {"rcode": dns.rcode.REFUSED}, {"authoritative": False}):
            for name, value in fault.items():
                setattr(other, name, value)
            assert refusal(names, port=other.port) == "dns"
            other.rcode, other.authoritative = dns.rcode.NOERROR, True
        check(name="www.nam.mn", expected=WANTED, servers=zone_servers(names, port=other.port))
    finally:
        other.close()


def test_servers_that_keep_silent_are_waited_for_within_bounds(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns01, "CALL_SECONDS", 0.2)
    other = NameServer(silent=frozenset({"tcp", "udp"}))
    names.zone("nam.mn.", "ns1.example.", "ns2.example.", "ns3.example.")
    began = time.monotonic()
    assert refusal(names, port=other.port) == "dns"
    other.close()
    assert time.monotonic() - began < 5


def test_a_zone_may_leave_its_challenges_to_another(names: NameServer) -> None:
    names.zone("elsewhere.example.")
    names.records.pop((PLACE, "TXT"))
    names.records[PLACE, "CNAME"] = ["www.elsewhere.example."]
    assert refusal(names) == "unauthorized"
    names.records["www.elsewhere.example.", "TXT"] = [f'"{WANTED}"']
    check(name="www.nam.mn", expected=WANTED, servers=zone_servers(names))


def test_names_that_lead_round_and_round_end(names: NameServer) -> None:
    names.records.pop((PLACE, "TXT"))
    names.records[PLACE, "CNAME"] = ["b.nam.mn."]
    names.records["b.nam.mn.", "CNAME"] = [PLACE]
    assert refusal(names) == "dns"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1"])
def test_a_zone_whose_servers_stand_inside_is_not_asked(names: NameServer, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name's owner says where its servers are; the mutant stands beside: with the network allowed, they are asked."""
    asked: list[str] = []

    def ask(_name: object, place: tuple[str, int], *_: object, **__: object) -> None:
        asked.append(place[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(dns01, "_ask", ask)
    names.records["ns.example.", "A"] = [address]
    assert refusal(names, own_networks=()) == "dns" and asked == []
    assert refusal(names, own_networks=[ip_network(address)]) == "dns" and asked == [address]


def test_a_server_of_our_own_may_be_asked_alone(names: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    names.authoritative = False  # it finds the answers, they are not its own
    check(name="www.nam.mn", expected=WANTED, servers=Servers(alone=("127.0.0.1", names.port)))
    assert [kind for _, _, kind in names.asked] == ["TXT"]
    monkeypatch.setattr(dns01, "CALL_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        closed = nobody.getsockname()[1]
    with pytest.raises(AcmeRefused) as refused:
        check(name="www.nam.mn", expected=WANTED, servers=Servers(alone=("127.0.0.1", closed)))
    assert refused.value.kind == "dns"


def test_a_star_is_proven_at_the_name_below_which_it_stands() -> None:
    assert split_star("*.nam.mn") == ("nam.mn", True) and split_star("nam.mn") == ("nam.mn", False)
