"""What a question is put to: the rows of one layer under the name that the answer gives them."""

from dataclasses import dataclass, field

from gis.layer import Field, Layer, Selection
from gis.statement import Condition


@dataclass(frozen=True)
class Source:
    """Rows of a layer, as the caller may see them.

    Parameters
    ----------
    name : str
        What the answer calls them: ``"land_parcels"``, ``"farmland"``.
    selection : Selection
        The rows and fields; visibility, filter and time are in it.
    classes : tuple of str
        Fields that say what kind of thing a row is, the finest last.
    """

    name: str
    selection: Selection
    classes: tuple[str, ...] = field(default=())

    @property
    def layer(self) -> Layer:
        """The layer with the fields that the caller may see."""
        return self.selection.layer

    def class_fields(self) -> tuple[Field, ...]:
        """Return the fields that tell kinds apart, as far as the caller may see them."""
        return tuple(self.layer.field(name) for name in self.classes if self.layer.has_field(name))

    def rows(self, prefix: str) -> Condition:
        """Return ``layer AS f WHERE (…)`` with its values renamed, so that several stand in one statement."""
        found = self.selection.rows()
        return Condition(found.sql, found.params).prefixed(prefix)
