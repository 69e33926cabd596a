"""What each ХУР operation answers, made of our registers' readings. Field lists are those of the WSDLs (1.5.0), in their sequence; misspellings are part of the interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Read = Mapping[str, Mapping[str, Any]]
"""What was read, by the name of the source; ``request``: what was asked; an optional source that gave nothing is empty."""


class NoSuchThing(Exception):
    """The person has nothing that the request could mean."""


def _shaped(fields: str, **known: Any) -> dict[str, Any]:
    """All fields in their sequence; what is not known is ``null``."""
    names = fields.split()
    assert known.keys() <= set(names), known.keys() - set(names)  # noqa: S101 - a name misspelt here would be lost
    return {name: known.get(name) for name in names}


def _as_text(day: Any) -> str | None:
    """As the samples write a day: ``1978-01-01 00:00:00.0``."""
    return f"{day} 00:00:00.0" if day else None


def _as_moment(day: Any) -> str | None:
    """``xsd:dateTime``."""
    return f"{day}T00:00:00+08:00" if day else None


SEXES = {"male": "Эрэгтэй", "female": "Эмэгтэй"}


def _names(person: Mapping[str, Any]) -> dict[str, Any]:
    """lastname is the father's name, surname the clan's."""
    return {"firstname": person.get("given_name"), "lastname": person.get("patronymic")}


# -- persons -------------------------------------------------------------------------------------------------------


def _place(read: Read) -> dict[str, Any]:
    """Address fields; ХУР cuts the unit's code into pairs of digits: aimag, soum, bag."""
    found = read["address"]
    whole = found.get("bag_code") or found.get("unit_code") or read["person"].get("unit_code") or ""
    pair = [str(whole)[i : i + 2] or None for i in (0, 2, 4)]
    return {
        "addressApartmentName": found.get("building"), "addressDetail": found.get("door"), "addressStreetName": found.get("street"),
        "aimagCityCode": pair[0], "aimagCityName": found.get("aimag"), "bagKhorooCode": pair[2], "bagKhorooName": found.get("bag"),
        "soumDistrictCode": pair[1], "soumDistrictName": found.get("soum"),
    }  # fmt: skip


def identity_card(read: Read) -> dict[str, Any]:
    """WS100101. ``passport…`` means the identity card."""
    person, card = read["person"], read["id-card"]
    return _shaped(
        "addressApartmentName addressDetail addressRegionName addressStreetName addressTownName aimagCityCode aimagCityName bagKhorooCode "
        "bagKhorooName birthDate birthDateAsText birthPlace civilId firstname gender image lastname listAddress nationality passTime "
        "passportAddress passportDate passportExpireDate passportIssueDate passportNum personId regnum soumDistrictCode soumDistrictName surname",
        **_place(read), **_names(person), surname=person.get("clan_name"), civilId=person.get("civil_id"), regnum=person.get("regnum"),
        birthDateAsText=_as_text(person.get("birth_date")), gender=SEXES.get(str(person.get("sex"))), passportAddress=read["address"].get("text"),
        passportNum=card.get("number"), passportIssueDate=card.get("issued_on"), passportExpireDate=card.get("valid_until"),
    )  # fmt: skip


_RELATIVE = "civilId firstname lastname nationalityName registeredNum regnum surname"


def _relative(read: Read, *relations: str, fields: str = _RELATIVE) -> dict[str, Any] | None:
    found = next((one for one in read["family"].get("members") or () if one.get("relation") in relations), None)
    if found is None:
        return None
    return _shaped(fields, civilId=found.get("civil_id"), firstname=found.get("given_name"), regnum=found.get("regnum"))


def birth(read: Read) -> dict[str, Any]:
    """WS100102."""
    person = read["person"]
    return _shaped(
        "birthDate birthDateAsText birthPlace civilId father firstname gender lastname mother nationalityName registrationCity registrationDate "
        "registrationDistrict registrationId regnum surname",
        birthDateAsText=_as_text(person.get("birth_date")), civilId=person.get("civil_id"), father=_relative(read, "эцэг"),
        mother=_relative(read, "эх"), gender=SEXES.get(str(person.get("sex"))), regnum=person.get("regnum"), surname=person.get("clan_name"),
        **_names(person),
    )  # fmt: skip


