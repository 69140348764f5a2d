"""Microsoft Project XML (MSPDI): tasks, dates, percents, links.

Source: MicrosoftDocs, office-developer-msproject-xml-docs.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bim.errors import Place, ScheduleError
from bim.schedules.plan import Fault, PlannedTask, Predecessor, WorkPlan, finished_plan
from bim.schedules.values import day_of, hours_of, percent_of

_RELATIONS: Final = {"0": "FF", "1": "FS", "2": "SF", "3": "SS"}
_DECLARED: Final = re.compile(rb"""(\s*<\?xml[^>]*?encoding\s*=\s*["'])([A-Za-z0-9_.-]+)""")
_LAG_UNITS_PER_HOUR: Final = 600  # tenths of a minute


class _TaskFaultError(ValueError):
    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name} {text[:40]!r}")
        self.name, self.text = name, text[:40]


def read_mspdi(data: bytes) -> WorkPlan:
    """Read a plan that Microsoft Project saved as XML.

    Planned dates are those of baseline 0, else the scheduled ones; PhysicalPercentComplete goes before
    PercentComplete. Task 0, the project itself, and empty rows are left out. The code of a task is its WBS, else its
    outline number; its key is the UID.

    Raises
    ------
    ScheduleError
        It is no well-formed MSPDI, or holds a DTD or entities.
    """
    root = _root(data)
    rows = [each for each in _children(_child(root, "Tasks"), "Task") if _text(each, "IsNull") != "1"]
    rows = [each for each in rows if _text(each, "UID") not in (None, "0")]
    codes = _codes(rows)
    tasks: list[PlannedTask] = []
    faults: list[Fault] = []
    parents: list[str] = []
    for row, code in zip(rows, codes, strict=True):
        uid = _text(row, "UID") or ""
        level = _level(row)
        parents = parents[: level - 1]
        try:
            tasks.append(_task(row, uid, code, parents[-1] if parents else None))
        except _TaskFaultError as error:
            faults.append(_fault(uid, error))
        parents += [parents[-1] if parents else uid] * (level - 1 - len(parents)) + [uid]
    title = _text(root, "Title") or _text(root, "Name")
    return finished_plan(
        WorkPlan("mspdi", title, tuple(tasks), notes=_notes(root, rows), faults=tuple(faults))
    )


def _root(data: bytes) -> Element:
    try:
        root: Element = fromstring(_readable(data), forbid_dtd=True)
    except ParseError as error:
        raise ScheduleError(
            f"The XML is not well-formed: {error}.", f"XML 格式有误：{error}。", Place(line=error.position[0])
        ) from error
    except DefusedXmlException as error:
        raise ScheduleError(
            "The XML holds a DTD or entities, which no schedule needs; save it again from the program.",
            "XML 含有 DTD 或实体定义，进度计划不需要；请用软件重新导出。",
        ) from error
    except (ValueError, LookupError) as error:
        raise ScheduleError(
            f"The encoding the XML declares does not read it ({error}).",
            f"XML 声明的编码无法解读（{error}）。",
        ) from error
    if _local(root) != "Project" or _child(root, "Tasks") is None:
        raise ScheduleError(
            f"The XML is no MSPDI plan: its root is {_local(root)[:40]}. In Microsoft Project, save as XML.",
            f"该 XML 不是 MSPDI 进度计划：根元素为 {_local(root)[:40]}。请在 Project 中另存为 XML。",
        )
    return root


def _readable(data: bytes) -> bytes:
    """Write a Chinese code page anew as UTF-8: the parser knows no encoding of two bytes."""
    declared = _DECLARED.match(data[:200])
    if declared is None or declared[2].lower() not in (b"gb2312", b"gbk", b"gb18030", b"cp936"):
        return data
    return declared[1] + b"UTF-8" + data[declared.end(2) :].decode("gb18030").encode()


