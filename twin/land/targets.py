"""What a subject may be laid over: the reserve pool, other projects, every control layer."""

from collections.abc import Sequence

from gis.overlap import MAKE_UP_QUESTION, NEEDS_CASE_REVIEW, Note, OverlapTarget
from gis.statement import ROW, Condition
from twin.errors import InvalidInputError
from twin.identity.caller import Caller
from twin.identity.visibility import sight
from twin.land.models import CONTROL_LAYERS

CONTROL_AREAS = "control_areas"
TITLES = {
    "land_parcels": ("储备地块", "Reserve parcels"),
    "projects": ("其他项目红线", "Other projects' red lines"),
    "dltb": ("地类图斑", "Land-use patches"),
    "farmland": ("永久基本农田", "Permanent basic farmland"),
    "ecology": ("生态保护红线", "Ecological red line"),
    "urban_boundary": ("城镇开发边界", "Urban boundary"),
    "heritage": ("历史文化保护", "Heritage zones"),
    "river": ("河湖管理范围", "Rivers"),
}
NOTES: dict[str, tuple[Note, ...]] = {
    "farmland": (NEEDS_CASE_REVIEW, MAKE_UP_QUESTION),
    "ecology": (NEEDS_CASE_REVIEW,),
}
DEFAULT_LAYERS = ("land_parcels", CONTROL_AREAS)


def expand_layers(names: Sequence[str]) -> list[str]:
    """Return the answer rows that the named layers stand for, each once, in the order asked.

    Raises
    ------
    InvalidInputError
        An unknown name, or none at all.

    Examples
    --------
    >>> expand_layers(["river", "control_areas"])[:3]
    ['river', 'dltb', 'farmland']
    """
    allowed = [*TITLES, CONTROL_AREAS]
    unknown = [name for name in names if name not in allowed]
    if unknown or not names:
        asked = ", ".join(unknown) or "(none)"
        raise InvalidInputError(
            f"Unknown layer {asked}; choose from {', '.join(allowed)}.",
            f"未知图层 {asked}；可选：{'、'.join(allowed)}。",
            where="layers",
        )
    rows = [row for name in names for row in (CONTROL_LAYERS if name == CONTROL_AREAS else (name,))]
    return list(dict.fromkeys(rows))


def make_targets(
    rows: Sequence[str], caller: Caller, subject_layer: str | None = None
) -> list[OverlapTarget]:
    """Return the targets of the answer rows, cut down to what the caller may see.

    Parameters
    ----------
    subject_layer : str, optional
        The layer that the subject is a row of, where it is no hit of itself.
    """
    return [_target(row, caller, subject_layer) for row in rows]


def _target(row: str, caller: Caller, subject_layer: str | None) -> OverlapTarget:
    title_zh, title_en = TITLES[row]
    if row == "projects":
        condition = sight(caller, "project:read").condition
        return OverlapTarget(
            row,
            title_zh,
            title_en,
            "layer_projects",
            condition,
            temporal=True,
            plane_column="geom_survey",
            not_itself=subject_layer == row,
        )
    seen = sight(caller, "land:read")
    condition = seen.condition
    if row == "land_parcels":
        return OverlapTarget(
            row,
            title_zh,
            title_en,
            "layer_land_parcels",
            condition,
            past_relation="past_land_parcels",
            code_column="parcel_no",
            class_code_column="land_class",
            class_name_column="planned_use",
            plane_column="geom_survey",
            temporal=True,
            not_itself=subject_layer == row,
            stated_column="stated_area_m2" if seen.internal_fields else None,
        )
    return OverlapTarget(
        row,
        title_zh,
        title_en,
        "layer_control_areas",
        condition & Condition(f"{ROW}.layer = %(layer)s", {"layer": row}),
        past_relation="past_control_areas",
        class_code_column="class_code",
        class_name_column="class_name",
        plane_column="geom_survey",
        temporal=True,
        keep_slivers=row in ("farmland", "ecology"),
        outside=row == "urban_boundary",
        not_itself=subject_layer == row,
        owner_code_column="owner_code" if seen.internal_fields else None,
        owner_name_column="owner_name" if seen.internal_fields else None,
        stated_column="registered_area_m2" if seen.internal_fields else None,
        notes=NOTES.get(row, ()),
    )