def registered_address(read: Read) -> dict[str, Any]:
    """WS100103."""
    person = read["person"]
    return _shaped(
        "addressApartmentName addressDetail addressRegionName addressStreetName addressTownName aimagCityCode aimagCityName bagKhorooCode "
        "bagKhorooName citizenship civilId firstname fullAddress lastname regnum soumDistrictCode soumDistrictName surname",
        **_place(read), **_names(person), citizenship=person.get("citizenship"), civilId=person.get("civil_id"),
        fullAddress=read["address"].get("text"), regnum=person.get("regnum"), surname=person.get("clan_name"),
    )  # fmt: skip


_SPOUSE = _RELATIVE + " country marriageStatus"


def marriage(read: Read) -> dict[str, Any]:
    """WS100104: the person in the place of their sex, the spouse in the other."""
    person, family = read["person"], read["family"]
    married = family.get("marital") == "гэрлэсэн"
    own = _shaped(
        _SPOUSE, **_names(person), civilId=person.get("civil_id"), regnum=person.get("regnum"), surname=person.get("clan_name"),
        country=person.get("citizenship"), marriageStatus=family.get("marital"),
    )  # fmt: skip
    other = _relative(read, "эхнэр", "нөхөр", fields=_SPOUSE)
    places = ("husband", "wife") if person.get("sex") == "male" else ("wife", "husband")
    spouses = dict(zip(places, (own, other), strict=True)) if married and person.get("sex") else {}
    return _shaped(
        "husband married marriedDate registeredCity registeredDate registeredDistrict registeredId wife", married=married, **spouses
    )


def no_marriage(read: Read) -> dict[str, Any]:
    """WS100128.

    :raises NoSuchThing: the person is married, so there is no such certificate.
    """
    person, family = read["person"], read["family"]
    if family.get("marital") == "гэрлэсэн":
        raise NoSuchThing
    return _shaped(
        "citizenship civilId firstName lastName purpose regnum sex status surname", citizenship=person.get("citizenship"),
        civilId=person.get("civil_id"), firstName=person.get("given_name"), lastName=person.get("patronymic"), regnum=person.get("regnum"),
        sex=SEXES.get(str(person.get("sex"))), status=family.get("marital"), surname=person.get("clan_name"),
    )  # fmt: skip


def _same(one: Any, other: Any) -> bool:
    return str(one or "").strip().casefold() == str(other or "").strip().casefold() != ""


def names_match(read: Read) -> dict[str, Any]:
    """WS100107: yes or no, and nothing else of the person."""
    asked, person = read["request"], read["person"]
    return {"matched": _same(asked.get("firstName"), person.get("given_name")) and _same(asked.get("lastName"), person.get("patronymic"))}


def address_matches(read: Read) -> dict[str, Any]:
    """WS100117 (``validApartemnt`` is its spelling)."""
    asked, place = read["request"], _place(read)
    parts = {
        "validAimagCity": _same(asked.get("aimagCityCode"), place["aimagCityCode"]),
        "validSoumDistrict": _same(asked.get("soumDistrictCode"), place["soumDistrictCode"]),
        "validBagKhoroo": _same(asked.get("bagKhorooCode"), place["bagKhorooCode"]),
    }
    return _shaped("valid validAimagCity validApartemnt validBagKhoroo validSoumDistrict validStreet", valid=all(parts.values()), **parts)


def former_address(read: Read) -> dict[str, Any]:
    """WS100137: the last one."""
    person, listed = read["person"], _listed(read["former-addresses"], "addresses")
    return _shaped(
        "forename fullAddress givenname regDate regnum surname", forename=person.get("patronymic"), givenname=person.get("given_name"),
        fullAddress=listed[0].get("text"), regDate=_as_moment(listed[0].get("registered_on")), regnum=person.get("regnum"),
        surname=person.get("clan_name"),
    )  # fmt: skip


def relatives(read: Read) -> dict[str, Any]:
    """WS100176: one row for each relative."""
    person = read["person"]
    father, mother = _relative(read, "эцэг") or {}, _relative(read, "эх") or {}
    rows = [
        _shaped(
            "birthAimagCity birthPlace birthSoumDistrict faForeName faGivenName faRegisterNum faSurName familyForeName familyGivenName "
            "familyRegisterNum familySurName familyTypeName foreName givenName inquiryDate inquiryTypeName moForeName moGivenName moRegisterNum "
            "moSurName recipientGivenName recipientRegisterNum recipientSurname registerNum resideAddress surName",
            faGivenName=father.get("firstname"), faRegisterNum=father.get("regnum"), moGivenName=mother.get("firstname"),
            moRegisterNum=mother.get("regnum"), familyGivenName=one.get("given_name"), familyRegisterNum=one.get("regnum"),
            familyTypeName=one.get("relation"), foreName=person.get("patronymic"), givenName=person.get("given_name"),
            registerNum=person.get("regnum"), resideAddress=read["address"].get("text"), surName=person.get("clan_name"),
        )
        for one in _listed(read["family"], "members")
    ]  # fmt: skip
    return {"listData": rows}


