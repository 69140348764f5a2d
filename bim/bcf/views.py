"""Viewpoints of BCF: the classes of bcf-client of either version to plain values and back."""

import xml.etree.ElementTree as ElementTree
from types import ModuleType
from typing import Any

from bim.bcf.markup import bind, list_unknown
from bim.bcf.values import Viewpoint

_FIELD_OF_VIEW = (1.0, 170.0)  # what 2.1 allows, degrees


def read_view(tree: ElementTree.Element | None, model: ModuleType, guid: str, member: str) -> Viewpoint:
    """Read a viewpoint; without a file it has nothing but its GUID.

    Raises
    ------
    BcfError
        A value is missing or wrong.
    """
    if tree is None:
        return Viewpoint(guid)
    tree.attrib.setdefault("Guid", guid)
    for components in tree.findall("Components"):
        if components.find("Visibility") is None:
            visibility = ElementTree.SubElement(components, "Visibility")
            visibility.set("DefaultVisibility", "true")
    is_old = not hasattr(model, "VisualizationInfoBitmaps")
    for name in ("Bitmap/Bitmap", "Bitmaps/Bitmap/Format"):
        for kind in tree.findall(name):
            word = (kind.text or "").strip().lower().replace("jpeg", "jpg")
            kind.text = word.upper() if is_old else word
    info = bind(tree, model.VisualizationInfo, member)
    bitmaps = info.bitmap if is_old else getattr(info.bitmaps, "bitmap", [])
    return Viewpoint(
        guid=guid,
        camera=_camera(info),
        components=_components(info.components, is_old),
        clipping_planes=[
            {"location": _xyz(each.location), "direction": _xyz(each.direction)}
            for each in getattr(info.clipping_planes, "clipping_plane", [])
        ],
        lines=[
            {"start": _xyz(each.start_point), "end": _xyz(each.end_point)}
            for each in getattr(info.lines, "line", [])
        ],
        bitmaps=[_bitmap(each, is_old) for each in bitmaps],
        unknown=list_unknown(tree, model.VisualizationInfo),
    )


def make_view(view: Viewpoint, model: ModuleType, bitmap_names: dict[str, str]) -> Any:
    """Make the object of a viewpoint; bitmaps without bytes are left out."""
    is_old = not hasattr(model, "VisualizationInfoBitmaps")
    planes = [
        model.ClippingPlane(
            location=_point(model, each["location"]), direction=_direction(model, each["direction"])
        )
        for each in view.clipping_planes
    ]
    lines = [
        model.Line(start_point=_point(model, each["start"]), end_point=_point(model, each["end"]))
        for each in view.lines
    ]
    bitmaps = [
        _make_bitmap(each, bitmap_names[each["file"]], model, is_old)
        for each in view.bitmaps
        if each.get("file") in bitmap_names
    ]
    if is_old:
        kept: dict[str, Any] = {"bitmap": bitmaps}
    else:
        kept = {"bitmaps": model.VisualizationInfoBitmaps(bitmap=bitmaps) if bitmaps else None}
    return model.VisualizationInfo(
        guid=view.guid,
        components=_make_components(view.components, model, is_old),
        lines=model.VisualizationInfoLines(line=lines) if lines else None,
        clipping_planes=model.VisualizationInfoClippingPlanes(clipping_plane=planes) if planes else None,
        **_make_camera(view.camera, model, is_old),
        **kept,
    )


def _camera(info: Any) -> dict[str, Any] | None:
    camera = info.perspective_camera or info.orthogonal_camera
    if camera is None:
        return None
    found = {
        "type": "perspective" if info.perspective_camera else "orthogonal",
        "view_point": _xyz(camera.camera_view_point),
        "direction": _xyz(camera.camera_direction),
        "up": _xyz(camera.camera_up_vector),
    }
    for name in ("field_of_view", "view_to_world_scale", "aspect_ratio"):
        value = getattr(camera, name, None)
        if value is not None:
            found[name] = value
    return found


def _make_camera(camera: dict[str, Any] | None, model: ModuleType, is_old: bool) -> dict[str, Any]:
    if camera is None:
        return {}
    values: dict[str, Any] = {
        "camera_view_point": _point(model, camera["view_point"]),
        "camera_direction": _direction(model, camera["direction"]),
        "camera_up_vector": _direction(model, camera["up"]),
    }
    if not is_old:
        values["aspect_ratio"] = float(camera.get("aspect_ratio") or 4 / 3)
    if camera["type"] == "orthogonal":
        scale = float(camera.get("view_to_world_scale") or 10.0)
        return {"orthogonal_camera": model.OrthogonalCamera(view_to_world_scale=scale, **values)}
    angle = float(camera.get("field_of_view") or 60.0)
    if is_old:
        angle = min(max(angle, _FIELD_OF_VIEW[0]), _FIELD_OF_VIEW[1])
    return {"perspective_camera": model.PerspectiveCamera(field_of_view=angle, **values)}


