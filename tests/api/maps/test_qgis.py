"""QGIS opens our files and draws what the rule says: layer definitions, the project, tiles with our style."""

import json
from pathlib import Path

import httpx
import pytest

from tests import qgis
from tests.api.conftest import Doors
from tests.api.seeding import PRIVATE_CODE
from twin.layers.themes import FIXED_THEMES

INSIDE = ("115.612", "33.152", "115.618", "33.158")  # within the seeded project's square
STYLES = [rule.id for rule in FIXED_THEMES if rule.layer == "projects"] + ["projects-light"]
needs_qgis = pytest.mark.skipif(not qgis.is_here(), reason=qgis.REASON)

DEFINITIONS = """
box = [float(part) for part in sys.argv[1:5]]
for path in sys.argv[5:]:
    project = QgsProject()
    done, why = QgsLayerDefinition.loadLayerDefinition(path, project, project.layerTreeRoot())
    layers = [node.layer() for node in project.layerTreeRoot().findLayers()]
    assert done and len(layers) == 1 and layers[0].isValid(), why
    print(layers[0].name(), colours(draw(layers, *box))[0][0], sep="|")
"""
TILES = """
import json
box = [float(part) for part in sys.argv[2:6]]
source = f"type=xyz&url={sys.argv[1]}/tiles/projects/{{z}}/{{x}}/{{y}}.mvt&zmin=0&zmax=16"
for path in sys.argv[6:]:
    layer = QgsVectorTileLayer(source, "projects")
    converter = QgsMapBoxGlStyleConverter()
    assert converter.convert(json.load(open(path)), QgsMapBoxGlStyleConversionContext()) == 0, converter.errorMessage()
    layer.setRenderer(converter.renderer())
    print(colours(draw([layer], *box))[0][0])
"""
PROJECT = """
project = QgsProject.instance()
assert project.read(sys.argv[1])
print(project.title(), project.crs().authid(), sep="|")
for node in project.layerTreeRoot().findLayers():
    layer = node.layer()
    print(node.name(), node.isVisible(), layer.isValid(), layer.featureCount(), layer.fields()[0].alias(), sep="|")
box = project.viewSettings().defaultViewExtent()
back = QgsCoordinateTransform(MERCATOR, QgsCoordinateReferenceSystem("EPSG:4326"), project)
box = back.transformBoundingBox(QgsRectangle(box))
print(*(round(value, 4) for value in (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())))
"""


def on_paper(doors: Doors, style_id: str) -> str:
    """Return the colour that the seeded project has on white paper, worked out from style and feature."""
    legend = doors.get(f"/ogc/styles/{style_id}/legend?f=json").json()
    value = doors.get("/ogc/collections/projects/items").json()["features"][0]["properties"][legend["field"]]
    colour = next(
        (
            entry["colour"]
            for entry in legend["entries"]
            if ("value" in entry and entry["value"] == value)
            or ("least" in entry and value is not None and (entry["least"] is None or value >= entry["least"])
                and (entry["below"] is None or value < entry["below"]))
        ),
        legend["entries"][-1]["colour"],
    )  # fmt: skip
    if "ramp" in legend:  # progress is 60: halfway from 50 (#6aaed6) to 70 (#3586c0)
        assert value == 60
        colour = "#509acb"
    parts = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return "#" + "".join(
        f"{round(part * legend['opacity'] + 255 * (1 - legend['opacity'])):02x}" for part in parts
    )


def is_near(one: str, other: str) -> bool:
    return all(abs(int(one[k : k + 2], 16) - int(other[k : k + 2], 16)) <= 3 for k in (1, 3, 5))


def saved(url: str, path: Path) -> str:
    answer = httpx.get(url, timeout=60)
    assert answer.status_code == 200, answer.text
    path.write_bytes(answer.content)
    return str(path)


@needs_qgis
@pytest.mark.parametrize("kind", ["oapif", "tiles"])
def test_a_dragged_layer_has_the_colours_of_its_style(
    kind: str, live_url: str, doors: Doors, tmp_path: Path
) -> None:
    files = [
        saved(f"{live_url}/ogc/qgis/projects.qlr?kind={kind}&style={style}", tmp_path / f"{style}.qlr")
        for style in STYLES
    ]
    drawn = [line.split("|") for line in qgis.run(DEFINITIONS, tmp_path, *INSIDE, *files)]
    assert drawn[0][0] == "重点项目 · 项目进度"
    assert [
        (style, colour, on_paper(doors, style))
        for style, (_, colour) in zip(STYLES, drawn, strict=True)
        if not is_near(colour, on_paper(doors, style))
    ] == []


@needs_qgis
def test_vector_tiles_with_the_plain_style_show_the_colours_of_the_classes(
    live_url: str, doors: Doors, tmp_path: Path
) -> None:
    files = [
        saved(f"{live_url}/ogc/styles/{style}?f=mapbox-plain", tmp_path / f"{style}.json") for style in STYLES
    ]
    drawn = qgis.run(TILES, tmp_path, live_url, *INSIDE, *files)
    assert [
        (style, colour, on_paper(doors, style))
        for style, colour in zip(STYLES, drawn, strict=True)
        if not is_near(colour, on_paper(doors, style))
    ] == []


@needs_qgis
def test_the_project_opens_with_every_layer_at_the_data(live_url: str, tmp_path: Path) -> None:
    path = saved(f"{live_url}/ogc/qgis/worktwin.qgs", tmp_path / "worktwin.qgs")
    head, *layers, box = qgis.run(PROJECT, tmp_path, path)
    assert head == "重点工程数字孪生 Key construction works|EPSG:3857"
    assert layers[:4] == [
        "项目标注点 · 项目进度|False|True|1|档案编号",
        "BIM 构件 · 构件进度|True|True|1|GlobalId",
        "BIM 模型|False|True|1|名称",
        "重点项目 · 项目进度|True|True|1|档案编号",
    ]
    west, south, east, north = (float(part) for part in box.split())
    assert (west, south) < (115.612, 33.152) < (115.618, 33.158) < (east, north)


def test_a_file_for_qgis_holds_what_its_reader_may_see(doors: Doors) -> None:
    public = doors.get("/ogc/qgis/projects.qlr").text
    internal = doors.get("/ogc/qgis/projects.qlr", "planner").text
    assert "lead_person" not in public
    assert "lead_person" in internal
    assert PRIVATE_CODE not in internal


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("projects.qlr?style=land-status", 404), ("projects.qlr?style=%27%22", 404), ("nothing.qlr", 404),
        ("projects.qlr?kind=wfs", 400), ("projects.qlr?colour=red", 400), ("bim_models.qlr", 200),
        ("project_points.qlr?style=projects-light&kind=tiles", 200),
    ],
)  # fmt: skip
def test_what_is_not_offered_is_refused(doors: Doors, path: str, status: int) -> None:
    assert doors.get(f"/ogc/qgis/{path}").status_code == status


def test_layers_of_details_are_drawn_from_their_first_zoom_on(doors: Doors) -> None:
    # zoom 14: 591,657,527.6 / 16,384
    assert 'minScale="36112"' in doors.get("/ogc/qgis/bim_elements.qlr").text
    assert json.dumps(doors.get("/ogc/qgis/projects.qlr").text).count("minScale") == 0
