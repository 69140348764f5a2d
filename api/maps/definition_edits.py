"""Editing in the API definition: only what this caller may do (Features Part 4, 20-002)."""

from typing import Final

from api.maps.asked import GEOJSON
from api.maps.definition_parts import Json
from twin.editing import Abilities

MERGE_PATCH: Final = "application/merge-patch+json"
_FAILURES: Final = ("400", "401", "403", "404", "409", "412", "415", "422", "500")


def edit_operations(layer_id: str, may: Abilities) -> Json:
    """Return the operations that change features, by path and method.

    Parameters
    ----------
    may : Abilities
        What the caller may do; the rest is not described.
    """
    items = f"/collections/{layer_id}/items"
    item = f"{items}/{{featureId}}"
    created = {
        "description": "Created; Location names it 已新建",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
    changed = {"description": "Changed 已修改"}
    found: Json = {items: {}, item: {}}
    if may.create:
        found[items]["post"] = _operation(layer_id, "create", ["content-crs"], {"201": created}, GEOJSON)
    if may.replace:
        shared = ["featureId", "if-match", "content-crs"]
        found[item]["put"] = _operation(layer_id, "replace", shared, {"204": changed}, GEOJSON)
    if may.update:
        shared = ["featureId", "if-match", "content-crs"]
        found[item]["patch"] = _operation(layer_id, "update", shared, {"204": changed}, MERGE_PATCH)
    if may.delete:
        gone = {"204": {"description": "Deleted 已删除"}}
        found[item]["delete"] = _operation(layer_id, "delete", ["featureId", "if-match"], gone)
    return found


def _operation(
    layer_id: str, verb: str, shared: list[str], answers: Json, media_type: str | None = None
) -> Json:
    failed = {"$ref": "#/components/responses/problem"}
    document: Json = {
        "operationId": f"{layer_id}.{verb}",
        "summary": f"{verb} {layer_id}",
        "tags": [layer_id],
        "security": [{"bearer": []}],
        "parameters": [{"$ref": f"#/components/parameters/{key}"} for key in [*shared, "lang"]],
        "responses": {**answers, **dict.fromkeys(_FAILURES, failed)},
    }
    if media_type is not None:
        schema = {"type": "object"} if media_type == MERGE_PATCH else {"$ref": "#/components/schemas/feature"}
        document["requestBody"] = {"required": True, "content": {media_type: {"schema": schema}}}
    return document
