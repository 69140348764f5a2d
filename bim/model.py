"""Open a prepared model and read attributes of its instances by cached positions."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.ifcopenshell_wrapper as wrapper

from bim.errors import ParseError
from bim.step_text import INSTANCE, compute_place, mapped_bytes

Instance = Any
File = Any

_OFFSET = re.compile(r"at offset (\d+)")
_LOG_LEVEL = re.compile(r"^\[(\w+)\]")
_MESSAGES = 20


# Positions that every IfcRoot has in every schema; reading by position is five times faster than by name.
GLOBAL_ID, NAME = 0, 2


@dataclass
class LibraryLog:
    """How often the library complained, and its first messages."""

    counts: Counter[str] = field(default_factory=Counter)
    messages: list[str] = field(default_factory=list)

    def collect(self) -> None:
        """Take over what the library has logged since the last call."""
        self.add(ifcopenshell.get_log())

    def add(self, text: str) -> None:
        """Count the lines of a log text."""
        for line in text.splitlines():
            level = _LOG_LEVEL.match(line)
            if level is None:
                continue
            self.counts[level.group(1).lower()] += 1
            if len(self.messages) < _MESSAGES:
                self.messages.append(line[:300])


@dataclass(frozen=True)
class Model:
    """An open model with its log."""

    file: File
    log: LibraryLog
    columns: dict[tuple[str, str], int | None] = field(default_factory=dict)

    def by_type(self, name: str) -> list[Instance]:
        """List the instances of a class and its subclasses; empty where the schema has no such class."""
        try:
            return list(self.file.by_type(name))
        except RuntimeError:
            return []

    def value(self, instance: Instance, attribute: str) -> Any:
        """Get an attribute, or None where the class has none of that name.

        The position is looked up once per class: asking the library by name for an attribute that a class
        lacks is many times slower than reading one.
        """
        name = instance.is_a()
        key = (name, attribute)
        if key not in self.columns:
            self.columns[key] = self._column(name, attribute)
        column = self.columns[key]
        return None if column is None else instance.get_argument(column)

    def is_kind(self, name: str, parent: str) -> bool:
        """Say whether a class is another or one of its subclasses, in the schema of this file."""
        declaration = self._declaration(name)
        return declaration is not None and bool(declaration._is(parent))

    def knows(self, name: str) -> bool:
        """Say whether the schema has an entity of that name."""
        return self._declaration(name) is not None

    def _column(self, name: str, attribute: str) -> int | None:
        declaration = self._declaration(name)
        names = [] if declaration is None else [each.name() for each in declaration.all_attributes()]
        return names.index(attribute) if attribute in names else None

    def _declaration(self, name: str) -> Any:
        schema = wrapper.schema_by_name(self.file.schema_identifier)
        try:
            return schema.declaration_by_name(name).as_entity()
        except RuntimeError:
            return None


def drop_writing() -> None:
    """Take the means to write attributes by name off all instances, in a process that only reads.

    The library's Python method for it runs once for every instance that is looked at, as a wrapper is made: a twelfth
    of what reading a model's attributes costs.
    """
    for kind in ifcopenshell.entity_instance.__mro__:
        if kind is not object and "__setattr__" in vars(kind):
            del kind.__setattr__


def list_instances(value: Any) -> list[Instance]:
    """List the instances in an attribute that holds one or several; a file may put anything there."""
    parts = value if isinstance(value, tuple) else (value,)
    return [each for each in parts if isinstance(each, ifcopenshell.entity_instance) and each.id() != 0]


def open_model(path: Path) -> Model:
    """Open a prepared IFC file.

    Raises
    ------
    ParseError
        The library refuses the text; the message names line and entity where its log tells the offset.
    """
    log = LibraryLog()
    try:
        file = ifcopenshell.open(str(path))
    except (ifcopenshell.Error, RuntimeError, OSError, ValueError) as error:
        log.collect()
        raise _unreadable(path, error, log) from error
    log.collect()
    return Model(file, log)


def _unreadable(path: Path, error: Exception, log: LibraryLog) -> ParseError:
    first = next((line for line in log.messages if line.startswith("[error]")), str(error))
    reason = re.sub(r"^(\[[^\]]*\]\s*)+", "", first)
    found = _OFFSET.search(first)
    place = None
    if found:
        with mapped_bytes(path) as data:
            offset = min(int(found.group(1)), len(data) - 1)
            entity = None
            for match in INSTANCE.finditer(data, max(0, data.rfind(b"\n#", 0, offset))):
                entity = int(match.group(1)) if match.start(1) <= offset < match.end() else None
                break
            place = compute_place(data, offset, entity)
    return ParseError(
        f"The file cannot be read: {reason}. Export the model again.",
        f"文件无法解析:{reason}。请重新导出模型。",
        place,
    )
