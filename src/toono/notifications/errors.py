"""What can go wrong in notifications."""

from __future__ import annotations

from toono.kernel.errors import Conflict, NotFound, ToonoError


class TemplateUnknown(ToonoError):
    """There is no template with this code."""

    code = "notifications.template_unknown"


class TemplateMalformed(ToonoError):
    """A template file is not what the language of templates allows. Stops the start of whoever needs it."""

    code = "notifications.template_malformed"


class ContextMismatch(ToonoError):
    """The context has not exactly the placeholders that the template declares, or a value that cannot be printed."""

    code = "notifications.context_mismatch"


class KeyReused(Conflict):
    """The key belongs to another message: another person, template or context."""

    code = "notifications.key_reused"


class MessageNotFound(NotFound):
    """No such message, or not this person's. The two are told alike."""

    code = "notifications.message_not_found"
    title_mn = "Ийм мэдэгдэл олдсонгүй"
    next_mn = "Мэдэгдлийн жагсаалтаас хайна уу."
