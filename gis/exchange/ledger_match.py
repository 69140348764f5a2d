"""Which column fills which field: by a person's choice, a template, the header's name, or what its cells look like.

The proposal carries its evidence and how sure it is; nothing is mapped twice.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from gis.exchange.amounts import AREA_M2, MONEY_YUAN, SHARE, find_unit
from gis.exchange.errors import ExchangeError
from gis.exchange.ledger_fields import TARGET_NAMES, TARGETS, find_field
from gis.exchange.ledger_grid import Grid, column_letter, column_number
from gis.exchange.ledger_head import Head, Header, known_fields, table_unit
from gis.exchange.ledger_model import LedgerChoices, LedgerColumn, MappingTemplate
from gis.exchange.ledger_names import Match, find_by_cells, find_by_name, score_target
from gis.exchange.model import Evidence, Finding, Question, refuse

UNITS_OF: Final = {"money": MONEY_YUAN, "area": AREA_M2, "share": SHARE}


def choose_target(
    header: Header, choices: LedgerChoices
) -> tuple[str | None, Evidence | None, Question | None]:
    """Return what the rows are, with the reason, or the question where the header fits several things alike.

    Raises
    ------
    ExchangeError
        A choice that is none.
    """
    wanted = choices.target or (choices.template.target if choices.template else None)
    if wanted is not None:
        if wanted not in TARGETS:
            raise refuse(
                f"{wanted[:40]!r} is none of {', '.join(TARGETS)}.",
                f"{wanted[:40]!r} 不可导入；可选 {'、'.join(TARGETS)}。",
                "target",
            )
        return wanted, None, None
    scores = {target: score_target(header, fields) for target, fields in TARGETS.items()}
    ranked = sorted(scores, key=lambda target: -scores[target])
    count = len(known_fields(header, TARGETS[ranked[0]]))
    if count >= 2 and scores[ranked[0]] > scores[ranked[1]]:
        name, name_zh = TARGET_NAMES[ranked[0]]
        said = Evidence(
            "target", ranked[0], f"{count} headers are those of {name}.", f"有 {count} 个表头属于{name_zh}。"
        )
        return ranked[0], said, None
    asked = Question(
        "target",
        "What are the rows: land parcels, control areas or projects?",
        "各行是土地储备地块、管控区还是项目？",
        list(ranked),
    )
    return None, None, asked


def propose(
    grid: Grid, header: Header, target: str, choices: LedgerChoices, around: list[str]
) -> tuple[list[LedgerColumn], list[Finding], list[Question]]:
    """Return the columns with the fields they are taken for, and which fields several columns claim.

    Parameters
    ----------
    around : list of str
        The lines above and below the table, which may name its units.

    Raises
    ------
    ExchangeError
        A choice that names no column, no field or no unit.
    """
    chosen = _resolve(choices.mapping, header)
    units = _resolve(choices.units, header)
    findings: list[Finding] = []
    matches: dict[int, Match] = {}
    for column, name in chosen.items():
        if name:
            matches[column] = _chosen(target, name, column)
    _check_doubles(matches)
    free = [column for column in header.heads if column not in chosen]
    if choices.template is not None:
        findings.extend(_apply(choices.template, target, header, free, matches))
    questions = _take(matches, _by_names(header, target, free, grid), header)
    template = choices.template
    return (
        [
            _column(column, head, matches.get(column), target, units.get(column), template, around)
            for column, head in sorted(header.heads.items())
        ],
        findings,
        questions,
    )


def _take(matches: dict[int, Match], found: Iterable[tuple[int, Match]], header: Header) -> list[Question]:
    """Add the matches of fields that are still free; where two columns are as sure of one field, ask."""
    sure: dict[str, list[tuple[int, Match]]] = {}
    taken = {each.field for each in matches.values()}
    for column, match in found:
        rivals = sure.setdefault(match.field, [])
        if (
            column not in matches
            and match.field not in taken
            and (not rivals or rivals[0][1].confidence == match.confidence)
        ):
            rivals.append((column, match))
    questions = []
    for field, rivals in sure.items():
        if len(rivals) == 1:
            matches[rivals[0][0]] = rivals[0][1]
        elif rivals:
            questions.append(_which(field, [column for column, _ in rivals], header))
    return questions


def _which(field: str, columns: list[int], header: Header) -> Question:
    shown = ", ".join(f"{column_letter(each)} {header.heads[each].text}" for each in columns)
    return Question(
        f"mapping.{field}",
        f"Several columns may be {field}: {shown}. Which is it?",
        f"有多列可对应 {field}：{shown}，请指定。",
        [column_letter(each) for each in columns],
    )


def _resolve(named: Mapping[str, str], header: Header) -> dict[int, str]:
    """Return a person's answers by column number; they name a letter or a header."""
    found = {}
    for key, value in named.items():
        by_header = [column for column, head in header.heads.items() if head.text == key]
        letter = column_number(key)
        if len(by_header) == 1:
            found[by_header[0]] = value
        elif letter in header.heads and letter is not None:
            found[letter] = value
        else:
            raise refuse(
                f"There is no column {key[:40]!r}; name it by its letter or its header.",
                f"没有列 {key[:40]!r}，请用列号或表头指定。",
                "mapping",
            )
    return found


