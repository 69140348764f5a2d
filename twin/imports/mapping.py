"""Which column of a file is which property 字段映射: proposed by the names that files use, checked, never guessed on.

A mapping goes from column to property, as for ledgers. `fixed` gives a property one value in all rows; ``{n}`` in a
text stands for the row's number, for files that number nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gis.export.shapefile import short_names
from twin.errors import InvalidInputError
from twin.imports.targets import DEFAULTS, Target
from twin.layers import get_layer

_NUMBERS: Final = (
    "地块编号",
    "地块号",
    "储备地块编号",
    "宗地号",
    "宗地代码",
    "宗地编号",
    "编号",
    "dkbh",
    "dkh",
    "zdh",
    "zddm",
    "bh",
    "no",
)
_NAMES: Final = ("地块名称", "名称", "地块名", "dkmc", "mc", "title")
_USES: Final = ("use", "规划用途", "土地用途", "用途", "地块用途", "ytmc", "yt", "ghyt", "tdyt")
_CLASSES: Final = ("land_code", "地类编码", "地类代码", "地类", "dlbm", "dldm")
_FROM: Final = ("valid_from", "生效日期", "批准日期")

ALIASES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "land_parcels": {
        "parcel_no": _NUMBERS,
        "name": _NAMES,
        "planned_use": _USES,
        "land_class": _CLASSES,
        "state": ("状态", "储备状态", "zt"),
        "supply_date": ("供应日期", "供地日期", "gysj"),
        "agreed_start": ("约定开工日期", "约定动工日期", "约定开工"),
        "released_on": ("出库日期",),
    },
    "control_areas": {
        "layer": ("图层", "管控类型"),
        "code": ("parcel_no", "图斑编号", "图斑号", "标识码", "tbbh", "bsm", *_NUMBERS),
        "name": _NAMES,
        "class_code": _CLASSES,
        "class_name": ("地类名称", "dlmc", "类型", "lx", *_USES),
        "registered_area_m2": ("图斑面积", "tbmj"),
        "valid_from": _FROM,
        "valid_to": ("失效日期",),
    },
    "projects": {
        "code": ("档案编号", "项目档案编号", "项目编号", "xmbh", "project", "project_code"),
        "nat_code": ("项目代码", "国家编码", "xmdm"),
        "name": ("项目名称", "工程名称", "xmmc", "名称"),
        "category": ("类别代码", "项目类别代码"),
        "owner_unit": ("建设单位", "业主单位", "jsdw"),
        "lead_person": ("负责人", "项目负责人"),
        "plan_start": ("计划开工", "计划开工日期"),
        "plan_finish": ("计划完工", "计划竣工", "计划竣工日期"),
        "actual_start": ("实际开工",),
        "actual_finish": ("实际完工", "实际竣工"),
        "region_code": ("行政区划代码", "xzqdm"),
    },
}  # fmt: skip
"""Names that columns have for properties, beside the property's own; the first of a list goes first."""


@dataclass(frozen=True)
class Mapped:
    """A mapping that was checked: column by property, and values that hold for all rows."""

    columns: Mapping[str, str]
    fixed: Mapping[str, str]

    def read(self, attributes: Mapping[str, Any], number: int) -> dict[str, Any]:
        """Return the properties that a row tells, before they are checked; blank ones are not told.

        Examples
        --------
        >>> Mapped({"parcel_no": "编号"}, {"name": "地块 {n}"}).read({"编号": "DK1"}, 7)
        {'name': '地块 7', 'parcel_no': 'DK1'}
        """
        told: dict[str, Any] = {name: value.replace("{n}", str(number)) for name, value in self.fixed.items()}
        for name, column in self.columns.items():
            value = attributes.get(column)
            if value is not None and not (isinstance(value, str) and not value.strip()):
                told[name] = value
        return told


