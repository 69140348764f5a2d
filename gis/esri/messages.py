"""The protobuf messages of `f=pbf`, read from the description beside this file.

The description is small and regular, so it is read here and no generated code has to be kept in step with it.
"""

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

from google.protobuf import (  # type: ignore[import-untyped]
    descriptor_pb2,
    descriptor_pool,
    message_factory,
)

SOURCE: Final = "feature_collection.proto"
_WORDS: Final = re.compile(r"\w+|[{}=;]")
_SCALARS: Final = {
    "double": 1,
    "float": 2,
    "int64": 3,
    "uint64": 4,
    "bool": 8,
    "string": 9,
    "uint32": 13,
    "sint32": 17,
    "sint64": 18,
}
_ENUM_TYPE: Final = 14
_MESSAGE_TYPE: Final = 11
_OPTIONAL, _REPEATED = 1, 3


def read_description(text: str) -> descriptor_pb2.FileDescriptorProto:
    """Read a `.proto` file of messages, enums, oneofs and plain fields; imports and options are not known."""
    words = iter(_WORDS.findall(re.sub(r"//[^\n]*|\"[^\"]*\"", "", text)))
    file = descriptor_pb2.FileDescriptorProto(name=SOURCE, syntax="proto3")
    for word in words:
        if word == "package":
            file.package = next(words)
        elif word == "message":
            _read_message(file.message_type.add(name=next(words)), words)
    for message in file.message_type:
        _name_types(message, f".{file.package}.{message.name}")
    return file


def _read_message(message: Any, words: Iterator[str], oneof: int | None = None) -> None:
    """Read fields up to the closing bracket; a field of another message is named, its kind filled in later."""
    for word in words:
        match word:
            case "}":
                return
            case "{" | ";":
                continue
            case "message":
                _read_message(message.nested_type.add(name=next(words)), words)
            case "enum":
                _read_enum(message.enum_type.add(name=next(words)), words)
            case "oneof":
                message.oneof_decl.add(name=next(words))
                _read_message(message, words, len(message.oneof_decl) - 1)
            case _:
                _read_field(message, word, words, oneof)


def _read_field(message: Any, word: str, words: Iterator[str], oneof: int | None) -> None:
    repeated = word == "repeated"
    kind = next(words) if repeated else word
    name, _, number = next(words), next(words), int(next(words))
    field = message.field.add(name=name, number=number, label=_REPEATED if repeated else _OPTIONAL)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type_name = kind
    if oneof is not None:
        field.oneof_index = oneof


def _read_enum(enum: Any, words: Iterator[str]) -> None:
    for word in words:
        if word == "}":
            return
        if word not in "{;":
            next(words)
            enum.value.add(name=word, number=int(next(words)))


def _name_types(root: Any, path: str) -> None:
    """Give every field of another type its full name: all types stand directly in the one outer message."""
    enums = {enum.name for enum in root.enum_type}
    for message in (root, *root.nested_type):
        for field in message.field:
            if field.type_name:
                field.type = _ENUM_TYPE if field.type_name in enums else _MESSAGE_TYPE
                field.type_name = f"{path}.{field.type_name}"


def _load() -> Any:
    pool = descriptor_pool.DescriptorPool()
    text = (files("gis.esri") / SOURCE).read_text(encoding="utf-8")
    pool.Add(read_description(text))
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("esriPBuffer.FeatureCollectionPBuffer"))


FeatureCollection: Final = _load()
"""The class of the outermost message, `esriPBuffer.FeatureCollectionPBuffer`."""