def _chosen(target: str, name: str, column: int) -> Match:
    if find_field(target, name) is None:
        raise refuse(
            f"{name[:40]!r} is no field of {TARGET_NAMES[target][0]}.",
            f"{name[:40]!r} 不是{TARGET_NAMES[target][1]}的字段。",
            column_letter(column),
        )
    return Match(name, 1.0, Evidence("mapping", name, "Chosen.", "按选择。"))


def _check_doubles(matches: Mapping[int, Match]) -> None:
    fields = [match.field for match in matches.values()]
    double = next((field for field in fields if fields.count(field) > 1), None)
    if double is not None:
        raise refuse(
            f"Two columns were chosen for {double}; choose one.",
            f"有两列同时选为 {double}，请保留一列。",
            "mapping",
        )


def _apply(
    template: MappingTemplate, target: str, header: Header, free: list[int], matches: dict[int, Match]
) -> list[Finding]:
    """Map by a template; a required header that is gone is an error, another one a note."""
    findings = []
    for wanted in template.columns:
        column = next((each for each in free if header.heads[each].text == wanted.header), None)
        if column is None:
            findings.append(
                Finding(
                    wanted.header,
                    f"The template's column {wanted.header[:40]!r} is not in this ledger.",
                    f"模板中的列 {wanted.header[:40]!r} 不在该台账中。",
                    "error" if wanted.required else "note",
                )
            )
        elif find_field(target, wanted.field) is None:
            raise _stale(wanted.field, target)
        elif wanted.field not in {match.field for match in matches.values()}:
            matches[column] = Match(
                wanted.field, 1.0, Evidence("mapping", wanted.field, "By the template.", "按映射模板。")
            )
    return findings


def _stale(field: str, target: str) -> ExchangeError:
    return refuse(
        f"The template names {field[:40]!r}, which is no field of {TARGET_NAMES[target][0]}; map the columns anew.",
        f"模板中的字段 {field[:40]!r} 不属于{TARGET_NAMES[target][1]}，请重新映射。",
        "template",
    )


def _by_names(header: Header, target: str, free: list[int], grid: Grid) -> Iterable[tuple[int, Match]]:
    """Yield the matches of the free columns, the surest first."""
    found = []
    for column in free:
        match = find_by_name(header.heads[column], TARGETS[target]) or find_by_cells(
            grid, header, column, target
        )
        if match is not None:
            found.append((column, match))
    return sorted(found, key=lambda pair: (-pair[1].confidence, pair[0]))


def _column(
    column: int, head: Head, match: Match | None, target: str, chosen_unit: str | None,
    template: MappingTemplate | None, around: list[str],
) -> LedgerColumn:  # fmt: skip
    letter = column_letter(column)
    if match is None:
        return LedgerColumn(letter, head.text, None, head.unit, 0.0)
    found = find_field(target, match.field)
    units = UNITS_OF.get(found.kind) if found is not None else None
    if units is None:
        return LedgerColumn(letter, head.text, match.field, None, match.confidence, [match.reason])
    if chosen_unit is not None and find_unit(chosen_unit, units) is None:
        raise refuse(
            f"{chosen_unit[:20]!r} is no unit of this column.",
            f"{chosen_unit[:20]!r} 不是该列可用的单位。",
            letter,
        )
    kept = (
        next((each.unit for each in template.columns if each.header == head.text), None) if template else None
    )
    said = table_unit(around, units)
    for unit, en, zh in (
        (chosen_unit, "chosen", "按选择"),
        (head.unit, "in the header", "见表头"),
        (kept, "by the template", "按映射模板"),
        (said, "in a line beside the table", "见表外说明"),
    ):
        known = find_unit(unit, units) if unit else None
        if known is not None:
            reason = Evidence("unit", known, f"Unit {known}: {en}.", f"单位{known}：{zh}。")
            return LedgerColumn(
                letter, head.text, match.field, known, match.confidence, [match.reason, reason]
            )
    return LedgerColumn(letter, head.text, match.field, None, match.confidence, [match.reason])
