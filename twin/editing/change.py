"""What an edit changes of a row, after it was checked."""

from dataclasses import dataclass

from twin.editing.place import Place
from twin.editing.values import Values


@dataclass(frozen=True)
class Change:
    """Checked values and place of an edit.

    Attributes
    ----------
    sent : Values
        Every writable property that was sent, or that follows from a replacement.
    new : Values
        Those of them that differ from what is stored.
    place : Place or None
        Where the feature now lies; None where it lies as before.
    """

    sent: Values
    new: Values
    place: Place | None
