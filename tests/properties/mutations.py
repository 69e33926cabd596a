"""What is done to a valid request: to one of its parts, or to the whole. Each example does up to three of these."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.properties.drafts import NOTHING, SPOILS, Draft, Foreign, Node, Raw, Signed, Slot, Twin, as_bytes, clone, slots

MARKUP = '"><script>alert(1)</script>'
"""Nobody may write this into a page."""
NASTY: tuple[Any, ...] = (
    "", " ", "\x00", "a\x00b", "\n", "a\r\nX-Injected: 1", "\x1b[31m", "%", "%00", "%zz", "..", "../..", "//evil.example", "https://evil.example/", "javascript:alert(1)",
    "http://[", "http://[::1", "http://127.0.0.1:99999/callback", "http://127.0.0.1:-1/callback", "https://agency.example:x/back", "-1", "0", "1e999", "NaN", "9" * 400, "٣", "²", "{}", "[]", "null", "true", '{"a":1,"a":2}',
    '{"userinfo":{"acr":[]}}', '"\\ud800"', "\ud800", "\U0001f9ff", "\u202e", "\u0130", "\ufeff", "İ" * 50, "a.b.c", "..", "e30.e30.", "eyJhbGciOiJub25lIn0.e30.", MARKUP, "'; DROP TABLE identity_client; --",
    "${7*7}", "{{7*7}}", "%s%s%n", "Bearer ", "Basic Og==", "Basic !!!", "DPoP x", "a" * 200, "openid " * 40, "none login", "S256", "plain", "code token", "form_post.jwt",
    "urn:ietf:params:oauth:request_uri:x", "00000000-0000-4000-8000-000000000000", "УБ95010112", "ub95010112", b"\xff\xfe", b"\xc3\x28", b"\x00\x01", b"\xed\xa0\x80",
)  # fmt: skip
WORST: tuple[Any, ...] = ("\x00", "a\x00b", "\ud800", "9" * 400, "٣", "²", "-1", "x" * 300, b"\xff\xfe")
"""What databases, numbers and letters stumble over most; tried oftener than the rest."""
TYPES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    float("nan"),
    float("inf"),
    10**400,
    -(10**30),
    2**63,
    [],
    {},
    [[]],
    [None],
    {"a": []},
    {"": ""},
    "",
    b"\xff",
)
VALUES = st.one_of(st.sampled_from(NASTY), st.text(max_size=20), st.binary(max_size=12))
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "TRACE", "PROPFIND")
KINDS = (
    "application/x-www-form-urlencoded", "application/json", "application/jose+json", "application/ocsp-request", "application/timestamp-query", "multipart/form-data", "multipart/form-data; boundary=x",
    'multipart/form-data; boundary="', "text/plain", "application/json; charset=utf-16", "application/x-www-form-urlencoded; charset=x", "application/x-www-form-urlencoded; charset=utf-16", "x", ";", "/",
)  # fmt: skip
HEADERS: tuple[tuple[str, Any], ...] = (
    ("Accept", "text/html"), ("Accept", "application/token-introspection+jwt"), ("Accept", "application/pdf"), ("Authorization", "Bearer x"), ("Authorization", "Basic eA=="), ("Authorization", ""),
    ("DPoP", "a.b.c"), ("DPoP", ""), ("Client-Cert", ":AA==:"), ("Client-Cert", "x"), ("X-Toono-Terminator", "\u00e9"), ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-For", "\u00ff, x"),
    ("X-Forwarded-Host", "evil.example"), ("Origin", "https://evil.example"), ("Origin", "null"), ("Referer", "https://evil.example/x"), ("Referer", "http://["), ("Cookie", "identity_session=x; identity_session=y"), ("Cookie", "=;;=\u00ff"),
    ("Accept-Language", "*" * 2000), ("If-None-Match", '"x"'), ("If-Modified-Since", "x"), ("Accept-Encoding", "gzip"), ("Transfer-Encoding", "x"), ("Content-Encoding", "gzip"), ("Range", "bytes=0-0"), ("User-Agent", b"\xff" * 300),
    ("Sec-Fetch-Site", "cross-site"), ("traceparent", "00-x"), ("Access-Control-Request-Method", "POST"),
)  # fmt: skip
BODIES: tuple[Any, ...] = (
    b"", b"\xff", b"\x00", b"{", b"[" * 3000, b'{"a":' * 2000, b"null", b"[]", b"{}", b'"x"', b"NaN", b"1" * 5000, b'{"a":"\\ud800"}', b'{"a":"\\u0000"}', b"a=1&a=2", b"=", b"&&&", b"&" * 300, b"a=" + b"b" * 70_000, b"%",
    b"--x\r\nContent-Disposition: form-data\r\n\r\n", b"--toono-properties--", b"\x1f\x8b\x08\x00", b"x" * 300_000, b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x02\x01\x00", b"%PDF-1.7\n",
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One mutation: its name, and three choices that it may use."""

    name: str
    where: int
    which: int
    value: Any


