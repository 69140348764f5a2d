"""Verdicts of a conversion in words, English and Chinese."""

import errno
from typing import Any

import ifcopenshell

from bim.assemble import Row
from bim.batches import BatchResults
from bim.errors import BimError
from bim.results import ModelResult, Verdict

# What reading a file throws whose values are of another kind, or fewer, than its schema says.
MISREAD = (
    AssertionError,
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
)
_SHOWN = 50
_NUMBERS_END = 2**63


def failed_verdict(error: BimError) -> Verdict:
    """Verdict of a refused file, with the place of the fault."""
    place = error.place
    # A number that no integer of the verdict's JSON can hold stays text; only a spoilt file has one.
    entity = place.entity if place.entity is None or place.entity < _NUMBERS_END else f"#{place.entity}"
    detail = {"line": place.line, "entity": entity, "member": place.member}
    return Verdict(error.code, "failed", error.message_en, error.message_zh, detail)


def memory_verdict(phase: str) -> Verdict:
    """Verdict of a conversion that ran out of memory in Python."""
    return Verdict(
        "out_of_memory",
        "failed",
        f"The conversion ran out of memory in phase {phase}. Split the model, or ask for a larger limit.",
        f"转换在 {phase} 阶段内存不足。请拆分模型,或申请提高内存上限。",
        {"phase": phase},
    )


def internal_verdict(error: Exception, phase: str) -> Verdict:
    """Verdict of an exception nobody foresaw; the trace is in the log of the attempt."""
    name = type(error).__name__
    if "alloc" in str(error):
        return memory_verdict(phase)
    if isinstance(error, OSError) and error.errno in (errno.EFBIG, errno.ENOSPC):
        return _disk_verdict(phase)
    if isinstance(error, MISREAD):
        return _schema_verdict(error, phase)
    return Verdict(
        "failed",
        "failed",
        f"The model could not be converted; phase {phase} stopped with {name}: {str(error)[:300]}. "
        "Export the model again; if it happens again, send the file to the administrator.",
        f"模型无法转换:{phase} 阶段因 {name} 中止({str(error)[:300]})。请重新导出;若仍失败,请将文件交管理员。",
        {"phase": phase, "error": name},
    )


def _schema_verdict(error: Exception, phase: str) -> Verdict:
    reason = str(error)[:300]
    entity = _find_entity(error)
    at, at_zh = (f" at or below {entity}", f"，位于 {entity} 或其引用处") if entity else ("", "")
    return Verdict(
        "parse_error",
        "failed",
        f"The model breaks its schema: a value has the wrong type{at} ({reason}; phase {phase}). "
        "Export the model again.",
        f"模型不符合其模式:某个值的类型错误{at_zh}({reason};{phase} 阶段)。请重新导出模型。",
        {"phase": phase, "error": type(error).__name__, "entity": entity},
    )


def _find_entity(error: Exception) -> str | None:
    """Find the instance that was being read when the error came: that of the innermost call which held one."""
    found = None
    trace = error.__traceback__
    while trace is not None:
        for value in trace.tb_frame.f_locals.values():
            if isinstance(value, ifcopenshell.entity_instance) and value.id():
                found = f"#{value.id()} {value.is_a()}"
        trace = trace.tb_next
    return found


def _disk_verdict(phase: str) -> Verdict:
    return Verdict(
        "too_big",
        "failed",
        f"The results exceed the allowed size or the disk is full (phase {phase}). Split the model, or make room.",
        f"结果超过允许大小或磁盘已满({phase} 阶段)。请拆分模型或清理磁盘。",
        {"phase": phase},
    )


def finished_verdict(model: ModelResult, rows: list[Row], drawn: BatchResults) -> Verdict:
    """Verdict of a model taken in: all well, some elements without shape, or without a place on the map."""
    counts = dict(model.counts_by_class)
    total = len(rows)
    detail: dict[str, Any] = {
        "elements": total,
        "with_geometry": len(drawn.records),
        "schema": model.schema,
        "opened_as": model.opened_as,
        "placed": model.georeference.placed,
        "warnings": [*model.warnings, *model.georeference.warnings],
    }
    if drawn.errors:
        return _partial(detail, counts, rows, drawn)
    if not model.georeference.placed and drawn.records:
        return Verdict(
            "no_position",
            "succeeded",
            f"The model with {total} elements is stored but not on the map: {_last(model)}",
            f"模型已入库({total} 个构件),但未能定位到地图上,请人工定位。",
            detail,
            counts,
        )
    return Verdict(
        "ok", "succeeded", f"{total} elements taken in.", f"已入库 {total} 个构件。", detail, counts
    )


def _partial(detail: dict[str, Any], counts: dict[str, int], rows: list[Row], drawn: BatchResults) -> Verdict:
    guilty = [row.step_id for row in rows if row.step_id in drawn.errors]
    detail["without_geometry"] = [{"entity": number, **drawn.errors[number]} for number in guilty[:_SHOWN]]
    shown = ", ".join(f"#{number}" for number in guilty[:10])
    return Verdict(
        "partial",
        "succeeded",
        f"{len(rows)} elements taken in, {len(guilty)} of them without a shape: {shown}. "
        "Check these objects in the authoring tool.",
        f"已入库 {len(rows)} 个构件,其中 {len(guilty)} 个无法生成几何:{shown}。请在建模软件中检查这些对象。",
        detail,
        counts,
    )


def _last(model: ModelResult) -> str:
    warnings = model.georeference.warnings
    return (warnings[-1] if warnings else "place the model by hand") + "."
