"""A work schedule as plain values, whichever program wrote it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

Relation = str  # FS, SS, FF, SF


@dataclass(frozen=True)
class Predecessor:
    """A task that another waits for; the lag is working hours."""

    uid: str
    relation: Relation
    lag_h: float = 0.0


@dataclass(frozen=True)
class ElementMatch:
    """Which elements a row of a table means; empty members match all, ``*`` stands for any letters."""

    global_id: str | None = None
    tag: str | None = None
    ifc_class: str | None = None
    storey: str | None = None
    type_name: str | None = None
    name: str | None = None
    classification: str | None = None


@dataclass(frozen=True)
class PlannedTask:
    """One task.

    Attributes
    ----------
    where : str
        Its place in the file, such as ``line 40``, ``Task UID 12`` or ``row 7``.
    uid : str
        What the file knows it by; stays when codes are renumbered.
    code, name : str
        WBS or activity number, and title.
    parent : str or None
        ``uid`` of the summary task it lies under.
    summary : bool
        It only gathers others.
    start, finish : date or None
        Planned; ``dates_from`` names the fields they come from.
    percent : Decimal or None
        0–100, as the file reports it; ``percent_source`` says by which measure. A proposal, never a fact.
    duration_h, labour_h : float or None
        Planned working time and planned labour, hours.
    value_yuan : Decimal or None
        Contract value 合同额; ``unit_values`` splits it by unit of measure 清单金额.
    matches : tuple of ElementMatch
        The elements it builds, where the file tells.
    """

    where: str
    uid: str
    code: str
    name: str
    parent: str | None = None
    summary: bool = False
    critical: bool = False
    start: date | None = None
    finish: date | None = None
    dates_from: str | None = None
    actual_start: date | None = None
    actual_finish: date | None = None
    percent: Decimal | None = None
    percent_source: str | None = None
    duration_h: float | None = None
    labour_h: float | None = None
    value_yuan: Decimal | None = None
    unit_values: Mapping[str, Decimal] = field(default_factory=dict)
    predecessors: tuple[Predecessor, ...] = ()
    matches: tuple[ElementMatch, ...] = ()


@dataclass(frozen=True)
class Fault:
    """What is wrong at one place of a file, in English and Chinese."""

    where: str
    en: str
    zh: str


@dataclass(frozen=True)
class WorkPlan:
    """A schedule that was read.

    Attributes
    ----------
    format : str
        ``mspdi``, ``xer``, ``table`` or ``ifc``.
    title : str or None
        Name of the plan in the file.
    encoding, encoding_evidence : str or None
        How the text was read, and why.
    tasks : tuple of PlannedTask
        In the order of the file.
    notes : tuple of str
        What was left out or assumed.
    faults : tuple of Fault
        Rows that cannot be taken over; with any of them nothing is imported.
    """

    format: str
    title: str | None
    tasks: tuple[PlannedTask, ...]
    encoding: str | None = None
    encoding_evidence: str | None = None
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def leaves(self) -> tuple[PlannedTask, ...]:
        """The tasks that stand for work."""
        return tuple(task for task in self.tasks if not task.summary)


def finished_plan(plan: WorkPlan) -> WorkPlan:
    """Check what holds for every schedule: codes are there and differ, dates run forward, parents exist.

    A task that others lie under is a summary, whatever the file says.
    """
    parents = {task.parent for task in plan.tasks if task.parent is not None}
    tasks = tuple(replace(task, summary=task.summary or task.uid in parents) for task in plan.tasks)
    faults = [*plan.faults, *_code_faults(tasks), *_date_faults(tasks), *_parent_faults(tasks)]
    if not tasks:
        faults.append(Fault("file", "The file holds no task.", "文件中没有任务。"))
    return replace(plan, tasks=tasks, faults=tuple(faults))


def _code_faults(tasks: Iterable[PlannedTask]) -> list[Fault]:
    found: list[Fault] = []
    first: dict[str, str] = {}
    counts = Counter(task.code for task in tasks)
    for task in tasks:
        if not task.code:
            found.append(Fault(task.where, "The task has no code.", "任务没有编码。"))
        elif counts[task.code] > 1 and first.setdefault(task.code, task.where) != task.where:
            found.append(
                Fault(
                    task.where,
                    f"Code {task.code} stands at {first[task.code]} already; codes must differ.",
                    f"编码 {task.code} 与 {first[task.code]} 重复；任务编码必须唯一。",
                )
            )
    return found


def _date_faults(tasks: Iterable[PlannedTask]) -> list[Fault]:
    pairs = (
        ("planned", "计划", "start", "finish"),
        ("actual", "实际", "actual_start", "actual_finish"),
    )
    found: list[Fault] = []
    for task in tasks:
        for en, zh, first, last in pairs:
            start, finish = getattr(task, first), getattr(task, last)
            if start and finish and finish < start:
                found.append(
                    Fault(
                        task.where,
                        f"Task {task.code}: the {en} finish {finish} lies before the start {start}.",
                        f"任务 {task.code}：{zh}完成日期 {finish} 早于开始日期 {start}。",
                    )
                )
    return found


def _parent_faults(tasks: tuple[PlannedTask, ...]) -> list[Fault]:
    parent_of = {task.uid: task.parent for task in tasks}
    found: list[Fault] = []
    for task in tasks:
        met = {task.uid}
        above = task.parent
        while above is not None and above in parent_of and above not in met:
            met.add(above)
            above = parent_of[above]
        if above is None:
            continue
        reason = (
            ("lies below itself", "构成循环") if above in met else ("has an unknown parent", "的上级不存在")
        )
        found.append(
            Fault(
                task.where,
                f"Task {task.code} {reason[0]} ({above}).",
                f"任务 {task.code} {reason[1]}（{above}）。",
            )
        )
    return found
