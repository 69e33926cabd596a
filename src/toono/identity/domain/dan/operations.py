"""ХУР operations and what the registers of the exchange say in their place. An operation that stands here not is answered with a clear code, never with made-up data.

Fields stand in the sequence of the WSDL; one that our registers do not hold is ``null``, as ДАН sends it. How each is made stands in :mod:`.responses`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toono.identity.domain.dan import responses
from toono.identity.domain.dan.responses import Read


@dataclass(frozen=True)
class Source:
    """One reading through the exchange."""

    service: str
    """Below the instance."""
    path: str
    """With ``{civil_id}`` of the person, ``{entity}`` for which they signed in, or ``{thing}`` that the request names."""
    meaning: str = ""
    """Under which the catalogue of the portal knows the same reading."""


SOURCES = {
    "person": Source("GOV/state-registration/population/person", "/persons/{civil_id}", "person.identity"),
    "address": Source("GOV/state-registration/population/address", "/persons/{civil_id}/address", "person.registered_address"),
    "family": Source("GOV/state-registration/population/family", "/persons/{civil_id}/family", "person.family"),
    "id-card": Source("GOV/state-registration/population/id-card", "/persons/{civil_id}/id-card", "person.id_card"),
    "former-addresses": Source(
        "GOV/state-registration/population/former-addresses", "/persons/{civil_id}/former-addresses", "person.former_addresses"
    ),
    "entity": Source("GOV/state-registration/legal-entities/entity", "/entities/{entity}", "entity.details"),
    "represented": Source("GOV/state-registration/legal-entities/represented", "/entities/represented/{civil_id}", "person.legal_entities"),
    "properties": Source("GOV/state-registration/property/owned", "/property/owners/{civil_id}", "person.property"),
    "property": Source("GOV/state-registration/property/property", "/property/{thing}", "property.details"),
    "parcels": Source("GOV/land-agency/cadastre/held", "/land/holders/{civil_id}", "person.land"),
    "contributions": Source(
        "GOV/social-insurance/insurance/contributions", "/insurance/{civil_id}/contributions", "person.social_insurance"
    ),
    "health": Source("GOV/health-insurance/insurance/state", "/insurance/{civil_id}/state", "person.health_insurance"),
    "doses": Source("GOV/health-ministry/vaccination/doses", "/vaccination/{civil_id}/doses", "person.vaccinations"),
    "tax": Source("GOV/taxation/tax/debts", "/tax/{civil_id}/debts", "person.tax"),
    "vehicles": Source("GOV/auto-transport/vehicles/owned", "/vehicles/owners/{civil_id}", "person.vehicles"),
    "vehicle": Source("GOV/auto-transport/vehicles/vehicle", "/vehicles/{thing}", "vehicle.details"),
    "licence": Source("GOV/police/drivers/licence", "/drivers/{civil_id}/licence", "person.driving_licence"),
    "fines": Source("GOV/police/drivers/fines", "/drivers/{civil_id}/fines", "person.fines"),
    "diplomas": Source("GOV/education-ministry/education/diplomas", "/education/{civil_id}/diplomas", "person.education"),
    "exams": Source("GOV/education-ministry/education/exams", "/education/{civil_id}/exams", "person.state_exams"),
    "court-debts": Source("GOV/court-enforcement/debts/person-debts", "/debts/{civil_id}", "person.court_debts"),
}


@dataclass(frozen=True)
class Operation:
    """How one operation is answered."""

    endpoint: str
    sources: tuple[str, ...]
    """Read in this sequence; the operation fails with the first that gives nothing."""
    response: Callable[[Read], dict[str, Any]]
    """Of what was read, by the name of the source; under ``request`` stands what was asked."""
    optional: tuple[str, ...] = ()
    """What may be missing: its fields are ``null`` then."""
    thing: tuple[str, Callable[[Read], str]] | None = None
    """A further source about one thing of the person's, and which thing. What is another's is not found."""


OPERATIONS: dict[str, Operation] = {
    "WS100101_getCitizenIDCardInfo": Operation("citizen", ("person", "address"), responses.identity_card, optional=("id-card",)),
    "WS100102_getCitizenBirthInfo": Operation("citizen", ("person",), responses.birth, optional=("family",)),
    "WS100103_getCitizenAddressInfo": Operation("citizen", ("person", "address"), responses.registered_address),
    "WS100104_getCitizenMarriageInfo": Operation("citizen", ("person", "family"), responses.marriage),
    "WS100106_authorizeCitizen": Operation("citizen", ("person",), lambda read: {"result": bool(read["person"])}),
    "WS100107_checkCitizenInfo": Operation("citizen", ("person",), responses.names_match),
    "WS100117_checkCitizenAddressInfo": Operation("citizen", ("person", "address"), responses.address_matches),
    "WS100125_checkCitizenRegnum": Operation("citizen", ("person",), lambda read: {"valid": bool(read["person"])}),
    "WS100126_getCitizenNonPaymentInfo": Operation("citizen", ("person", "court-debts"), responses.court_debt),
    "WS100128_getCitizenNoMarriageInfo": Operation("citizen", ("person", "family"), responses.no_marriage),
    "WS100130_getCitizenHighSchoolInfo": Operation("citizen", ("person", "diplomas"), responses.diploma),
    "WS100131_getCitizenMiddleSchoolInfo": Operation("citizen", ("person", "exams"), responses.school),
    "WS100137_getCitizenBeforeAddressInfo": Operation("citizen", ("person", "former-addresses"), responses.former_address),
    "WS100176_citizenBirthsAndRelativesInfo": Operation("citizen", ("person", "family"), responses.relatives, optional=("address",)),
    "WS100501_getCitizenSalaryInfo": Operation("insurance", ("contributions",), responses.salaries),
    "WS100502_getCitizenPensionInquiry": Operation("insurance", ("health",), responses.pensioner),
    "WS100512_checkIsInsuredInfo": Operation(
        "insurance", ("contributions",), lambda read: {"insured": read["contributions"].get("insured")}
    ),
    "WS100541_healthInsuranceInfo": Operation("insurance", ("health",), responses.health_insurance),
    "WS100401_getVehicleInfo": Operation(
        "transport", ("person", "vehicles"), responses.vehicle, thing=("vehicle", responses.chosen_vehicle)
    ),
    "WS100406_getCitizenVehicleList": Operation("transport", ("person", "vehicles"), responses.vehicles),
    "WS100403_getVehiclePenaltyList": Operation("transport", ("fines",), responses.vehicle_fines),
    "WS100407_getDriverLicenseInfo": Operation("transport", ("person", "licence"), responses.licence),
    "WS100409_getVehicleInspectionInfo": Operation(
        "transport", ("vehicles",), responses.inspection, thing=("vehicle", responses.chosen_vehicle)
    ),
    "WS100422_getCitizenPenaltyList": Operation("transport", ("person", "fines"), responses.fines),
    "WS100201_getPropertyInfo": Operation(
        "property", ("person", "properties"), responses.property_entry, thing=("property", responses.chosen_property)
    ),
    "WS100202_getPropertyList": Operation("property", ("person", "properties"), responses.properties),
    "WS100203_isPropertyCheck": Operation("property", ("properties",), responses.property_count),
    "WS100218_landOwningCertificateInfo": Operation("property", ("person", "parcels"), responses.parcels),
    "WS100220_landCadastralMapInfo": Operation("property", ("person", "parcels"), responses.cadastre),
    "WS100307_getLegalEntityInfoWithRegnum": Operation("legal-entity", ("entity",), responses.legal_entity),
    "WS100313_citizenLegalEntityList": Operation("legal-entity", ("represented",), responses.represented),
    "WS100315_checkLegalEntityDirector": Operation("legal-entity", ("represented",), responses.directs),
    "WS100316_legalEntityOpenData": Operation("legal-entity", ("entity",), responses.legal_entity_open),
    "WS100324_legalEntityGeneralInfo": Operation("legal-entity", ("entity",), responses.legal_entity_general),
    "WS100605_getTaxPayerDeptInfo": Operation("tax", ("tax",), responses.tax_debt),
    "GS10021_covidVaccineDoseCount": Operation("government-service", ("doses",), responses.vaccine_doses),
    "WS400101_ueeReferenceService": Operation("education", ("person", "exams"), responses.exam_results),
}
