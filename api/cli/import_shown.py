"""What `twin import` shows of a file before it is written."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from twin.uploads.preview import PreviewFeature

MOST_COLUMNS: Final = 6
MOST_LINES: Final = 12


def show_preview(
    console: Console, described: Mapping[str, Any], rows: Sequence[PreviewFeature], layer: str
) -> None:
    """Print what a file was read as, its first rows, and the mapping it would be imported by."""
    console.print(
        f"{described['file_name']}: {described['kind']}, {described['encoding']}, {described['crs'] or '?'}, "
        f"{described['feature_count']} rows 行, invalid 无效 {described.get('invalid_count', 0)}",
        markup=False,
    )
    for each in described["crs_evidence"][:MOST_LINES]:
        console.print(f"  {each['message']}", markup=False)
    for each in described["warnings"][:MOST_LINES]:
        console.print(f"! {each['where']}: {each['message']}", markup=False)
    for each in described["questions"]:
        console.print(f"? {each['field']}: {each['message']}", markup=False)
    console.print(_table(rows))
    proposed = described["mappings"].get(layer)
    if proposed:
        pairs = [f"{column} → {name}" for column, name in proposed["mapping"].items()]
        fixed = [f"{name} = {text}" for name, text in proposed["values"].items()]
        console.print(f"mapping 映射 ({proposed['source']}): {', '.join([*pairs, *fixed])}", markup=False)
        if proposed["left_out"]:
            console.print(f"left out 不导入的列: {', '.join(proposed['left_out'])}", markup=False)


def _table(rows: Sequence[PreviewFeature]) -> Table:
    names = list(dict.fromkeys(name for row in rows for name in row.attributes))[:MOST_COLUMNS]
    table = Table("#", *names, "stated m² 填报", "computed m² 计算", "亩", "note 备注")
    for row in rows:
        faults = "; ".join(f"{each['where']} {each['zh']}" for each in row.faults if each["level"] == "error")
        table.add_row(
            str(row.number),
            *(_cell(row.attributes.get(name)) for name in names),
            _number(row.stated_area_m2, 2),
            _number(row.computed_area_m2, 2),
            _number(row.area_mu, 4),
            _cell(faults or row.repair_note),
        )
    return table


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("[", "\\[")[:40]


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"
