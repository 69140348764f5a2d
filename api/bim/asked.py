"""What every question to a model names: the model, and the revision it is asked of."""

from typing import Annotated

from fastapi import Path, Query

ModelId = Annotated[int, Path(ge=1, le=2**63 - 1)]
AskedRevision = Annotated[
    int | None,
    Query(alias="revision", ge=1, le=2**31 - 1, description="number of a revision; else the current one"),
]
