"""A small name server for tests, by UDP and TCP on one port: it answers for every zone with what stands in it, or as badly as it is told."""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

SOA = "ns.example. admin.example. 1 3600 600 86400 60"
Key = tuple[str, str]


@dataclass
class NameServer:
    """What stands in it: texts by name and kind, ``records[("a.mn.", "TXT")] = ['"x"']``. Names that stand nowhere do not exist."""

    port: int = 0
    records: dict[Key, list[str]] = field(default_factory=dict)
    authoritative: bool = True
    rcode: int = dns.rcode.NOERROR
    silent: frozenset[str] = frozenset()
    """``tcp``, ``udp``: what it does not answer at all."""
    source: Path | None = None
    """A file whose lines give texts too: a name and what stands at ``_acme-challenge`` below it."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Transport, name, kind."""

    def __post_init__(self) -> None:
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        for serve in (self._serve_tcp, self._serve_udp):
            threading.Thread(target=serve, daemon=True).start()

    def zone(self, name: str, *servers: str) -> None:
        """A zone with its servers, which all are at 127.0.0.1."""
        self.records[name, "SOA"], self.records[name, "NS"] = [SOA], list(servers or ("ns.example.",))
        for server in self.records[name, "NS"]:
            self.records.setdefault((server, "A"), ["127.0.0.1"])

    def close(self) -> None:
        for one in (self._tcp, self._udp):
            one.close()

    def _serve_udp(self) -> None:
        while True:
            try:
                content, place = self._udp.recvfrom(4096)
            except OSError:
                return
            if "udp" not in self.silent:
                answer = self._answer(content, "udp")
                self._udp.sendto(answer, place)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(connection,), daemon=True).start()

    def _speak(self, connection: socket.socket) -> None:
        with connection:
            if "tcp" in self.silent:
                return
            (size,) = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
            answer = self._answer(connection.recv(size, socket.MSG_WAITALL), "tcp")
            connection.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, content: bytes, transport: str) -> bytes:
        question = dns.message.from_wire(content)
        name, kind = str(question.question[0].name).lower(), dns.rdatatype.to_text(question.question[0].rdtype)
        self.asked.append((transport, name, kind))
        answer = dns.message.make_response(question, recursion_available=True)
        answer.set_rcode(dns.rcode.Rcode(self.rcode))
        answer.flags |= dns.flags.AA if self.authoritative else 0
        found = [*self.records.get((name, kind), []), *self._written(name)] if kind == "TXT" else self.records.get((name, kind))
        alias = self.records.get((name, "CNAME"))
        if found:
            answer.answer.append(dns.rrset.from_text_list(name, 0, "IN", kind, found))
        elif alias:
            answer.answer.append(dns.rrset.from_text_list(name, 0, "IN", "CNAME", alias))
        elif self.rcode == dns.rcode.NOERROR:
            self._nothing(answer, name)
        return answer.to_wire(max_size=65535)

    def _written(self, name: str) -> list[str]:
        lines = self.source.read_text().splitlines() if self.source and self.source.exists() else []
        return [f'"{text}"' for zone, text in map(str.split, lines) if f"_acme-challenge.{zone}." == name]

    def _nothing(self, answer: dns.message.Message, name: str) -> None:
        if not any(stands == name or stands.endswith("." + name) for stands, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        above = [zone for zone, kind in self.records if kind == "SOA" and (name == zone or name.endswith("." + zone))]
        if above:
            answer.authority.append(dns.rrset.from_text_list(max(above, key=len), 0, "IN", "SOA", [SOA]))