def _task(row: Element, uid: str, code: str, parent: str | None) -> PlannedTask:
    baseline = next(
        (each for each in _children(row, "Baseline") if _text(each, "Number") in (None, "0")), None
    )
    frozen = baseline is not None and _text(baseline, "Start") and _text(baseline, "Finish")
    planned = baseline if baseline is not None and frozen else row
    percent, source = _percent(row)
    work = _text(baseline, "Work") if baseline is not None else None
    return PlannedTask(
        where=f"Task UID {uid}",
        uid=uid,
        code=code,
        name=_text(row, "Name") or code,
        parent=parent,
        summary=_text(row, "Summary") == "1",
        critical=_text(row, "Critical") == "1",
        start=_read(planned, "Start"),
        finish=_read(planned, "Finish"),
        dates_from="Baseline 0" if frozen else "Start, Finish",
        actual_start=_read(row, "ActualStart"),
        actual_finish=_read(row, "ActualFinish"),
        percent=percent,
        percent_source=source,
        duration_h=hours_of(_text(row, "Duration")),
        labour_h=hours_of(work) or hours_of(_text(row, "Work")),
        predecessors=tuple(_predecessors(row)),
    )


def _percent(row: Element) -> tuple[Decimal | None, str | None]:
    """Physical percent where the plan keeps it (it is 0 in plans that do not), else percent of duration."""
    both: dict[str, Decimal | None] = {}
    for name in ("PhysicalPercentComplete", "PercentComplete"):
        text = _text(row, name)
        try:
            both[name] = percent_of(text)
        except ValueError as error:
            raise _TaskFaultError(name, text or "") from error
    physical, plain = both["PhysicalPercentComplete"], both["PercentComplete"]
    if physical is not None and (physical > 0 or not plain):
        return physical, "PhysicalPercentComplete"
    return (plain, "PercentComplete") if plain is not None else (None, None)


def _predecessors(row: Element) -> Iterator[Predecessor]:
    for link in _children(row, "PredecessorLink"):
        uid = _text(link, "PredecessorUID")
        lag = _text(link, "LinkLag") or "0"
        if uid:
            lag_h = int(lag) / _LAG_UNITS_PER_HOUR if lag.lstrip("-").isdecimal() else 0.0
            yield Predecessor(uid, _RELATIONS.get(_text(link, "Type") or "1", "FS"), lag_h)


def _codes(rows: list[Element]) -> list[str]:
    """WBS codes; where the file gives none, outline numbers."""
    own = [_text(row, "WBS") for row in rows]
    numbers = [_text(row, "OutlineNumber") for row in rows]
    counts = Counter(own)
    named = all(own) and max(counts.values(), default=1) == 1
    return [
        (code if named else (code or number)) or f"UID-{_text(row, 'UID')}"
        for code, number, row in zip(own, numbers, rows, strict=True)
    ]


def _level(row: Element) -> int:
    level = _text(row, "OutlineLevel") or ""
    if level.isdecimal():
        return max(1, int(level[:4]))
    return (_text(row, "OutlineNumber") or "1").count(".") + 1


def _notes(root: Element, rows: list[Element]) -> tuple[str, ...]:
    left = len(_children(_child(root, "Tasks"), "Task")) - len(rows)
    return (f"{left} rows left out: empty ones and the project itself",) if left else ()


def _read(holder: Element, name: str) -> date | None:
    text = _text(holder, name)
    try:
        return day_of(text)
    except ValueError as error:
        raise _TaskFaultError(name, text or "") from error


def _fault(uid: str, error: _TaskFaultError) -> Fault:
    return Fault(
        f"Task UID {uid}",
        f"{error.name} {error.text!r} cannot be read.",
        f"{error.name} 的值 {error.text!r} 无法识别。",
    )


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(holder: Element | None, name: str) -> list[Element]:
    return [] if holder is None else [each for each in holder if _local(each) == name]


def _child(holder: Element, name: str) -> Element | None:
    return next(iter(_children(holder, name)), None)


def _text(holder: Element, name: str) -> str | None:
    found = _child(holder, name)
    text = (found.text or "").strip() if found is not None else ""
    return text or None