def court_debt(read: Read) -> dict[str, Any]:
    """WS100126: the newest decision.

    :raises NoSuchThing: nothing is owed.
    """
    found = sorted(_listed(read["court-debts"], "debts"), key=lambda one: str(one.get("decided_on")))[-1]
    return _shaped(
        "caseNum caseStatusId caseStatusName companyRegnum decisionDate decisionNum decisionTypeName personRegnum receivedDate sheetNum tollBalance tollValue",
        caseNum=found.get("number"), decisionDate=_as_moment(found.get("decided_on")), decisionTypeName=found.get("court"),
        personRegnum=read["person"].get("regnum"), tollBalance=str(found.get("amount")), tollValue=str(found.get("amount")),
    )  # fmt: skip


_EDUCATION = "degreeNumber degreeNumberEng firstName lastName orgName orgNameEng parentOrgNameEng regnum year yearEng"


def _education(read: Read, **known: Any) -> dict[str, Any]:
    person = read["person"]
    own = {"firstName": person.get("given_name"), "lastName": person.get("patronymic"), "regnum": person.get("regnum")}
    return _shaped(_EDUCATION, **own, **known)


def diploma(read: Read) -> dict[str, Any]:
    """WS100130: the last diploma."""
    found = max(_listed(read["diplomas"], "diplomas"), key=lambda one: int(one.get("year") or 0))
    return _education(read, degreeNumber=found.get("number"), orgName=found.get("school"), year=str(found.get("year")))


def school(read: Read) -> dict[str, Any]:
    """WS100131: where the final examinations were taken; the register holds no number of that certificate."""
    found = _listed(read["exams"], "results")[0]
    return _education(read, orgName=found.get("school"), year=str(found.get("year")))


def exam_results(read: Read) -> dict[str, Any]:
    """WS400101."""
    person = read["person"]
    rows = [
        _shaped(
            "examDate examDateString examType lessonName programExamScore programLessonName programName scaledCalcScore textCalcScore",
            examDateString=str(one.get("year")), lessonName=one.get("subject"), scaledCalcScore=one.get("score"),
        )
        for one in _listed(read["exams"], "results")
    ]  # fmt: skip
    return _shaped(
        "firstname globalResultList lastname monTestResult referenceId regnum ueeResultList", **_names(person), globalResultList=rows,
        regnum=person.get("regnum"),
    )  # fmt: skip


def vaccine_doses(read: Read) -> dict[str, Any]:
    """GS10021."""
    return {"vaccineDoseCount": sum(one.get("disease") == "коронавируст халдвар" for one in read["doses"].get("doses") or ())}


