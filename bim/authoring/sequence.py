"""ifcopenshell's schedule API, imported without the note it prints where networkx is missing."""

import io
from contextlib import redirect_stdout

# The note goes to standard output, which belongs to the caller's answer.
with redirect_stdout(io.StringIO()):
    from ifcopenshell.api import sequence

__all__ = ["sequence"]
