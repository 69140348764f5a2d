"""The documentation names every setting, layer and table of contents entry that exists."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic_settings import BaseSettings

from api.cli import find_entries, make_app
from twin import settings
from twin.layers import LAYERS

DOCS = Path(__file__).parents[1] / "docs"
CLASSES = [
    value
    for value in vars(settings).values()
    if isinstance(value, type) and issubclass(value, BaseSettings) and value is not BaseSettings
]


def variables(cls: type[BaseSettings]) -> list[str]:
    prefix = cls.model_config.get("env_prefix", "")
    return [
        str(field.validation_alias or f"{prefix}{name}".upper()) for name, field in cls.model_fields.items()
    ]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_setting_is_in_the_reference(cls: type[BaseSettings]) -> None:
    text = (DOCS / "reference" / "settings.md").read_text(encoding="utf8")
    assert [name for name in variables(cls) if f"`{name}`" not in text] == []


def test_every_layer_and_its_fields_are_in_the_reference() -> None:
    text = (DOCS / "reference" / "layers.md").read_text(encoding="utf8")
    missing = [layer for layer in LAYERS if f"`{layer}`" not in text]
    for layer in LAYERS.values():
        missing += [f"{layer.id}.{field.name}" for field in layer.fields if f"`{field.name}`" not in text]
    assert missing == []


def _commands(name: str, command: Any) -> list[str]:
    below = getattr(command, "commands", None)
    if not below:
        return [name]
    return [found for word, each in below.items() for found in _commands(f"{name} {word}", each)]


def test_every_command_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "commands.md").read_text(encoding="utf8")
    names = [
        name
        for entry in find_entries()
        for name in _commands(f"twin {entry}", typer.main.get_command(make_app(entry)).commands[entry])  # type: ignore[attr-defined]
    ]
    assert len(names) > 20
    assert [name for name in names if f"`{name}`" not in text] == []


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]
    links = [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf8"))
    ]
    assert [f"{page.name} → {target}" for page, target in links if not (page.parent / target).exists()] == []