def _listed(found: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """:raises NoSuchThing: the register's list is empty."""
    rows = found.get(name) or ()
    if not rows:
        raise NoSuchThing
    return list(rows)


# -- insurance and tax ---------------------------------------------------------------------------------------------


def _years(asked: Mapping[str, Any]) -> tuple[str, str]:
    return str(asked.get("startYear") or "0000"), str(asked.get("endYear") or "9999")


def salaries(read: Read) -> dict[str, Any]:
    """WS100501, within ``startYear`` and ``endYear``; the register tells the payments of the last year paid."""
    first, last = _years(read["request"])
    rows = [
        _shaped(
            "benClass domName month orgName orgSiID paid salaryAmount salaryFee year", month=int(one["month"][5:]), orgName=one.get("employer"),
            paid=True, salaryAmount=one.get("wage"), salaryFee=one.get("contribution"), year=int(one["month"][:4]),
        )
        for one in read["contributions"].get("payments") or () if first <= one["month"][:4] <= last
    ]  # fmt: skip
    return {"list": rows}


def pensioner(read: Read) -> dict[str, Any]:
    """WS100502: the health insurance register knows who is insured as a pensioner."""
    return {"pensioner": "тэтгэвэр" in str(read["health"].get("category")).casefold()}


def health_insurance(read: Read) -> dict[str, Any]:
    """WS100541: the period in force."""
    found = read["health"]
    row = _shaped(
        "benClass endDate feeType province regDate startDate", benClass=found.get("category"), endDate=_as_moment(found.get("paid_until")),
        feeType=found.get("payer"),
    )  # fmt: skip
    return {"listData": [row] if found.get("insured") else []}


def tax_debt(read: Read) -> dict[str, Any]:
    """WS100605."""
    debt = read["tax"].get("debt")
    return _shaped(
        "beforeNonpayment beforeOverpayment callNumber id nonpayment overpayment remainderNonpayment remainderOverpayment returnType taxType",
        nonpayment=str(debt), remainderNonpayment=str(debt), overpayment="0",
    )  # fmt: skip


# -- vehicles and drivers ------------------------------------------------------------------------------------------

_VEHICLE = (
    "archiveDate archiveFirstNumber archiveNumber axleCount buildYear cabinNumber capacity certificateNumber className colorName countryName "
    "declarationNum fueltype height importDate intent length manCount markName mass maxLoad modelName motorNumber ownerAddress ownerCountry "
    "ownerFirstname ownerHandphone ownerHomephone ownerLastname ownerRegnum ownerType ownerWorkphone plateNumber purpose purposeId startDate "
    "status totalWeight transmission type typeId weight wheelPosition width"
)


def _vehicle(read: Read, found: Mapping[str, Any]) -> dict[str, Any]:
    person = read["person"]
    return _shaped(
        _VEHICLE, buildYear=found.get("year"), cabinNumber=found.get("chassis"), certificateNumber=found.get("certificate"),
        colorName=found.get("colour"), fueltype=found.get("fuel"), markName=found.get("make"), modelName=found.get("model"),
        ownerFirstname=person.get("given_name"), ownerLastname=person.get("patronymic"), ownerRegnum=person.get("regnum"),
        plateNumber=found.get("plate"),
    )  # fmt: skip


def _chosen(read: Read, source: str, rows: str, key: str, *asked: str) -> str:
    """The thing that the request names, or the only one; it must be the person's own.

    :raises NoSuchThing:
    """
    own = [str(one.get(key)) for one in _listed(read[source], rows)]
    named = next((str(read["request"][name]) for name in asked if read["request"].get(name)), None)
    if named is None and len(own) == 1:
        return own[0]
    found = next((one for one in own if named is not None and _same(one, named)), None)
    if found is None:
        raise NoSuchThing
    return found


def chosen_vehicle(read: Read) -> str:
    """By ``plateNumber`` (``plate_no`` of the inspection)."""
    return _chosen(read, "vehicles", "vehicles", "plate", "plateNumber", "plate_no")


def vehicle(read: Read) -> dict[str, Any]:
    """WS100401."""
    return _vehicle(read, read["vehicle"])


def vehicles(read: Read) -> dict[str, Any]:
    """WS100406."""
    return {"list": [_vehicle(read, one) for one in _listed(read["vehicles"], "vehicles")]}


def inspection(read: Read) -> dict[str, Any]:
    """WS100409."""
    found = read["vehicle"]
    return _shaped(
        "cabinNumber checkDate expireDate passed resultCode vehicleNumber", cabinNumber=found.get("chassis"),
        expireDate=_as_moment(found.get("inspected_until")), passed=found.get("inspected_until") is not None, vehicleNumber=found.get("plate"),
    )  # fmt: skip


def vehicle_fines(read: Read) -> dict[str, Any]:
    """WS100403: those of one of the person's vehicles, or of all."""
    plate = read["request"].get("plateNumber")
    rows = [
        _shaped(
            "amount barCode localName paid passDate paymentBankAccount paymentBankAccountName paymentBankName paymentDate paymentIBANBankAccount "
            "plateNumber qpQRcode reasonType reasonTypeCode sanc",
            amount=one.get("amount"), barCode=one.get("number"), paid=one.get("paid"), passDate=_as_moment(one.get("given_on")),
            plateNumber=one.get("plate"), reasonType=one.get("offence"),
        )
        for one in read["fines"].get("fines") or () if not plate or _same(plate, one.get("plate"))
    ]  # fmt: skip
    return {"listData": rows}


def fines(read: Read) -> dict[str, Any]:
    """WS100422."""
    person = read["person"]
    rows = [
        _shaped(
            "accountName amount amountPaid bankAccount bankName barcode driverNo firstname ibanBankAccount lastName legalIndex localName passDate "
            "paymentDate paymentStatus plateNumber qpQrcode regnum",
            amount=one.get("amount"), amountPaid=one.get("amount") if one.get("paid") else 0, barcode=one.get("number"),
            firstname=person.get("given_name"), lastName=person.get("patronymic"), passDate=_as_moment(one.get("given_on")),
            paymentStatus="төлсөн" if one.get("paid") else "төлөөгүй", plateNumber=one.get("plate"), regnum=person.get("regnum"),
        )
        for one in read["fines"].get("fines") or ()
    ]  # fmt: skip
    return {"listData": rows}


def licence(read: Read) -> dict[str, Any]:
    """WS100407."""
    person, found = read["person"], read["licence"]
    classes = [
        _shaped("archiveNo autoCourseName beginDate classify extraInfo", classify=one.strip())
        for one in str(found.get("categories") or "").split(",") if one.strip()
    ]  # fmt: skip
    return _shaped(
        "address birthDate bloodType cellPhone1 cellPhone2 civilization classification classifyList customerInfID driverDate driverPic driverScore "
        "driverType email1 email2 expireDate eyeColorInfID familyName familyNameEng firstname firstnameEng gender hairColorInfID height homePhone isDeaf "
        "isExpiring isFound isImpairment isNewClassification isNewDriver isRefundable isValid lastname lastnameEng licenseDate licenseNumber licenseStatus "
        "lstScoreInfoDtl motive note omchlogch regnum schoolName status statusEng suspendReason types weight",
        **_names(person), birthDate=person.get("birth_date"), classification=found.get("categories"), classifyList=classes,
        driverScore=found.get("points"), expireDate=found.get("valid_until"), familyName=person.get("clan_name"),
        gender=SEXES.get(str(person.get("sex"))), isFound="true", isValid="false" if found.get("suspended") else "true",
        licenseDate=found.get("issued_on"), licenseNumber=found.get("number"), regnum=person.get("regnum"),
    )  # fmt: skip


# -- property and land ---------------------------------------------------------------------------------------------


def chosen_property(read: Read) -> str:
    """By ``propertyNumber``."""
    return _chosen(read, "properties", "properties", "number", "propertyNumber")


def property_entry(read: Read) -> dict[str, Any]:
    """WS100201 (``ownerDataLlist`` is its spelling)."""
    person, found = read["person"], read["property"]
    title: Mapping[str, Any] = next(
        (one for one in read["properties"].get("properties") or () if one.get("number") == found.get("number")), {}
    )
    owner = _shaped("firstname forename lastname ofldcNo pblinstt registerNumber", **_names(person), registerNumber=person.get("regnum"))
    process = {"date": _as_text(title.get("since")), "ownerDataLlist": [owner], "serviceID": None, "serviceName": None}
    return _shaped(
        "address addressApartmentName addressDetail addressRegionName addressStreetName addressTownName aimagCityCode aimagCityName bagKhorooCode "
        "bagKhorooName intent propertyNumber soumDistrictCode soumDistrictName square processList",
        address=found.get("address"), intent=found.get("kind"), propertyNumber=found.get("number"), square=str(found.get("area")), processList=[process],
    )  # fmt: skip


def properties(read: Read) -> dict[str, Any]:
    """WS100202."""
    person = read["person"]
    rows = [
        _shaped(
            "code codeName firstname fullAddress lastname movedCount movedDate movedJustification ownershipId ownershipStatus personCorpId personNameCorp "
            "propertyNationRegisterNumber propertyServiceId propertySize serviceDate serviceName serviceType",
            **_names(person), codeName=one.get("kind"), fullAddress=one.get("address"), ownershipStatus=one.get("share"),
            propertyNationRegisterNumber=one.get("number"), propertySize=str(one.get("area")), serviceDate=one.get("since"),
        )
        for one in read["properties"].get("properties") or ()
    ]  # fmt: skip
    return {"listData": rows}


def property_count(read: Read) -> dict[str, Any]:
    """WS100203."""
    count = len(read["properties"].get("properties") or ())
    return {"propertyCount": count, "status": "өмчтэй" if count else "өмчгүй"}


def parcels(read: Read) -> dict[str, Any]:
    """WS100218."""
    person = read["person"]
    rows = [
        _shaped(
            "aimagCityName approvedDuration areaM2 bagKhorooName decisionDate decisionLevelName decisionNum firstName landuseType lastName parcelId "
            "propertyNum regnum soumDistrictName",
            areaM2=str(one.get("area")), firstName=person.get("given_name"), lastName=person.get("patronymic"), landuseType=one.get("purpose"),
            parcelId=one.get("number"), regnum=person.get("regnum"),
        )
        for one in _listed(read["parcels"], "parcels")
    ]  # fmt: skip
    return {"listData": rows}


def cadastre(read: Read) -> dict[str, Any]:
    """WS100220."""
    person = read["person"]
    rows = [
        _shaped(
            "addressKhashaa addressNeighbourhood addressStreetName aimagCityName bagKhorooName firstName lastName parcelId regnum rightTypeName soumDistrictName",
            addressNeighbourhood=one.get("place"), firstName=person.get("given_name"), lastName=person.get("patronymic"),
            parcelId=one.get("number"), regnum=person.get("regnum"), rightTypeName=one.get("right"),
        )
        for one in _listed(read["parcels"], "parcels")
    ]  # fmt: skip
    return {"listData": rows}


# -- legal entities ------------------------------------------------------------------------------------------------


def _number(found: Mapping[str, Any]) -> Any:
    return found.get("register") or found.get("number")


_GENERAL = (
    "companyFounderCount companyName companyRegnum contractDate createdDate createdUserName decisionDate decisionNumber departmentName description "
    "founderDecisionName founderDecisionNumber founderDocumentName ownershipTypeName profitTypeName regulationDate stateRegnum"
)


def _general(found: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "companyName": found.get("name"), "companyRegnum": _number(found), "createdDate": found.get("registered_on"),
        "description": found.get("activity"), "ownershipTypeName": found.get("form"),
    }  # fmt: skip


def _entity_address(found: Mapping[str, Any]) -> dict[str, Any]:
    parts = [part.strip() for part in str(found.get("address") or "").split(",")]
    named = {
        name: {"code": None, "name": part} for name, part in zip(("stateCity", "soumDistrict", "bagKhoroo"), parts, strict=False) if part
    }
    return _shaped(
        "addressStatus addressType apartment bagKhoroo companyRegnum createdDate createdUserName door email fax mobileNumber phoneNumber postBox region "
        "soumDistrict stateCity street town",
        companyRegnum=_number(found), **named,
    )  # fmt: skip


def legal_entity(read: Read) -> dict[str, Any]:
    """WS100307."""
    found = read["entity"]
    director = _shaped(
        "companyRegnum createdDate createdUserName firstname lastname positionName stateRegnum status", companyRegnum=_number(found),
        firstname=found.get("director"), positionName="гүйцэтгэх захирал",
    )  # fmt: skip
    return _shaped(
        "address branch capital changeFond changeName firstName founder general generalR induty lastName liquidation regnum shareHolders stakeHolders surname",
        address=[_entity_address(found)], general=_shaped(_GENERAL, **_general(found)), stakeHolders=[director] if found.get("director") else [],
    )  # fmt: skip


def legal_entity_open(read: Read) -> dict[str, Any]:
    """WS100316: what anybody may know."""
    found = read["entity"]
    return _shaped(
        "address founder general generalR induty", address=[_entity_address(found)], general=_shaped(_GENERAL, **_general(found))
    )


def legal_entity_general(read: Read) -> dict[str, Any]:
    """WS100324."""
    return _shaped(
        "companyFounderCount companyName companyRegnum contractDate createdDate createdUserName decisionDate decisionNumber departmentName description "
        "descriptionCode founderDecisionName founderDecisionNumber founderDocumentName ownershipTypeCode ownershipTypeName profitTypeName regulationDate stateRegnum",
        **_general(read["entity"]),
    )  # fmt: skip


def represented(read: Read) -> dict[str, Any]:
    """WS100313."""
    return {"listData": [{"lesNumber": _number(one), "name": one.get("name")} for one in _listed(read["represented"], "entities")]}


def directs(read: Read) -> dict[str, Any]:
    """WS100315: whether the person directs the legal entity that the request names."""
    number = read["request"].get("legalEntityNumber")
    return {"validDirector": any(_same(number, _number(one)) for one in read["represented"].get("entities") or ())}