def _components(components: Any, is_old: bool) -> dict[str, Any] | None:
    if components is None:
        return None
    visibility = components.visibility
    hints = components.view_setup_hints if is_old else getattr(visibility, "view_setup_hints", None)
    colours = [
        {
            "color": each.color,
            "components": _component_list(each.component if is_old else each.components.component),
        }
        for each in getattr(components.coloring, "color", [])
    ]
    return {
        "selection": _component_list(getattr(components.selection, "component", [])),
        "visibility": {
            "default": bool(getattr(visibility, "default_visibility", False)),
            "exceptions": _component_list(getattr(getattr(visibility, "exceptions", None), "component", [])),
            "hints": None
            if hints is None
            else {
                "spaces": bool(hints.spaces_visible),
                "space_boundaries": bool(hints.space_boundaries_visible),
                "openings": bool(hints.openings_visible),
            },
        },
        "coloring": colours,
    }


def _make_components(components: dict[str, Any] | None, model: ModuleType, is_old: bool) -> Any:
    if components is None:
        return None
    chosen = _make_list(components.get("selection"), model)
    seen = components.get("visibility") or {}
    exceptions = _make_list(seen.get("exceptions"), model)
    hints = _make_hints(seen.get("hints"), model)
    visibility = model.ComponentVisibility(
        default_visibility=bool(seen.get("default", True)),
        exceptions=model.ComponentVisibilityExceptions(component=exceptions) if exceptions else None,
        **({} if is_old else {"view_setup_hints": hints}),
    )
    return model.Components(
        selection=model.ComponentSelection(component=chosen) if chosen else None,
        visibility=visibility,
        coloring=_make_coloring(components.get("coloring") or [], model, is_old),
        **({"view_setup_hints": hints} if is_old else {}),
    )


def _make_hints(hints: dict[str, bool] | None, model: ModuleType) -> Any:
    if hints is None:
        return None
    return model.ViewSetupHints(
        spaces_visible=hints["spaces"],
        space_boundaries_visible=hints["space_boundaries"],
        openings_visible=hints["openings"],
    )


def _make_coloring(colours: list[dict[str, Any]], model: ModuleType, is_old: bool) -> Any:
    made = []
    for each in colours:
        parts = _make_list(each["components"], model)
        if not parts:
            continue
        if is_old:
            made.append(model.ComponentColoringColor(color=each["color"], component=parts))
        else:
            held = model.ComponentColoringColorComponents(component=parts)
            made.append(model.ComponentColoringColor(color=each["color"], components=held))
    return model.ComponentColoring(color=made) if made else None


def _component_list(components: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "ifc_guid": each.ifc_guid,
            "originating_system": each.originating_system,
            "authoring_tool_id": each.authoring_tool_id,
        }
        for each in components
    ]


def _make_list(components: list[dict[str, Any]] | None, model: ModuleType) -> list[Any]:
    return [
        model.Component(
            ifc_guid=each.get("ifc_guid"),
            originating_system=each.get("originating_system") or None,
            authoring_tool_id=each.get("authoring_tool_id") or None,
        )
        for each in components or []
    ]


def _bitmap(each: Any, is_old: bool) -> dict[str, Any]:
    kind = each.bitmap if is_old else each.format
    return {
        "format": str(kind.value).lower(),
        "file": each.reference,
        "location": _xyz(each.location),
        "normal": _xyz(each.normal),
        "up": _xyz(each.up),
        "height_m": each.height,
    }


def _make_bitmap(each: dict[str, Any], name: str, model: ModuleType, is_old: bool) -> Any:
    jpg = each["format"] in ("jpg", "jpeg")
    kind = model.BitmapFormat.JPG if jpg else model.BitmapFormat.PNG
    values = {
        "reference": name,
        "location": _point(model, each["location"]),
        "normal": _direction(model, each["normal"]),
        "up": _direction(model, each["up"]),
        "height": each["height_m"],
    }
    if is_old:
        return model.VisualizationInfoBitmap(bitmap=kind, **values)
    return model.Bitmap(format=kind, **values)


def _xyz(point: Any) -> list[float]:
    return [point.x, point.y, point.z]


def _point(model: ModuleType, values: list[float]) -> Any:
    return model.Point(x=float(values[0]), y=float(values[1]), z=float(values[2]))


def _direction(model: ModuleType, values: list[float]) -> Any:
    return model.Direction(x=float(values[0]), y=float(values[1]), z=float(values[2]))