def plans() -> st.SearchStrategy[list[Step]]:
    """Up to three mutations of a request; none at all is a valid request, which must be answered so."""
    choice = st.integers(0, 65_535)
    return st.lists(st.builds(Step, st.sampled_from(tuple(MUTATIONS)), choice, choice, VALUES), max_size=3)


def apply(draft: Draft, plan: list[Step]) -> None:
    """Spoil the draft as the plan says, and note it there."""
    for step in plan:
        note = MUTATIONS[step.name](draft, step)
        draft.done.append(f"{step.name} {note}".strip())


# -- one part ------------------------------------------------------------------------------------------------------


def _slot(draft: Draft, step: Step) -> Slot | None:
    found = list(slots(draft.parts()))
    return found[step.where % len(found)] if found else None


def _set(draft: Draft, slot: Slot, value: Any) -> None:
    container, key, _ = slot
    container[key] = value
    if container is not None and key in ("raw", "document", "form") and isinstance(container, dict):
        _put_back(draft, key, value)


def _put_back(draft: Draft, key: str, value: Any) -> None:
    """The body itself was changed, not something inside it."""
    if key == "form" and not isinstance(value, list):
        draft.form, draft.raw = None, value
        draft.kind = draft.kind or "application/x-www-form-urlencoded"
    else:
        setattr(draft, key, value)


def _on_slot(change: Callable[[Draft, Slot, Step], Any]) -> Callable[[Draft, Step], str]:
    def act(draft: Draft, step: Step) -> str:
        slot = _slot(draft, step)
        if slot is None:
            return "nothing"
        if slot[2] in (".path", ".query", ".headers", ".cookies"):
            inner = list(slots(slot[0][slot[1]], slot[2]))
            if not inner:
                return "nothing"
            slot = inner[step.which % len(inner)]
        return f"{slot[2]} {change(draft, slot, step) or ''}".strip()

    return act


def _replace(draft: Draft, slot: Slot, step: Step) -> str:
    _set(draft, slot, step.value)
    return f"by {step.value!r:.60}"


def _retype(draft: Draft, slot: Slot, step: Step) -> str:
    value = TYPES[step.which % len(TYPES)]
    value = [clone(slot[0][slot[1]])] if value == [None] else copy.deepcopy(value)
    _set(draft, slot, value)
    return f"is {value!r:.40}"


def _worst(draft: Draft, slot: Slot, step: Step) -> str:
    value = WORST[step.which % len(WORST)]
    _set(draft, slot, value)
    return f"is {value!r:.40}"


def _drop(draft: Draft, slot: Slot, step: Step) -> str:
    container, key, name = slot
    for whole in (draft.query, draft.form, draft.headers, draft.cookies):
        if isinstance(whole, list) and any(pair is container for pair in whole):
            whole[:] = [pair for pair in whole if pair is not container]
            return ""
    if key in ("raw", "document", "form") and name.count(".") == 1:
        setattr(draft, key, None if key == "form" else NOTHING)
    else:
        del container[key]
    return ""


