"""New instances for an open model: values, property sets, relations, with GlobalIds that are the same every time."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

import ifcopenshell.guid

from bim.model import Instance, Model, list_instances
from bim.schema_names import IFC2X3

_NAMESPACE: Final = uuid.UUID("6f1d9c5e-3d0a-5a58-9d2b-4e0c8f1a7b21")
_MADE_AT: Final = 0  # IfcTimeStamp of an owner history that the file lacks: no time is invented


class Additions:
    """Makes instances in the schema of a file.

    Parameters
    ----------
    model : Model
        Open model.
    salt : str
        From which GlobalIds are derived.
    """

    def __init__(self, model: Model, salt: str) -> None:
        self._model, self._salt = model, salt
        self._owner: Instance | None = None
        self._count = 0
        self.old = model.file.schema_identifier == IFC2X3

    @property
    def owner(self) -> Instance | None:
        """The owner history for new roots: the project's; IFC2X3 demands one."""
        if self._owner is None:
            histories = [
                found
                for project in self._model.by_type("IfcProject")
                for found in list_instances(project.OwnerHistory)
            ]
            self._owner = next(iter([*histories, *self._model.by_type("IfcOwnerHistory")]), None)
            if self._owner is None and self.old:
                self._owner = self._new_owner()
        return self._owner

    def create(self, kind: str, **values: Any) -> Instance:
        """Make an instance that is no root."""
        return self._model.file.create_entity(kind, **values)

    def root(self, kind: str, key: str, **values: Any) -> Instance:
        """Make a root; `key` tells it from others of its class."""
        seed = uuid.uuid5(_NAMESPACE, f"{self._salt}:{kind}:{key}")
        global_id = ifcopenshell.guid.compress(seed.hex)
        return self._model.file.create_entity(kind, GlobalId=global_id, OwnerHistory=self.owner, **values)

    def label(self, text: str) -> Instance:
        """Make an IfcLabel, at most 255 letters."""
        return self._model.file.create_entity("IfcLabel", text[:255])

    def real(self, value: float) -> Instance:
        """Make an IfcReal."""
        return self._model.file.create_entity("IfcReal", float(value))

    def day(self, iso: str) -> Instance:
        """Make an IfcDate; IFC2X3 has no such value, a label there."""
        return self.label(iso) if self.old else self._model.file.create_entity("IfcDate", iso)

    def define(self, name: str, values: dict[str, Any], objects: Sequence[Instance]) -> Instance:
        """Give objects a property set of single values."""
        self._count += 1
        key = f"{name}:{self._count}"
        properties = [
            self.create("IfcPropertySingleValue", Name=each, NominalValue=value)
            for each, value in values.items()
        ]
        made = self.root("IfcPropertySet", key, Name=name, HasProperties=properties)
        self.root(
            "IfcRelDefinesByProperties", key, RelatedObjects=list(objects), RelatingPropertyDefinition=made
        )
        return made

    def _new_owner(self) -> Instance:
        person = self.create("IfcPerson", FamilyName="WorkTwin")
        organization = self.create("IfcOrganization", Name="WorkTwin")
        user = self.create("IfcPersonAndOrganization", ThePerson=person, TheOrganization=organization)
        application = self.create(
            "IfcApplication",
            ApplicationDeveloper=organization,
            Version="1",
            ApplicationFullName="WorkTwin",
            ApplicationIdentifier="worktwin",
        )
        return self.create(
            "IfcOwnerHistory",
            OwningUser=user,
            OwningApplication=application,
            ChangeAction="ADDED",
            CreationDate=_MADE_AT,
        )
