"""What can go wrong in the registry, and why a gateway refuses a configuration."""

from __future__ import annotations

from toono.kernel.errors import Conflict, NotAllowed, NotFound, ToonoError, Unavailable


class AdministratorRequired(NotAllowed):
    """Only an administrator, known as a person, drafts and approves."""

    code = "registry.administrator_required"


class RepresentativeRequired(NotAllowed):
    """Only a representative of the organisation concerned, known as a person, does this."""

    code = "registry.representative_required"


class SamePerson(Conflict):
    """Whoever drafted or accepted a change may not approve it; another person does."""

    code, status = "registry.same_person", 403
    title_mn = "Өөрийн оруулсан төслийг өөрөө батлах боломжгүй"
    next_mn = "Өөр хүн шалгаж батална."


class OwnerHasNotAccepted(Conflict):
    """The representative of the service's owner has to accept the draft before an administrator countersigns it."""

    code = "registry.owner_has_not_accepted"
    title_mn = "Мэдээлэл эзэмшигч байгууллага хараахан зөвшөөрөөгүй байна"
    next_mn = "Эзэмшигчийн төлөөлөгч зөвшөөрсний дараа баталгаажуулна."


class ReasonMissing(ToonoError):
    """Whoever refuses what another proposed says why."""

    code, status = "registry.reason_missing", 400
    title_mn = "Татгалзсан шалтгаанаа бичээгүй байна"
    next_mn = "Буцаж очоод шалтгаанаа бичнэ үү. Төсөл оруулсан хүн үүнийг уншина."


class DraftNotFound(NotFound):
    """No draft under this id."""

    code = "registry.draft_not_found"


class DraftDecided(Conflict):
    """The draft was approved or refused before."""

    code = "registry.draft_decided"
    title_mn = "Энэ төслийг аль хэдийн шийдвэрлэсэн байна"


class DraftOutdated(Conflict):
    """The entry has changed since the draft was made, so what would be approved is not what was proposed."""

    code = "registry.draft_outdated"
    title_mn = "Төсөл оруулснаас хойш бүртгэл өөрчлөгдсөн байна"
    next_mn = "Төслийг буцааж, одоогийн бүртгэлд үндэслэн дахин оруулна уу."


class EntryRefused(ToonoError):
    """The entry contradicts itself or names something that is not in the registry; the message says what."""

    code, status = "registry.entry_refused", 400
    title_mn = "Бүртгэх мэдээлэл зөрчилтэй байна"
    next_mn = "Доорх тайлбарыг үзэж засаад дахин оруулна уу."


class DocumentRefused(ToonoError):
    """A configuration file has an unknown field, or a wrong or missing value; ``sentences`` names each with its place.

    Nothing of the file was taken.
    """

    code, status = "registry.document_refused", 400
    title_mn = "Тохиргооны файлд алдаа байна"
    next_mn = "Доорх мөр бүрийг засаад дахин оруулна уу."

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(self.data.get("sentences", ()))


class EntryNotFound(NotFound):
    """No organisation, system, service or agreement under this name."""

    code = "registry.entry_not_found"


class OrganisationNotFound(NotFound):
    """No organisation under this code."""

    code = "registry.organisation_not_found"


class NothingPublished(Unavailable):
    """No configuration has been published yet."""

    code = "registry.nothing_published"


class PublicationRefused(ToonoError):
    """The configuration that was about to be published would be refused by every gateway; the former one stays."""

    code = "registry.publication_refused"


class ConfigurationRefused(ToonoError):
    """A configuration that must not be used. The gateway keeps the one that it has."""

    code = "registry.configuration_refused"


class ConfigurationMalformed(ConfigurationRefused):
    """It is not a signed configuration of the shape that is agreed (header, encoding, unknown or missing field)."""

    code = "registry.configuration_malformed"


class ConfigurationForged(ConfigurationRefused):
    """The signature does not fit, or the signer is not one whom the anchors allow to sign configurations."""

    code = "registry.configuration_forged"


class ConfigurationExpired(ConfigurationRefused):
    """Its time is over, or has not come."""

    code = "registry.configuration_expired"


class ConfigurationRolledBack(ConfigurationRefused):
    """Its version is lower than one that was used before."""

    code = "registry.configuration_rolled_back"
