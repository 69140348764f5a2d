"""ZIP archives that are the same byte for byte: members stored, one fixed stamp."""

import io
import zipfile
from collections.abc import Mapping

STAMP = (2025, 10, 31, 0, 0, 0)


def zipped(members: Mapping[str, bytes]) -> bytes:
    """Return a ZIP archive of the members in their given order."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, STAMP)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return out.getvalue()
