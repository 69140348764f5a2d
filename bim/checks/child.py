"""The process of a check: ``python -m bim.checks.child SPOOL`` runs the one check ordered in the spool.

It ends when its standard input closes, tells progress on standard output and leaves ``summary.json``,
``rows.jsonl`` and ``verdict.json`` in the spool. It opens no connection: what a file refers to is never fetched.
"""

import os
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np

from bim.bcf.read import read_archive
from bim.bcf.stored import write_read
from bim.checks.clash import PAIR_CAP, find_clashes, make_sides, rows_and_groups
from bim.checks.georeference_rules import check_georeference
from bim.checks.ids import check_ids, iter_rows, write_reports
from bim.checks.ids_text import read_ids
from bim.checks.relative import compute_relative, inverse
from bim.checks.runner import explain_end
from bim.checks.schema_rules import check_schema
from bim.checks.values import CheckOrder, Group, RowSink, Summary, judge, read_order, write_summary
from bim.errors import BimError, JobError
from bim.model import Model, open_model
from bim.prepare import prepare
from bim.process import apply_limits, split_off_guard
from bim.progress import ProgressTeller
from bim.results import LOG_FILE, Progress, Verdict, write_verdict
from bim.verdicts import failed_verdict

_HTML_ELEMENTS = 50_000  # above this the library's reports cost more than the check


