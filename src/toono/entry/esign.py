"""The ESign desktop socket: pages that sign by ``ws://127.0.0.1:59001`` go on as before, but the key stands at the platform and the person confirms there.

The page sends ``{"type": "e457cb50ed64bde0", "data": <text>}`` and gets ``{"status", "certificate", "signature", "message"}``: certificate as base64
DER, signature over the text (ECDSA with SHA-256, base64 DER). Only pages whose origin was allowed at the start are heard. A process of the
person's own computer: no Django, no state but the access token, which stays in memory.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import secrets
import sys
import webbrowser
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from toono.kernel.jose import base64url

PORT = 59001
SIGN = "e457cb50ed64bde0"
"""The one type of message that the client of ESign knows."""
LONGEST_TEXT = 131_072
LONGEST_MESSAGE_BYTES = 6 * LONGEST_TEXT + 1024
"""A text whose every character is escaped."""
WAIT_SECONDS = 600
POLL_SECONDS = 1.0
SHA256, ECDSA = "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"
CLOSED_ORIGIN = 4403
ENVIRONMENT = {"portal": "ESIGN_PORTAL", "origins": "ESIGN_ORIGINS", "client": "ESIGN_CLIENT", "port": "ESIGN_PORT"}
"""How the command tells its server what it was given."""


class Failure(Exception):
    """The text cannot be signed; the argument is the sentence that the page shows."""


class Platform:
    """The signing service, for the person at this computer."""

    def __init__(self, portal: str, client_id: str, port: int) -> None:
        self.portal, self._client_id, self._port = portal.rstrip("/"), client_id, port
        self._waiting: tuple[str, asyncio.Future[str]] | None = None
        self._token = ""
        self._signing_in = asyncio.Lock()
        self._http = httpx.AsyncClient(timeout=30)

    async def sign(self, text: str) -> tuple[str, str]:
        """Certificate and signature, once the person has confirmed on their page.

        :raises Failure: refused, too late, no certificate, or the platform does not answer.
        """
        credential = await self._credential()
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes = {"credentialID": credential["credentialID"], "hashes": [digest], "hashAlgorithmOID": SHA256}
        begun = await self._ask("credentials/authorize", hashes | {"numSignatures": 1, "clientData": text})
        if "handle" not in begun:
            raise Failure("Гарын үсгийн хүсэлтийг хүлээн авсангүй. Дахин оролдоно уу.")
        _tell(f"Гарын үсгийн хүсэлт ирлээ. Уншаад баталгаажуулна уу: {self.portal}/my/signatures")
        activation = await self._confirmed(begun["handle"])
        signed = await self._ask("signatures/signHash", hashes | {"SAD": activation, "signAlgo": ECDSA})
        if "signatures" not in signed:
            raise Failure("Гарын үсгийг авч чадсангүй. Дахин оролдоно уу.")
        return credential["cert"]["certificates"][0], signed["signatures"][0]

    async def _credential(self) -> dict[str, Any]:
        wanted = {"credentialInfo": True, "certificates": "single", "onlyValid": True}
        found = (await self._ask("credentials/list", wanted)).get("credentialInfos", [])
        if not found:
            raise Failure("Танд хүчинтэй гарын үсгийн гэрчилгээ алга. «Миний гэрчилгээ» хуудаснаас авна уу.")
        first: dict[str, Any] = found[0]
        return first

    async def _confirmed(self, handle: str) -> str:
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            found = await self._ask("credentials/authorizeCheck", {"handle": handle})
            if "SAD" in found:
                return str(found["SAD"])
            if "handle" not in found:
                raise Failure("Та татгалзсан, эсвэл хугацаа дууссан. Юу ч зурагдаагүй.")
            await asyncio.sleep(POLL_SECONDS)
        raise Failure("Хугацаа дууссан. Юу ч зурагдаагүй.")

    async def _ask(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        for _ in range(2):
            token = await self._access()
            answer = await self._post(f"/csc/v2/{method}", json=body, headers={"Authorization": f"Bearer {token}"})
            if answer.status_code != 401:
                found: dict[str, Any] = answer.json()
                return found
            self._token = "" if self._token == token else self._token  # it has ended; another may have fetched a new one meanwhile
        raise Failure("Нэвтэрч чадсангүй. Дахин оролдоно уу.")

    async def _post(self, path: str, **sent: Any) -> httpx.Response:
        try:
            return await self._http.post(self.portal + path, **sent)
        except httpx.HTTPError:
            raise Failure("Тооно платформ хариу өгөхгүй байна. Хэдэн минутын дараа дахин оролдоно уу.") from None

    async def _access(self) -> str:
        """An access token. The person signs in once, however many pages ask at the same time."""
        async with self._signing_in:
            if not self._token:
                self._token = await self._sign_in()
            return self._token

    async def _sign_in(self) -> str:
        """As an application of this computer does (RFC 8252): the browser signs in and comes back to our own port."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        challenge = base64url(hashlib.sha256(verifier.encode()).digest())
        resource, back = f"{self.portal}/csc/v2", f"http://127.0.0.1:{self._port}/callback"
        query = {
            "response_type": "code", "client_id": self._client_id, "redirect_uri": back, "scope": "openid service", "state": state,
            "nonce": secrets.token_urlsafe(16), "code_challenge": challenge, "code_challenge_method": "S256", "resource": resource,
        }  # fmt: skip
        self._waiting = (state, asyncio.get_running_loop().create_future())
        address = f"{self.portal}/oidc/authorize?{urlencode(query)}"
        _tell(f"Хөтчөөрөө нэвтэрнэ үү: {address}")
        await asyncio.to_thread(webbrowser.open, address)
        try:
            code = await asyncio.wait_for(self._waiting[1], WAIT_SECONDS)
        except TimeoutError:
            raise Failure("Нэвтрээгүй тул юу ч зурагдаагүй.") from None
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier, "client_id": self._client_id,
            "resource": resource,
        }  # fmt: skip
        answer = (await self._post("/oidc/token", data=form)).json()
        if "access_token" not in answer:
            raise Failure("Нэвтрэхийг зөвшөөрөөгүй, эсвэл хугацаа дууссан.")
        return str(answer["access_token"])

    async def came_back(self, request: Request) -> PlainTextResponse:
        """The browser with the authorization code; anything that we did not begin is nothing to us."""
        state, arrived = self._waiting or ("", None)
        shown = request.query_params.get("state", "")
        if arrived is None or arrived.done() or not hmac.compare_digest(shown.encode(), state.encode()):
            return PlainTextResponse("Ийм нэвтрэлт эхлээгүй байна.", status_code=400)
        code = request.query_params.get("code")
        if code:
            arrived.set_result(code)
        else:
            arrived.set_exception(Failure("Нэвтрэхийг зөвшөөрөөгүй."))
        return PlainTextResponse("Нэвтэрлээ. Энэ цонхыг хааж болно." if code else "Нэвтрэхийг зөвшөөрөөгүй.")


