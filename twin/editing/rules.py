"""What is writable in each layer, and how. Everything else that a layer shows is computed, and ignored when sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from twin.editing.feature import Abilities
from twin.elements.models import ELEMENT_STATUSES
from twin.land.models import CONTROL_LAYERS
from twin.land.states import IDLE_STATES, PARCEL_STATES
from twin.layers import get_layer
from twin.layers.fields import PURPOSES
from twin.projects.models import STAGES

GeometryRule = Literal["required", "optional", "fixed"]
MOST_YUAN: Final = 9_999_999_999_999_999.0
MOST_M2: Final = 1e10


@dataclass(frozen=True)
class WritableField:
    """A property that may be written; its type is the layer field's.

    Attributes
    ----------
    required : bool
        It must have a value.
    default : str or None
        Its value in a new feature that gives none.
    once : bool
        Given when the feature is made, and fixed from then on.
    choices : tuple of str
        Closed list of values, where there is one.
    longest : int
        Characters at most.
    least, most : float or None
        Bounds of a number, both included.
    decimals : int or None
        Decimals at most.
    """

    name: str
    required: bool = False
    default: str | None = None
    once: bool = False
    choices: tuple[str, ...] = ()
    longest: int = 200
    least: float | None = None
    most: float | None = None
    decimals: int | None = None


@dataclass(frozen=True)
class EditableLayer:
    """How one layer may be edited.

    Attributes
    ----------
    right : str
        A right of `twin.identity.rights`.
    offers : Abilities
        What is possible at all.
    geometry : GeometryRule
        Whether a feature must have one, may have one, or keeps the one it has.
    ordered : tuple of (str, str)
        Pairs of dates of which the second may not lie before the first.
    """

    id: str
    right: str
    offers: Abilities
    fields: tuple[WritableField, ...]
    geometry: GeometryRule = "required"
    ordered: tuple[tuple[str, str], ...] = ()


PARCEL_KINDS: Final = ("reserve", "supplied", "idle")
SENSITIVITIES: Final = ("internal", "public")
_PURPOSES: Final = tuple(str(choice.value) for choice in PURPOSES)

EVERYTHING: Final = Abilities(create=True, replace=True, update=True, delete=True)
CHANGES: Final = Abilities(replace=True, update=True)


def _area(name: str) -> WritableField:
    return WritableField(name, least=0, most=MOST_M2)


def _money(name: str) -> WritableField:
    return WritableField(name, least=0, most=MOST_YUAN, decimals=2)


EDITABLE: Final[Mapping[str, EditableLayer]] = {
    layer.id: layer
    for layer in (
        EditableLayer(
            "land_parcels",
            "land:write",
            EVERYTHING,
            (
                WritableField("parcel_no", required=True, longest=64),
                WritableField("name"),
                WritableField("kind", default="reserve", choices=PARCEL_KINDS),
                WritableField("planned_use"),
                WritableField("land_class", longest=20),
                WritableField("state", required=True, choices=PARCEL_STATES),
                WritableField("idle_state", default="none", choices=IDLE_STATES),
                WritableField("supply_date"),
                WritableField("agreed_start"),
                WritableField("released_on"),
                _area("stated_area_m2"),
            ),
        ),
        EditableLayer(
            "control_areas",
            "land:write",
            EVERYTHING,
            (
                WritableField("layer", required=True, choices=CONTROL_LAYERS),
                WritableField("code", required=True, longest=64),
                WritableField("name"),
                WritableField("class_code", longest=20),
                WritableField("class_name"),
                WritableField("sensitivity", default="internal", choices=SENSITIVITIES),
                _area("registered_area_m2"),
                WritableField("valid_from"),
                WritableField("valid_to"),
            ),
            ordered=(("valid_from", "valid_to"),),
        ),
        EditableLayer(
            "projects",
            "project:write",
            EVERYTHING,
            (
                WritableField("code", required=True, once=True, longest=30),
                WritableField("nat_code", longest=28),
                WritableField("name", required=True),
                WritableField("category", required=True, longest=2),
                WritableField("purpose", required=True, choices=_PURPOSES),
                WritableField("stage", default="initiation", choices=STAGES),
                _money("investment_total_yuan"),
                _money("annual_plan_yuan"),
                _money("approved_estimate_yuan"),
                WritableField("plan_start"),
                WritableField("plan_finish"),
                WritableField("actual_start"),
                WritableField("actual_finish"),
                WritableField("owner_unit"),
                WritableField("lead_person", longest=100),
                WritableField("region_code", longest=6),
            ),
            geometry="optional",
            ordered=(("plan_start", "plan_finish"), ("actual_start", "actual_finish")),
        ),
        EditableLayer(
            "bim_elements",
            "progress:write",
            CHANGES,
            (
                WritableField("status", required=True, choices=ELEMENT_STATUSES),
                WritableField("progress", required=True, least=0, most=100),
                WritableField("actual_start"),
                WritableField("actual_finish"),
            ),
            geometry="fixed",
        ),
    )
}


def writable_fields(layer_id: str) -> tuple[WritableField, ...]:
    """Return which properties of a layer may be written; none for a layer that is only read.

    Raises
    ------
    NotFoundError
        There is no such layer.

    Examples
    --------
    >>> [field.name for field in writable_fields("bim_elements")]
    ['status', 'progress', 'actual_start', 'actual_finish']
    >>> writable_fields("bim_models")
    ()
    """
    get_layer(layer_id)
    return EDITABLE[layer_id].fields if layer_id in EDITABLE else ()