def main(arguments: list[str]) -> int:
    """Run the check ordered in a spool; the exit code is 0 whenever a verdict was written."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m bim.checks.child SPOOL\n")
        return 2
    spool = Path(arguments[0])
    progress = ProgressTeller(_own_standard_output(spool))
    split_off_guard(lifeline=0)
    _cut_off()
    write_verdict(spool, _run(spool, progress))
    return 0


def _run(spool: Path, progress: ProgressTeller) -> Verdict:
    try:
        order = read_order(spool)
        apply_limits(order.limits.process)
        return _CHECKS[order.kind](order, progress)
    except BimError as error:
        return failed_verdict(error)
    except MemoryError:
        return explain_end(None, Progress(progress.phase, 0, 1), "MemoryError")
    except Exception as error:  # noqa: BLE001  whatever the library throws, the asker gets a verdict
        traceback.print_exc()
        return _unforeseen(error, progress.phase)


def _unforeseen(error: Exception, phase: str) -> Verdict:
    if "alloc" in str(error):
        return explain_end(None, Progress(phase, 0, 1), "MemoryError")
    reason = f"{type(error).__name__}: {str(error)[:300]}"
    return Verdict(
        "failed",
        "failed",
        f"The check stopped in phase {phase} ({reason}). Export the model again; if it happens again, send the file to "
        "the administrator.",
        f"检查在 {phase} 阶段中止（{reason}）。请重新导出模型；若仍失败，请将文件交管理员。",
        {"phase": phase, "error": type(error).__name__},
    )


def _schema(order: CheckOrder, progress: ProgressTeller) -> Verdict:
    model, notes = _open(order, order.source, "model", progress)
    progress.enter("schema")
    express = bool(order.options.get("express_rules", False))
    groups, rows, truncated = check_schema(model, 1, express_rules=express)
    place = order.context.get("georeference")
    more_groups, more_rows = check_georeference(model, len(groups) + 1, place)
    sink = RowSink(order.spool, order.row_cap)
    for row in [*rows, *more_rows]:
        sink.add(row)
    sink.close()
    title = "Schema and georeference rules 模式与地理参考规则"
    cut = truncated or sink.truncated
    return _finish(order, title, [*groups, *more_groups], truncated=cut, notes=notes)


def _ids(order: CheckOrder, progress: ProgressTeller) -> Verdict:
    if order.ids is None:
        raise _incomplete("ids")
    ids = read_ids(order.ids)
    model, notes = _open(order, order.source, "model", progress)
    groups = check_ids(model, ids, progress)
    sink = RowSink(order.spool, order.row_cap)
    for row in iter_rows(ids):
        sink.add(row)
    sink.close()
    progress.enter("report")
    reports = {}
    if sum(group.applicable for group in groups) <= _HTML_ELEMENTS:
        reports = write_reports(ids, order.spool)
    else:
        notes.append(
            "Too many elements for the page and the spreadsheet; use CSV. 构件过多，未生成网页与表格，请用 CSV。"
        )
    title = str(ids.info.get("title") or "IDS")
    return _finish(order, title, groups, truncated=sink.truncated, notes=notes, reports=reports)


def _clash(order: CheckOrder, progress: ProgressTeller) -> Verdict:
    relative = compute_relative(order.context.get("georeference"), order.context.get("other_georeference"))
    first, notes = _open(order, order.source, "model", progress)
    second, more = (None, []) if order.other is None else _open(order, order.other, "other", progress)
    to_first = np.eye(4) if second is None else relative.matrix
    skipped = (
        set(order.context.get("without_shape") or ()),
        set(order.context.get("other_without_shape") or ()),
    )
    sides = make_sides(first, second, order.options, skipped, to_first)
    pairs = find_clashes(sides, order.options, progress)
    cap = min(int(order.options.get("limit") or PAIR_CAP), order.row_cap)
    groups, rows, truncated = rows_and_groups(pairs, cap, inverse(to_first))
    sink = RowSink(order.spool, order.row_cap)
    for row in rows:
        sink.add(row)
    sink.close()
    notes = [*notes, *more, *([relative.note] if second is not None else [])]
    left_out = len(skipped[0]) + len(skipped[1])
    if left_out:
        notes.append(f"{left_out} elements without a shape were left out. 未检查 {left_out} 个无几何构件。")
    counts = {"elements_a": len(sides[0].elements), "elements_b": len(sides[1].elements), "pairs": len(pairs)}
    title = f"Clash check 碰撞检查: {order.options.get('mode', 'intersection')}"
    return _finish(order, title, groups, truncated=truncated, notes=notes, counts=counts)


def _read_ids(order: CheckOrder, progress: ProgressTeller) -> Verdict:
    if order.source is None:
        raise _incomplete("source")
    progress.enter("ids")
    ids = read_ids(order.source)
    groups = [
        Group(n, f"ids:{each.name}", each.name, "skipped") for n, each in enumerate(ids.specifications, 1)
    ]
    return _finish(order, str(ids.info.get("title") or "IDS"), groups)


def _read_bcf(order: CheckOrder, progress: ProgressTeller) -> Verdict:
    if order.source is None:
        raise _incomplete("source")
    progress.enter("bcf")
    archive = read_archive(order.source, order.spool)
    write_read(order.spool, archive)
    counts = {"topics": len(archive.topics)}
    return Verdict(
        "ok",
        "succeeded",
        f"{len(archive.topics)} topics read.",
        f"已读取 {len(archive.topics)} 个问题。",
        {},
        counts,
    )


def _finish(
    order: CheckOrder,
    title: str,
    groups: list[Group],
    *,
    truncated: bool = False,
    notes: list[str] | None = None,
    reports: dict[str, str] | None = None,
    counts: dict[str, int] | None = None,
) -> Verdict:
    status = [group.status for group in groups]
    full = {
        "groups": len(groups),
        "groups_passed": status.count("pass"),
        "groups_failed": status.count("fail"),
        "groups_warned": status.count("warning"),
        "groups_skipped": status.count("skipped"),
        "passed": sum(group.passed for group in groups),
        "failed": sum(group.failed for group in groups),
        **(counts or {}),
    }
    summary = Summary(title, judge(groups), groups, full, truncated, notes or [], reports or {})
    write_summary(order.spool, summary)
    outcome = {
        "pass": ("passed", "通过"),
        "warning": ("passed with warnings", "通过，有警告"),
        "fail": ("failed", "未通过"),
    }
    words = outcome[summary.outcome]
    failed = full["failed"]
    return Verdict(
        summary.outcome,
        "succeeded",
        f"{title}: {words[0]}; {full['groups_failed']} of {len(groups)} groups with {failed} findings.",
        f"{title}：{words[1]}；{len(groups)} 组中 {full['groups_failed']} 组未通过，共 {failed} 处。",
        {"truncated": truncated, "notes": notes or []},
        full,
    )


def _open(
    order: CheckOrder, source: Path | None, folder: str, progress: ProgressTeller
) -> tuple[Model, list[str]]:
    """Open a model, and tell what had to be changed to read it, such as the name of its schema."""
    if source is None:
        raise _incomplete(folder)
    progress.enter("preflight")
    own = order.spool / folder
    own.mkdir(exist_ok=True)
    prepared = prepare(source, own, order.limits.file)
    progress.enter("open")
    return open_model(prepared.path), list(prepared.warnings)


def _incomplete(what: str) -> JobError:
    return JobError(
        f"The order of the check names no {what}. Start the check again.",
        f"检查任务未给出 {what}，请重新发起检查。",
    )


def _cut_off() -> None:
    """Let nothing here open a connection, whatever a schema location or an image names."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError("a check opens no connection")

    socket.socket.connect = refuse  # type: ignore[method-assign]
    socket.getaddrinfo = refuse


def _own_standard_output(spool: Path) -> int:
    """Keep standard output for progress; what the libraries print goes to the log file."""
    own = os.dup(1)
    log = os.open(spool / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    return own


_CHECKS: dict[str, Callable[[CheckOrder, ProgressTeller], Verdict]] = {
    "schema": _schema,
    "ids": _ids,
    "clash": _clash,
    "read_ids": _read_ids,
    "read_bcf": _read_bcf,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