class Socket:
    """What pages reach."""

    def __init__(self, platform: Platform, origins: frozenset[str]) -> None:
        self._platform, self._origins = platform, origins

    async def serve(self, socket: WebSocket) -> None:
        """One page. A page of another origin is closed before it says a word; so is one that reached us under another name (DNS rebinding)."""
        host = urlsplit(f"//{socket.headers.get('host', '')}").hostname
        if socket.headers.get("origin", "") not in self._origins or host not in ("127.0.0.1", "localhost"):
            await socket.close(CLOSED_ORIGIN)
            return
        await socket.accept()
        try:
            while True:
                await socket.send_json(await self._answer(await socket.receive_text()))
        except WebSocketDisconnect:
            return

    async def _answer(self, message: str) -> dict[str, str]:
        try:
            certificate, signature = await self._platform.sign(_text(message))
        except Failure as failure:
            return {"status": "error", "certificate": "", "signature": "", "message": str(failure)}
        return {"status": "success", "certificate": certificate, "signature": signature, "message": ""}


def _text(message: str) -> str:
    """The text to be signed. :raises Failure: the message is none of ESign's."""
    try:
        asked = json.loads(message) if len(message.encode()) <= LONGEST_MESSAGE_BYTES else None
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or asked.keys() != {"type", "data"} or asked["type"] != SIGN:
        raise Failure("Хүсэлтийг ойлгосонгүй.")
    text = asked["data"]
    if not isinstance(text, str) or not 0 < len(text) <= LONGEST_TEXT or not _encodable(text):
        raise Failure(f"Гарын үсэг зурах бичвэр 1–{LONGEST_TEXT} тэмдэгт байна.")
    return text


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tell(sentence: str) -> None:
    """To the person, at the terminal where the helper was started."""
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def application() -> Starlette:
    """The local server's application, as the command has said by its environment."""
    given = {name: os.environ[variable] for name, variable in ENVIRONMENT.items()}
    platform = Platform(given["portal"], given["client"], int(given["port"]))
    socket = Socket(platform, frozenset(given["origins"].split()))
    return Starlette(routes=[Route("/callback", platform.came_back), WebSocketRoute("/{path:path}", socket.serve)])


def serve(*, portal: str, client_id: str, origins: list[str], port: int) -> int:
    """Until Ctrl-C. Only this computer reaches it."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    os.environ |= {
        ENVIRONMENT["portal"]: portal,
        ENVIRONMENT["client"]: client_id,
        ENVIRONMENT["port"]: str(port),
        ENVIRONMENT["origins"]: " ".join(origin.rstrip("/") for origin in origins),
    }
    _tell(f"ws://127.0.0.1:{port}; {', '.join(origins)}")
    Granian(
        "toono.entry.esign:application",
        factory=True,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        websockets=True,
        log_level=LogLevels.warning,
    ).serve()
    return 0
