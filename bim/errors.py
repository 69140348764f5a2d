"""What can be wrong with a model file: one class per verdict code, each text in English and Chinese."""

from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True)
class Place:
    """Where in a file the fault lies; every part may be unknown.

    Attributes
    ----------
    line : int or None
        Line number, counted from 1.
    entity : int or None
        Number of the STEP instance, without ``#``.
    member : str or None
        Name of the file inside an archive.
    """

    line: int | None = None
    entity: int | None = None
    member: str | None = None

    def text_en(self) -> str:
        """Render the place for an English message.

        >>> Place(line=3, entity=12).text_en()
        'line 3, entity #12'
        """
        parts = [f"file {self.member}"] if self.member else []
        parts += [f"line {self.line}"] if self.line is not None else []
        parts += [f"entity #{self.entity}"] if self.entity is not None else []
        return ", ".join(parts)

    def text_zh(self) -> str:
        """Render the place for a Chinese message.

        >>> Place(line=3, entity=12).text_zh()
        '第 3 行、实体 #12'
        """
        parts = [f"文件 {self.member}"] if self.member else []
        parts += [f"第 {self.line} 行"] if self.line is not None else []
        parts += [f"实体 #{self.entity}"] if self.entity is not None else []
        return "、".join(parts)


class BimError(Exception):
    """A model cannot be taken in; base of all errors of this package."""

    code: ClassVar[str] = "failed"

    def __init__(self, en: str, zh: str, place: Place | None = None) -> None:
        self.place = place or Place()
        where_en, where_zh = self.place.text_en(), self.place.text_zh()
        self.message_en = f"{where_en}: {en}" if where_en else en
        self.message_zh = f"{where_zh}:{zh}" if where_zh else zh
        super().__init__(self.message_en)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle what was said, place and all, as it is."""
        return _said_again, (type(self), self.message_en, self.message_zh, self.place)

    def joined(self, other: Self) -> Self:
        """Join a second fault of the same file to this one; the place stays that of the first."""
        both = type(self)("", "", None)
        both.place = self.place
        both.message_en = f"{self.message_en} Also {other.message_en}"
        both.message_zh = f"{self.message_zh}另有 {other.message_zh}"
        both.args = (both.message_en,)
        return both


def _said_again(kind: type[BimError], message_en: str, message_zh: str, place: Place) -> BimError:
    error = kind(message_en, message_zh)
    error.place = place
    return error


class NotIfcError(BimError):
    """The bytes are no STEP-encoded IFC file."""

    code = "not_ifc"


class TruncatedError(BimError):
    """The file ends before its trailer, or bytes were lost on the way."""

    code = "truncated"


class SchemaUnsupportedError(BimError):
    """FILE_SCHEMA names a schema that cannot be opened."""

    code = "schema_unsupported"


class ZipRefusedError(BimError):
    """The archive breaks a rule of the zip guard."""

    code = "zip_refused"


class ParseError(BimError):
    """The text breaks the STEP grammar, its numbers or its encoding."""

    code = "parse_error"


class CycleError(BimError):
    """Instances that must form a tree refer back to themselves."""

    code = "cycle"


class TooBigError(BimError):
    """A size, a count or a depth exceeds its limit."""

    code = "too_big"


class IdsError(BimError):
    """The IDS file is no valid Information Delivery Specification 1.0."""

    code = "ids_invalid"


class BcfError(BimError):
    """The BCF archive cannot be read: damaged, hostile, too large or of an unknown version."""

    code = "bcf_invalid"


class SelectionError(BimError):
    """A selector of a check chooses no element that can be checked, or names what the model does not have."""

    code = "selection_empty"


class PlacementError(BimError):
    """A placement by hand contradicts itself."""

    code = "placement"


class ScheduleError(BimError):
    """The file is no work schedule that can be read."""

    code = "schedule_invalid"


class JobError(BimError):
    """The conversion job itself is wrong: no source, unknown coordinate system."""

    code = "failed"
