"""What a file of the corpus is, and what its reader must say of it."""

from dataclasses import dataclass, field

from gis.exchange.model import ReadChoices


@dataclass(frozen=True)
class Case:
    """A file of the corpus with the answer expected.

    Parameters
    ----------
    name : str
        What is odd about the file.
    file : str
        What the sender called it.
    data : bytes
    choices : ReadChoices
    crs : str or None
        Of a file that is read; None with a question.
    parts : tuple
        Number, plane area in m² by hand, of each feature: `((number, area), …)`; areas hold to 0.1 %.
    encoding : str
    says : tuple of str
        Words that must stand in the warnings, each in one.
    quiet : bool
        Whether no warning above a note may be given.
    asks : str or None
        The field of the one question.
    refused : tuple of str
        Words of the refusal: the place and the remedy; empty for a file that is read.
    """

    name: str
    file: str
    data: bytes
    choices: ReadChoices = field(default_factory=ReadChoices)
    crs: str | None = "EPSG:4527"
    parts: tuple[tuple[str, float], ...] = ()
    encoding: str | None = None
    says: tuple[str, ...] = ()
    quiet: bool = False
    asks: str | None = None
    refused: tuple[str, ...] = ()
