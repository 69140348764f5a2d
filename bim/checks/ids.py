"""Check a model against an IDS 信息交付规范: result per specification and per element."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ifctester import reporter
from ifctester.ids import Ids, Specification

from bim.checks.values import Group, GroupStatus, ResultRow
from bim.model import Model
from bim.progress import ProgressTeller

_REASONS = 20
_NO_NET = b'<link href="https://fonts.googleapis.com'


def check_ids(model: Model, ids: Ids, progress: ProgressTeller) -> list[Group]:
    """Apply every specification; `iter_rows` then yields the elements.

    A specification for other IFC versions than the model's is skipped.
    """
    progress.enter("ids", len(ids.specifications))
    groups = []
    for number, specification in enumerate(ids.specifications, 1):
        specification.reset_status()
        specification.check_ifc_version(model.file)
        specification.validate(model.file, should_filter_version=True)
        groups.append(_group(number, specification))
        progress.advance(1)
    return groups


def iter_rows(ids: Ids) -> Iterator[ResultRow]:
    """Yield a row per specification and applicable element, failures first."""
    for number, specification in enumerate(ids.specifications, 1):
        reasons = _reasons(specification)
        prohibited = specification.maxOccurs == 0
        rows = [_row(number, each, reasons, prohibited) for each in specification.applicable_entities]
        yield from sorted(rows, key=lambda row: row.passed)


def write_reports(ids: Ids, spool: Path) -> dict[str, str]:
    """Write the library's own reports, as web page and as spreadsheet; return format → file name."""
    page = reporter.Html(ids)
    page.report()
    text = page.to_string().encode("utf-8")
    (spool / "report.html").write_bytes(_without_web_fonts(text))
    sheet = reporter.Ods(ids, excel_safe=True)
    sheet.report()
    sheet.to_file(os.fspath(spool / "report.ods"))
    return {"html": "report.html", "ods": "report.ods"}


def _group(number: int, specification: Specification) -> Group:
    applicable = len(specification.applicable_entities)
    failed = applicable if specification.maxOccurs == 0 else len(specification.failed_entities)
    return Group(
        number=number,
        key=f"ids:{specification.identifier or specification.name}",
        title=specification.name,
        status=_status(specification),
        applicable=applicable,
        passed=applicable - failed,
        failed=failed,
        description=specification.description or None,
        instructions=specification.instructions or None,
        requirements=[_requirement(specification, each) for each in specification.requirements],
    )


def _status(specification: Specification) -> GroupStatus:
    if specification.status is None:
        return "skipped"
    if specification.status and not specification.applicable_entities and specification.minOccurs == 0:
        return "skipped" if specification.maxOccurs != 0 else "pass"
    return "pass" if specification.status else "fail"


def _requirement(specification: Specification, facet: Any) -> dict[str, Any]:
    failed = len(facet.failures)
    return {
        "text": facet.to_string("requirement", specification, facet),
        "instructions": getattr(facet, "instructions", None),
        "passed": len(specification.applicable_entities) - failed,
        "failed": failed,
    }


def _reasons(specification: Specification) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for facet in specification.requirements:
        for failure in facet.failures:
            reasons = found.setdefault(failure["element"].id(), [])
            if len(reasons) < _REASONS:
                told = facet.to_string("requirement", specification, facet)
                reasons.append(f"{told}: {failure['reason']}"[:400])
    return found


def _row(number: int, element: Any, reasons: dict[int, list[str]], prohibited: bool) -> ResultRow:
    why = ["The specification prohibits such an element. 规范不允许此类构件。"] if prohibited else []
    why += reasons.get(element.id(), [])
    rooted = element.is_a("IfcRoot")
    name = getattr(element, "Name", None)
    return ResultRow(
        number,
        passed=not why,
        message="; ".join(why)[:1000],
        global_id=str(element.GlobalId) if rooted else None,
        step_id=element.id(),
        ifc_class=element.is_a(),
        name=None if name is None else str(name)[:200],
        detail={"reasons": why} if why else {},
    )


def _without_web_fonts(page: bytes) -> bytes:
    """Take the link to web fonts out: our pages ask nothing of other machines."""
    start = page.find(_NO_NET)
    if start < 0:
        return page
    end = page.index(b">", start) + 1
    return page[:start] + page[end:]
