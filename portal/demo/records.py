"""The demo portal's own data: YAML that people can write, turned into the national portal's wire format."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

import yaml
from pydantic import BaseModel, ValidationError

from portal.codes import parse_application_code
from portal.demo.schema import ApplicationData, CaseData, MethodData, ProcedureData
from portal.errors import DataErrors

_Model = TypeVar("_Model", bound=BaseModel)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CURRENCY = {"VND": "Việt Nam Đồng", "USD": "USD"}


def load_procedures(directory: Path) -> list[dict[str, Any]]:
    """The procedures of directory/procedures/*.yml (or directory/*.yml) in the wire format.

    Raises DataErrors with every mistake in every file as `path: reason`.
    """
    found, errors = read_procedures(directory)
    if errors:
        raise DataErrors(errors)
    return [wire(procedure) for procedure in found]


def load_applications(directory: Path, procedures: dict[str, str]) -> list[ApplicationData]:
    """The applications of directory/applications.yml; procedures maps known codes to names.

    Raises DataErrors with every mistake as `path: reason`.
    """
    path = directory / "applications.yml"
    errors: list[str] = []
    found = [item for _, item in _read(path, ApplicationData, errors)] if path.is_file() else []
    seen: set[str] = set()
    for item in found:
        where = f"{path.name}: {item.code}"
        if parse_application_code(item.code) != item.code:
            errors.append(f"{where}: not a well-formed application code")
        if item.code in seen:
            errors.append(f"{where}: twice")
        if item.procedure not in procedures:
            errors.append(f"{where}: no procedure {item.procedure}")
        seen.add(item.code)
    if errors:
        raise DataErrors(errors)
    return found


def read_procedures(directory: Path) -> tuple[list[ProcedureData], list[str]]:
    """The procedures that can be read, and the mistakes of the others as `path: reason`."""
    inner = directory / "procedures"
    errors: list[str] = []
    found: list[ProcedureData] = []
    places: dict[str, str] = {}
    files = sorted((inner if inner.is_dir() else directory).glob("*.yml"))
    if not files:
        errors.append(f"{directory}: no procedures/*.yml")
    for path in files:
        for where, item in _read(path, ProcedureData, errors):
            for value in (item.code, item.id):
                if value in places:
                    errors.append(f"{where}: {value} is also in {places[value]}")
                places[value] = where
            found.append(item)
    return found, errors


def wire(item: ProcedureData) -> dict[str, Any]:
    """The procedure as the national portal would send it (the `data` member), plus nameEn."""
    own = "tỉnh " in item.issuer or "hành phố " in item.issuer
    category = {"id": _id("field", item.field), "name": item.field, "code": ""}
    return {
        "id": item.id,
        "code": item.code,
        "codeNotation": item.code,
        "name": item.name,
        "nameEn": item.name_en,
        "state": "ACTIVE",
        "type": "SPECIFIC" if own else "STANDARD",
        "isMinistry": "ministry" in item.levels,
        "isProvince": "province" in item.levels,
        "isWard": "commune" in item.levels,
        "isFullProcess": item.online == "full",
        "isOfflineOnly": item.online == "none",
        "executionSteps": [{"name": "", "description": step} for step in item.steps],
        "executionMethods": [_method(method) for method in item.methods],
        "executionCases": [_case(case, item.id) for case in item.cases],
        "cases": [],
        "fees": [],
        "decisionNo": "",
        "description": "\n".join(item.requirements),
        "requirementsAndConditions": "\n".join(item.requirements),
        "categoryIds": [category["id"]],
        "categoriesDetails": [category],
        "category": category,
        "subjectTypesDetails": _named(item.subjects),
        "resultsDetails": _named(item.results),
        "legalBasisesDetails": [
            {"id": _id(basis.code), "name": basis.name, "code": basis.code} for basis in item.legal_basis
        ],
        "unitGroupsExecuting": [],
        "departmentsExecuting": _named(item.agencies),
        "executingAgencies": ", ".join(item.agencies),
        "departmentPromulgateId": _id("issuer", item.issuer),
        "departmentPromulgateName": item.issuer,
        "dossierReceivingAddresses": item.receiving_address,
        "procedureProposal": {"proposalNumber": item.decision or None, "decisionDate": None},
        "updatedAt": None,
    }


def _method(method: MethodData) -> dict[str, Any]:
    time = method.time
    stated: float | str = 0
    notes = [method.note]
    if time is not None and time.value > 0 and time.unit != "OTHER":
        stated = int(time.value) if time.value.is_integer() else time.value
        notes.append(time.note)
    elif time is not None:
        # As the real portal does it: a text where there is no number.
        stated = time.note or 0
    return {
        "submissionMethod": method.channel,
        "processingTime": stated,
        "processingTimeUnit": "OTHER" if time is None or isinstance(stated, str) or not stated else time.unit,
        "description": "\n".join(note for note in notes if note),
        "fees": [
            {
                "type": fee.type,
                "value": fee.amount,
                "currencyId": _id(fee.currency),
                "currencyName": _CURRENCY[fee.currency],
                "attachment": None,
                "description": fee.note,
            }
            for fee in method.fees
        ],
    }


def _case(case: CaseData, procedure_id: str) -> dict[str, Any]:
    components = []
    for document in case.documents:
        attachments = []
        if document.form:
            identity = _id(procedure_id, document.form)
            path = f"configuring/{identity}/{document.form}"
            attachments = [
                {"id": identity, "fileName": document.form, "bucketName": "demo", "filePath": path}
            ]
        components.append(
            {
                "profileComponentId": _id(procedure_id, case.name, document.name),
                "name": document.name,
                "code": "",
                "originalQty": document.originals,
                "copyQty": document.copies,
                "required": False,
                "hasElectronicForm": bool(document.form),
                "isProcessingResult": False,
                "attachments": attachments,
            }
        )
    return {"name": case.name, "profileComponents": components}


def _named(names: list[str]) -> list[dict[str, str]]:
    return [{"id": _id(name), "name": name, "code": ""} for name in names]


def _id(*parts: str) -> str:
    return str(uuid5(NAMESPACE_URL, "demo:" + "\n".join(parts)))


def _read(path: Path, model: type[_Model], errors: list[str]) -> list[tuple[str, _Model]]:
    """The entries of a YAML list, each with its place; what is wrong goes to errors."""
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        errors.append(f"{path.name}: not YAML: {' '.join(str(error).split())}")
        return []
    if not isinstance(entries, list):
        errors.append(f"{path.name}: not a list")
        return []
    found = []
    for place, entry in enumerate(entries, start=1):
        name = entry.get("code") if isinstance(entry, dict) else None
        where = f"{path.name}: {name or f'entry {place}'}"
        try:
            found.append((where, model.model_validate(entry)))
        except ValidationError as error:
            for item in error.errors():
                errors.append(f"{where}: {'.'.join(map(str, item['loc']))}: {item['msg']}")
    return found
