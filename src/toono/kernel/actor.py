"""Who acts. Rights travel as an explicit :class:`Actor`; no door reads a session."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from toono.kernel.contract import Contract


class Role(StrEnum):
    """What a person or process may be."""

    CITIZEN = "citizen"
    OFFICER = "officer"  # decides cases of one organisation
    OPERATOR = "operator"  # serves people at a counter
    ADMINISTRATOR = "administrator"  # runs the platform
    LEADER = "leader"  # sees figures of an organisation
    REPRESENTATIVE = "representative"  # keeps the agreements of an organisation on the exchange
    ANALYST = "analyst"  # writes the definitions of an organisation's services
    SUPPORT = "support"  # helps persons to sign in, and looks after nothing else
    SYSTEM = "system"  # a process of Toono itself
    ANYBODY = "anybody"  # not signed in


class Channel(StrEnum):
    """By which way a person came."""

    WEB = "web"
    MOBILE = "mobile"
    OPERATOR = "operator"
    KIOSK = "kiosk"
    API = "api"


class Actor(Contract):
    """Who calls a door, and by what right."""

    role: Role
    person_id: UUID | None = None
    """The person in ``identity``; None for a process and for anybody."""
    organisation: str | None = None
    """Code of the organisation for which an officer, operator or leader acts."""
    session_id: str | None = None
    """The session, for the audit; never a secret."""
    channel: Channel = Channel.WEB
    process: str | None = None
    """Name of the process, when the role is ``system``."""

    def __str__(self) -> str:
        return f"{self.role}:{self.person_id or self.process or '-'}"


ANYBODY = Actor(role=Role.ANYBODY)


def system(process: str) -> Actor:
    """The platform itself, named by the process or job that acts."""
    return Actor(role=Role.SYSTEM, process=process)
