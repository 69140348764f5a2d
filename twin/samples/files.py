"""Reading the sample files back."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import InvalidInputError


@dataclass(frozen=True)
class SampleFolder:
    """The folder `data/samples`, or a copy of it."""

    path: Path

    def has(self, name: str) -> bool:
        """Tell whether a file is there."""
        return (self.path / name).is_file()

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the records of a table file."""
        found: list[dict[str, Any]] = self._document(name)["rows"]
        return found

    def features(self, name: str) -> list[dict[str, Any]]:
        """Return the properties of a layer's features, with `survey_srid` beside `survey_wkt`."""
        return [
            {
                **feature["properties"],
                "survey_srid": int(feature["properties"]["survey_crs"].removeprefix("EPSG:")),
            }
            for feature in self._document(name)["features"]
        ]

    def sha256(self, name: str) -> str:
        """Return the hash of a file, kept as the origin of what was loaded from it."""
        return hashlib.sha256((self.path / name).read_bytes()).hexdigest()

    def _document(self, name: str) -> dict[str, Any]:
        file = self.path / name
        if not file.is_file():
            raise InvalidInputError(
                f"{file} is missing; make the sample set with `twin samples generate`.",
                f"缺少 {file}；请用 `twin samples generate` 生成示例数据。",
            )
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf8"))
        return document
