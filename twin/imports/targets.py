"""Layers that files are imported into, and the property by which a row is found again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from twin.editing.rules import EDITABLE, EditableLayer
from twin.errors import InvalidInputError
from twin.land.models import CONTROL_LAYERS

LAYERS: Final = ("land_parcels", "control_areas", "projects", *CONTROL_LAYERS)
"""What may be asked for; a control layer by its own name stands for `control_areas` with that `layer`."""


@dataclass(frozen=True)
class Target:
    """A layer to import into.

    Attributes
    ----------
    name : str
        As asked for.
    collection : str
        The layer of the map.
    key : tuple of str
        Properties that name a row.
    fixed : mapping
        Properties that follow from the name.
    other_key : str
        A property that names a row that is there already where the key is not told; empty where there is none.
    """

    name: str
    collection: str
    key: tuple[str, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)
    other_key: str = ""

    @property
    def editable(self) -> EditableLayer:
        """The rules of the layer's rows."""
        return EDITABLE[self.collection]

    @property
    def fields(self) -> tuple[str, ...]:
        """The properties that a column may be mapped to."""
        return tuple(rule.name for rule in self.editable.fields if rule.name not in self.fixed)


_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "land_parcels": ("parcel_no",),
    "control_areas": ("layer", "code"),
    "projects": ("code",),
}
NEW_STATE: Final = "proposed"
"""State 拟收储 of a new parcel of which the file does not tell the state."""

DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = {"land_parcels": {"state": NEW_STATE}}
"""Values of new rows that a file does not tell."""


def get_target(name: str) -> Target:
    """Return the target of a name.

    Raises
    ------
    InvalidInputError
        Nothing is imported there.

    Examples
    --------
    >>> get_target("farmland").collection, dict(get_target("farmland").fixed)
    ('control_areas', {'layer': 'farmland'})
    """
    if name in CONTROL_LAYERS:
        return Target(name, "control_areas", _KEYS["control_areas"], {"layer": name})
    if name in _KEYS:
        return Target(name, name, _KEYS[name], other_key="nat_code" if name == "projects" else "")
    raise InvalidInputError(
        f"Files are not imported into {name[:60]!r}; choose one of {', '.join(LAYERS)}.",
        f"不能导入到 {name[:60]!r}；可选：{'、'.join(LAYERS)}。",
        "layer",
    )
