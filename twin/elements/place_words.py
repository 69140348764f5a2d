"""A georeference in words: what was read, how sure it is, what speaks against it."""

from collections.abc import Mapping
from typing import Any, Final

from twin.elements.nearness import Nearness

# Method of a reading → Chinese, English.
METHODS: Final[dict[str, tuple[str, str]]] = {
    "placed_by_hand": ("人工定位", "placed by hand"),
    "map_conversion": ("地图转换 IfcMapConversion", "map conversion of the file"),
    "map_conversion_alone": ("仅地图转换（放置重复，已略去）", "map conversion alone, the doubled placement left out"),
    "map_conversion_degrees": ("以度表示的地图转换", "map conversion written in degrees"),
    "pset_map_conversion": ("属性集 ePSet_MapConversion", "map conversion in property sets"),
    "pset_map_conversion_alone": ("仅属性集转换（放置重复，已略去）", "property-set conversion alone, the doubled placement left out"),
    "pset_map_conversion_degrees": ("以度表示的属性集转换", "property-set conversion written in degrees"),
    "coordinates_alone": ("仅模型坐标（转换重复，已略去）", "the model's own coordinates, the doubled conversion left out"),
    "rigid_operation": ("刚性平移 IfcRigidOperation", "rigid operation of the file"),
    "rigid_operation_degrees": ("以度表示的刚性平移", "rigid operation in degrees"),
    "map_coordinates": ("模型自带地图坐标", "map-sized coordinates in the model"),
    "world_coordinates": ("上下文世界坐标系", "world coordinate system of the context"),
    "site_lat_lon": ("场地经纬度", "latitude and longitude of the site"),
    "site_lat_lon_swapped": ("场地经纬度（写反）", "latitude and longitude of the site, exchanged"),
    "site_gcj02": ("场地经纬度（按 GCJ-02 还原）", "latitude and longitude of the site, taken as GCJ-02"),
}  # fmt: skip
CONFIDENCES: Final = {"high": "高", "medium": "中", "low": "低", "none": "无"}


def name_method(method: str | None) -> dict[str, str] | None:
    """Return a method's name in both languages.

    >>> name_method("placed_by_hand")
    {'zh': '人工定位', 'en': 'placed by hand'}
    """
    if method is None:
        return None
    zh, en = METHODS.get(method, (method, method))
    return {"zh": zh, "en": en}


def describe_place(georeference: Mapping[str, Any] | None, nearness: Nearness | None) -> list[str]:
    """Say in lines where a model lies and why that is believed.

    Parameters
    ----------
    georeference : mapping or None
        As stored with a revision.
    """
    if not georeference:
        return ["not known yet 尚无地理参考"]
    lines = [_head(georeference)]
    origin = georeference.get("origin") or {}
    if georeference.get("crs"):
        lines.append(f"{georeference['crs']}: {_origin(origin)}, {_turn(georeference)}")
    if nearness is not None:
        lines.append(
            f"{nearness.distance_m:,.1f} m from the red line, {nearness.inside_share:.1f} % inside it "
            f"(距红线 {nearness.distance_m:,.1f} m，线内 {nearness.inside_share:.1f} %)"
        )
    lines += [f"evidence 依据: {each}" for each in georeference.get("evidence") or []]
    lines += [f"! {each}" for each in georeference.get("warnings") or []]
    file = georeference.get("file")
    if file:
        lines.append(f"the file itself says 文件自述: {_head(file)}")
    return lines


def _head(georeference: Mapping[str, Any]) -> str:
    confidence = str(georeference.get("confidence", "none"))
    shown = f"{confidence} {CONFIDENCES.get(confidence, '')}".strip()
    level = georeference.get("level", 0)
    if not georeference.get("placed", confidence != "none"):
        return f"not on the map 未定位 (level 级别 {level}): place it by hand 请人工定位"
    name = name_method(georeference.get("method")) or {"zh": "?", "en": "?"}
    return f"{name['en']} {name['zh']} (level 级别 {level}), confidence 置信度 {shown}"


def _origin(origin: Mapping[str, Any]) -> str:
    if origin.get("e") is None:
        return "origin unknown 原点未知"
    text = f"E {origin['e']:.3f} N {origin['n']:.3f} H {origin['h']:.3f}"
    if origin.get("lon") is not None:
        text += f" ({origin['lon']:.7f}°, {origin['lat']:.7f}°)"
    return text


def _turn(georeference: Mapping[str, Any]) -> str:
    text = f"turned 旋转 {georeference.get('rotation_deg', 0.0):.4f}°"
    scale = georeference.get("scale_factor", 1.0)
    return text if scale is None or abs(scale - 1.0) < 1e-9 else f"{text}, scale 尺度 {scale:.6f}"