def propose_mapping(target: Target, columns: Iterable[str]) -> dict[str, str]:
    """Return column → property for the columns whose name is known; each property once.

    Examples
    --------
    >>> from twin.imports.targets import get_target
    >>> propose_mapping(get_target("land_parcels"), ["DKBH", "DKMC", "MJ", "备注"])
    {'DKBH': 'parcel_no', 'DKMC': 'name'}
    >>> propose_mapping(get_target("land_parcels"), ["parcel_no", "stated_are"])  # as our own Shapefiles have it
    {'parcel_no': 'parcel_no', 'stated_are': 'stated_area_m2'}
    """
    cut = _cut_names(target)
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(_folded(column), column)
    found: dict[str, str] = {}
    for name in target.fields:
        known = (name, *ALIASES[target.collection].get(name, ()), cut.get(name, name))
        match = next((by_name[_folded(each)] for each in known if _folded(each) in by_name), None)
        if match is not None and match not in found:
            found[match] = name
    return found


def _cut_names(target: Target) -> dict[str, str]:
    """Return the names that our own Shapefiles cut within a word; `investment` may be anybody's, in any unit."""
    short = short_names(get_layer(target.collection).fields)
    return {
        name: cut for name, cut in short.items() if name[len(cut) :] and not name[len(cut) :].startswith("_")
    }


def check_mapping(
    target: Target, columns: Iterable[str], mapping: Mapping[str, Any], fixed: Mapping[str, Any]
) -> Mapped:
    """Check a mapping against the columns of a file and the properties of a layer.

    Raises
    ------
    InvalidInputError
        It names a column or property that is not there, a property twice, or leaves the row's key open; `where` is
        the place in the request.
    """
    there = list(columns)
    by_property: dict[str, str] = {}
    for column, name in mapping.items():
        if name in (None, ""):
            continue
        if column not in there:
            raise _wrong(
                f"mapping.{column}",
                f"The file has no column {column[:60]!r}; it has {', '.join(there[:40])}.",
                f"文件没有列 {column[:60]!r}；现有列：{'、'.join(there[:40])}。",
            )
        _check_name(target, f"mapping.{column}", name)
        if name in by_property:
            raise _wrong(
                f"mapping.{column}",
                f"{name} is filled from {by_property[name]} already; one column fills one property.",
                f"{name} 已由列 {by_property[name]} 填写；一个属性只能对应一列。",
            )
        by_property[name] = column
    given = {**fixed, **target.fixed}
    for name, value in fixed.items():
        _check_name(target, f"values.{name}", name)
        if not isinstance(value, str) or len(value) > 200:
            raise _wrong(f"values.{name}", "A value for all rows is a text.", "统一取值须为文本。")
    _check_key(target, there, by_property, given)
    return Mapped(by_property, {str(name): str(value) for name, value in given.items()})


def list_defaults(target: Target, mapped: Mapped) -> dict[str, str]:
    """Return what new rows get though the file does not tell it."""
    told = {**mapped.columns, **mapped.fixed}
    return {name: value for name, value in DEFAULTS.get(target.collection, {}).items() if name not in told}


def _check_key(
    target: Target, columns: list[str], by_property: Mapping[str, str], fixed: Mapping[str, Any]
) -> None:
    if target.other_key in by_property:
        return
    for name in target.key:
        if name in by_property or (name in target.fixed) or ("{n}" in str(fixed.get(name, ""))):
            continue
        if name == "layer" and name in fixed:
            continue
        example = f'"{columns[0]}": "{name}"' if columns else ""
        raise _wrong(
            f"mapping.{name}",
            f"No column is mapped to {name}, which names each row of {target.name}. Answer mapping: {{{example}}} with "
            f'one of the columns {", ".join(columns[:40]) or "(none)"}, or values: {{"{name}": "…{{n}}"}} to number '
            "the rows.",
            f"没有列对应 {name}（{target.name} 每行的编号）。请回答 mapping：{{{example}}}，可选列："
            f'{"、".join(columns[:40]) or "（无）"}；或以 values：{{"{name}": "…{{n}}"}} 按序号编号。',
        )


def _check_name(target: Target, where: str, name: object) -> None:
    if name in target.fields:
        return
    known = ", ".join(target.fields)
    raise _wrong(
        where,
        f"{target.name} has no property {str(name)[:60]!r} that may be filled; there are {known}.",
        f"{target.name} 没有可填写的属性 {str(name)[:60]!r}；可用：{known}。",
    )


def _folded(name: str) -> str:
    return re.sub(r"[\s_\-()]", "", unicodedata.normalize("NFKC", name)).lower()


def _wrong(where: str, en: str, zh: str) -> InvalidInputError:
    return InvalidInputError(en, zh, where)