def _double(draft: Draft, slot: Slot, step: Step) -> str:
    container, key, _ = slot
    value = clone(container[key]) if step.which % 2 else step.value
    for whole in (draft.query, draft.form, draft.headers, draft.cookies):
        if isinstance(whole, list) and any(pair is container for pair in whole):
            whole.append([container[0], value])
            return "again" if step.which % 2 else f"and {value!r:.60}"
    if isinstance(container, list):
        container.append(value)
    elif isinstance(key, str) and isinstance(container, dict):
        container[Twin(key)] = value
    return "again" if step.which % 2 else f"and {value!r:.60}"


def _oversize(draft: Draft, slot: Slot, step: Step) -> str:
    size = (130, 257, 600, 2_100, 13_000, 20_000, 70_000)[step.which % 7]
    old = slot[0][slot[1]]
    text = old if isinstance(old, str | bytes) and old else "x"
    _set(draft, slot, (text * (size // len(text) + 1))[:size])
    return f"{size} long"


def _extend(draft: Draft, slot: Slot, step: Step) -> str:
    old = as_bytes(slot[0][slot[1]])
    more = as_bytes(step.value)
    _set(draft, slot, _like(old + more if step.which % 2 else more + old, slot[0][slot[1]]))
    return f"with {step.value!r:.60}"


def _cut(draft: Draft, slot: Slot, step: Step) -> str:
    old = as_bytes(slot[0][slot[1]])
    at = step.which % (len(old) + 1)
    _set(draft, slot, _like(old[:at], slot[0][slot[1]]))
    return f"at {at}"


def _flip(draft: Draft, slot: Slot, step: Step) -> str:
    old = bytearray(as_bytes(slot[0][slot[1]]))
    if old:
        at = step.which % len(old)
        old[at] ^= 1 << step.where % 8
        _set(draft, slot, _like(bytes(old), slot[0][slot[1]]))
        return f"at {at}"
    return ""


def _like(raw: bytes, old: Any) -> Any:
    """Bytes stay bytes; a text that was cut in a letter is no text any more and stays bytes."""
    if isinstance(old, bytes):
        return raw
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def _case(draft: Draft, slot: Slot, step: Step) -> str:
    old = slot[0][slot[1]]
    if isinstance(old, str):
        _set(draft, slot, old.swapcase())
    return ""


def _swap(draft: Draft, slot: Slot, step: Step) -> str:
    others = list(slots(draft.parts()))
    container, key, name = others[step.which % len(others)]
    if not name.startswith((".path", ".query", ".headers", ".cookies", ".form", ".document", ".raw")) or name.count(".") < 2:
        return "nothing"
    _set(draft, slot, clone(container[key]))
    return f"with {name}"


def _raw(draft: Draft, slot: Slot, step: Step) -> str:
    _set(draft, slot, Raw((b"%ff%fe", b"%", b"%zz", b"%00", b"+", b"%u0041", b"%ed%a0%80", b"%c0%af")[step.which % 8]))
    return ""


# -- signatures, other people's values -----------------------------------------------------------------------------


def _spoil(draft: Draft, step: Step) -> str:
    found = [(name, container[key]) for container, key, name in slots(draft.parts()) if isinstance(container[key], Signed)]
    if not found:
        return "nothing"
    name, one = found[step.where % len(found)]
    one.spoil, one.home = SPOILS[step.which % len(SPOILS)], name.rpartition(".")[2]
    return f"{name}: {one.spoil}"


def _protect(draft: Draft, step: Step) -> str:
    """A further member of a signed header that would let a careless reader take keys from elsewhere, or take other rules."""
    found = [one for container, key, _ in slots(draft.parts()) if isinstance(one := container[key], Signed)]
    if not found or not isinstance(found[step.where % len(found)].inside.get("header"), dict):
        return "nothing"
    more: tuple[tuple[str, Any], ...] = (
        ("jku", "http://127.0.0.1:1/keys"), ("x5u", "http://169.254.169.254/"), ("x5c", ["MIIB"]), ("jwk", {"kty": "oct", "k": "AA"}), ("crit", ["b64"]), ("b64", False), ("kid", "../../etc/passwd"),
        ("kid", ["x"]), ("alg", ["ES256"]), ("alg", {"ES256": 1}), ("alg", "es256"), ("typ", {}), ("typ", "at+jwt"), ("zip", "DEF"), ("cty", "JWT"), ("alg", "PS256"), ("alg", "EdDSA"),
    )  # fmt: skip
    name, value = more[step.which % len(more)]
    found[step.where % len(found)].inside["header"][name] = value
    return f"{name}={value!r}"


def _foreign(draft: Draft, step: Step) -> str:
    if not draft.others:
        return "nothing"
    name = sorted(draft.others)[step.where % len(draft.others)]
    for container, key, where in slots(draft.parts()):
        if where.rpartition(".")[2] == name:
            container[key] = Foreign(draft.others[name])
            return name
    return "nothing"


# -- the whole -----------------------------------------------------------------------------------------------------


def _method(draft: Draft, step: Step) -> str:
    draft.method = METHODS[step.which % len(METHODS)]
    return draft.method


def _kind(draft: Draft, step: Step) -> str:
    draft.kind = KINDS[step.which % len(KINDS)]
    return draft.kind


def _header(draft: Draft, step: Step) -> str:
    name, value = HEADERS[step.which % len(HEADERS)]
    draft.headers.append([name, value])
    return f"{name}: {value!r:.60}"


def _body(draft: Draft, step: Step) -> str:
    draft.tail = BODIES[step.which % len(BODIES)]
    return f"{draft.tail!r:.60}"


def _parameter(draft: Draft, step: Step) -> str:
    names = (
        "x",
        "request",
        "request_uri",
        "client_secret",
        "client_assertion",
        "claims",
        "nonce",
        "id_token_hint",
        "authorization_details",
        "resource",
        "dpop_jkt",
        "__proto__",
        "constructor",
        "",
    )
    name = names[step.which % len(names)]
    if isinstance(draft.document, dict):
        draft.document[name] = step.value
    else:
        (draft.form if draft.form is not None else draft.query).append([name, step.value])
    return f"{name}={step.value!r:.60}"


def _move(draft: Draft, step: Step) -> str:
    """What belongs into the body stands in the address, or the other way."""
    if draft.form is not None:
        draft.query, draft.form = draft.query + draft.form, None
        return "form to query"
    draft.form, draft.query = draft.query, []
    return "query to form"


def _many(draft: Draft, step: Step) -> str:
    whole = draft.form if draft.form is not None else draft.query
    count = (60, 99, 101, 250)[step.which % 4]
    whole.extend([f"p{number}", "1"] for number in range(count))
    return str(count)


def _path(draft: Draft, step: Step) -> str:
    draft.path = [*draft.path, step.value]
    return f"{step.value!r:.60}"


def _deep(draft: Draft, step: Step) -> str:
    """JSON nested beyond what a reader can bear."""
    found = [
        (container, key, name)
        for container, key, name in slots(draft.parts())
        if isinstance(container[key], Node) and "value" in container[key].inside
    ]
    if found:
        container, key, name = found[step.where % len(found)]
        container[key].inside["value"] = b"[" * 3_000 if step.which % 2 else json.dumps([[[["x"] * 50] * 20] * 5]).encode()
        return name
    draft.tail = b'{"a":' * 3_000
    return "body"


MUTATIONS: dict[str, Callable[[Draft, Step], str]] = {
    "replace": _on_slot(_replace), "retype": _on_slot(_retype), "drop": _on_slot(_drop), "double": _on_slot(_double), "oversize": _on_slot(_oversize), "extend": _on_slot(_extend), "cut": _on_slot(_cut),
    "flip": _on_slot(_flip), "case": _on_slot(_case), "swap": _on_slot(_swap), "raw": _on_slot(_raw), "worst": _on_slot(_worst), "spoil": _spoil, "protect": _protect, "foreign": _foreign, "method": _method, "kind": _kind,
    "header": _header, "body": _body, "parameter": _parameter, "move": _move, "many": _many, "path": _path, "deep": _deep,
}  # fmt: skip
