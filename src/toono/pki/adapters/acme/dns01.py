"""Looks up the answer to a ``dns-01`` challenge (RFC 8555 §8.4): the texts that stand at ``_acme-challenge.<name>``.

The name's own servers are asked, so that no cache in between tells what stood there before. The asker names the zone and so, in the end, its
servers: only public addresses are asked, and the networks that the settings name as the state's own. Asked by TCP first, whose answers nobody
beside the path can put in place of the right ones; by UDP where a server has no TCP.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from toono.kernel.public_network import Network, is_public
from toono.pki.errors import AcmeRefused

PORT = 53
CALL_SECONDS = 3.0
WHOLE_SECONDS = 20.0
MOST_SERVERS = 6
"""Asked until one gives the wanted text."""
MOST_ALIASES = 8
"""Canonical names that are followed (a zone may leave its challenges to another)."""
MOST_TEXTS = 100
EDNS_BYTES = 1232

Place = tuple[str, int]


class _Unusable(Exception):
    """The server answers, but not this question."""


_FAILURES = (dns.exception.DNSException, OSError, EOFError, _Unusable)


@dataclass(frozen=True)
class Servers:
    """Whom to ask."""

    own_networks: Sequence[Network] = ()
    """Allowed beside public addresses."""
    alone: Place | None = None
    """This server is asked for everything; it finds the answers itself. None: the servers of the name's zone."""
    resolver: dns.resolver.Resolver | None = None
    """Finds these; None: the system's."""
    port: int = PORT
    """At which they are asked."""


def check(*, name: str, expected: str, servers: Servers) -> None:
    """Whether ``expected`` is one of the texts for ``name``.

    :raises AcmeRefused: ``dns`` where the servers cannot be found or do not answer, ``unauthorized`` where other texts stand there or none.
    """
    end = time.monotonic() + WHOLE_SECONDS
    asked = dns.name.from_text(f"_acme-challenge.{name}")
    try:
        for _ in range(MOST_ALIASES + 1):
            found, alias = _look_up(asked, expected, servers, end)
            if expected in found:
                return
            if alias is None:
                raise AcmeRefused("unauthorized", f"At {asked} there is {'another text than' if found else 'no text:'} the one wanted.")
            asked = alias
    except _FAILURES as error:
        raise AcmeRefused("dns", f"{asked} cannot be looked up: {type(error).__name__}.") from None
    raise AcmeRefused("dns", f"{name} leads through more than {MOST_ALIASES} other names.")


def _look_up(asked: dns.name.Name, expected: str, servers: Servers, end: float) -> tuple[set[str], dns.name.Name | None]:
    """The texts at one name, or the name that it stands for. A server that answers without the wanted text may be behind the others.

    :raises AcmeRefused:
    """
    found: set[str] = set()
    alias, answered = None, False
    for place in _places(asked, servers, end):
        try:
            answer = _ask(asked, place, end, recursive=servers.alone is not None)
        except _FAILURES:
            continue
        answered = True
        texts, alias = _texts(answer)
        found |= texts
        if expected in found or alias is not None:
            break
    if not answered:
        raise AcmeRefused("dns", f"No server that may be asked answers for {asked}.")
    return found, alias


def _places(asked: dns.name.Name, servers: Servers, end: float) -> Iterator[Place]:
    """The servers to ask, in their order; those of the zone as the resolver knows them."""
    if servers.alone is not None:
        yield servers.alone
        return
    resolver = servers.resolver or dns.resolver.get_default_resolver()
    zone = dns.resolver.zone_for_name(asked, resolver=resolver, lifetime=_left(end))
    left = MOST_SERVERS
    for server in resolver.resolve(zone, dns.rdatatype.NS, lifetime=_left(end)):
        for address in _addresses(resolver, server.target, servers.own_networks, end):
            yield address, servers.port
            left -= 1
            if not left:
                return


def _addresses(resolver: dns.resolver.Resolver, server: dns.name.Name, own_networks: Sequence[Network], end: float) -> Iterator[str]:
    """Of one server; only those that may be asked."""
    for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
        try:
            answer = resolver.resolve(server, kind, lifetime=min(CALL_SECONDS, _left(end)))
        except dns.exception.DNSException:
            continue
        yield from (one.address for one in answer if is_public(ip_address(one.address), beside=own_networks))


def _ask(asked: dns.name.Name, place: Place, end: float, *, recursive: bool) -> dns.message.Message:
    """By TCP, else by UDP; one of ``_FAILURES`` where no usable answer comes."""
    address, port = place
    question = dns.message.make_query(asked, dns.rdatatype.TXT, use_edns=0, payload=EDNS_BYTES)
    if not recursive:
        question.flags &= ~dns.flags.RD
    try:
        answer = dns.query.tcp(question, address, timeout=min(CALL_SECONDS, _left(end)), port=port)
    except _FAILURES:
        answer = dns.query.udp(
            question, address, timeout=min(CALL_SECONDS, _left(end)), port=port, ignore_unexpected=True, raise_on_truncation=True
        )
    if answer.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN} or not (recursive or answer.flags & dns.flags.AA):
        raise _Unusable(f"{dns.rcode.to_text(answer.rcode())}, or not of this zone")
    return answer


def _texts(answer: dns.message.Message) -> tuple[set[str], dns.name.Name | None]:
    """The texts of an answer; where it ends at another name without texts, that name."""
    assert isinstance(answer, dns.message.QueryMessage)  # noqa: S101 - what make_query's answer is
    try:
        chain = answer.resolve_chaining()
    except dns.message.AnswerForNXDOMAIN:
        return set(), None
    if chain.answer is None:
        return set(), chain.canonical_name if chain.cnames else None
    return {b"".join(one.strings).decode("ascii", "replace") for one in list(chain.answer)[:MOST_TEXTS]}, None


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise dns.exception.Timeout
    return left
