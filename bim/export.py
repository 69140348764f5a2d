"""The export process: writes progress, task links and georeference into a copy of a model file.

GlobalIds and instances of the file stay as they are; what an earlier export wrote is replaced.
"""

import traceback
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from bim import progress_set as names
from bim.convert import own_standard_output
from bim.errors import BimError
from bim.export_additions import Additions
from bim.export_georeference import write_georeference
from bim.export_order import (
    RESULT_FILE,
    ElementNote,
    ExportOrder,
    check_exportable,
    iter_notes,
    read_order,
)
from bim.export_sets import remove_sets
from bim.export_tasks import write_tasks
from bim.model import GLOBAL_ID, Instance, Model, open_model
from bim.prepare import prepare
from bim.process import apply_limits, split_off_guard
from bim.progress import ProgressTeller
from bim.results import Verdict, write_verdict
from bim.sniff import sniff
from bim.verdicts import failed_verdict, internal_verdict, memory_verdict

_DAYS: Final = (
    (names.ACTUAL_START, "actual_start"),
    (names.ACTUAL_FINISH, "actual_finish"),
    (names.PLANNED_START, "planned_start"),
    (names.PLANNED_FINISH, "planned_finish"),
)


def export_model(order: ExportOrder, notes: Iterable[ElementNote], progress: ProgressTeller) -> Verdict:
    """Write the file of an order.

    Raises
    ------
    BimError
        The file cannot be read, is of a schema that is read under another name, or its place cannot be written.
    """
    progress.enter("preflight")
    prepared = prepare(order.source, order.spool, order.limits.file)
    check_exportable(prepared.report.header.schema)
    progress.enter("open")
    model = open_model(prepared.path)
    additions = Additions(model, order.salt)
    progress.enter("write")
    replaced = remove_sets(model, (names.SET_NAME.lower(),))
    written, missing = write_progress(model, additions, notes, order.as_of)
    tasks = write_tasks(model, additions, order)
    warnings = [] if order.place is None else write_georeference(model, additions, order.place)
    target = order.spool / RESULT_FILE
    model.file.write(str(target))
    sniff(target)
    progress.enter("done")
    detail: dict[str, Any] = {
        "elements": written,
        "not_in_file": missing[:50],
        "tasks": tasks,
        "replaced_sets": replaced,
        "georeference": order.place is not None,
        "warnings": warnings,
        "size_bytes": target.stat().st_size,
    }
    return Verdict(
        "ok",
        "succeeded",
        f"Progress of {written} elements written.",
        f"已写入 {written} 个构件的进度。",
        detail,
    )


def write_progress(
    model: Model, additions: Additions, notes: Iterable[ElementNote], as_of: str
) -> tuple[int, list[str]]:
    """Write one property set for every state, shared by the elements that are in it; return how many, and who is missing."""
    groups: dict[tuple[Any, ...], list[Instance]] = defaultdict(list)
    missing: list[str] = []
    for note in notes:
        element = find_element(model, note.step_id, note.global_id)
        if element is None:
            missing.append(note.global_id)
        else:
            groups[_state(note)].append(element)
    for state, elements in groups.items():
        additions.define(names.SET_NAME, _properties(additions, state, as_of), elements)
    return sum(len(each) for each in groups.values()), missing


def find_element(model: Model, step_id: int, global_id: str) -> Instance | None:
    """Find an element by its instance number, if it carries the GlobalId it is known by."""
    try:
        element = model.file.by_id(step_id)
    except RuntimeError:
        return None
    own = str(element.get_argument(GLOBAL_ID) or f"#{step_id}")
    return element if element.is_a("IfcProduct") and own == global_id.partition("#")[0] else None


def _state(note: ElementNote) -> tuple[Any, ...]:
    days = tuple(getattr(note, attribute) for _, attribute in _DAYS)
    return note.status, note.percent, days, note.milestone, note.step


def _properties(additions: Additions, state: tuple[Any, ...], as_of: str) -> dict[str, Any]:
    status, percent, days, milestone, step = state
    values = {
        names.STATUS: additions.label(status),
        names.PERCENT: additions.real(percent),
        names.AS_OF: additions.day(as_of),
    }
    values |= {name: additions.day(day) for (name, _), day in zip(_DAYS, days, strict=True) if day}
    values |= {names.MILESTONE: additions.label(milestone)} if milestone else {}
    return values | ({names.STEP: additions.label(step)} if step else {})


def main(arguments: list[str]) -> int:
    """Export the file ordered in a spool folder; the exit code is 0 whenever a verdict was written."""
    spool = Path(arguments[0])
    progress = ProgressTeller(own_standard_output(spool))
    split_off_guard(lifeline=0)
    write_verdict(spool, _export(spool, progress))
    return 0


def _export(spool: Path, progress: ProgressTeller) -> Verdict:
    try:
        order = read_order(spool)
        apply_limits(order.limits.process)
        return export_model(order, iter_notes(spool), progress)
    except BimError as error:
        return failed_verdict(error)
    except MemoryError:
        return memory_verdict(progress.phase)
    except Exception as error:  # noqa: BLE001  whatever the library throws, the caller gets a verdict
        traceback.print_exc()
        return internal_verdict(error, progress.phase)
