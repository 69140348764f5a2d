"""Who gets in where: a walk through every route of both API documents, made from the documents themselves."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import Doors
from tests.api.seeding import MARKS, PRIVATE_CODE, PUBLIC_CODE, USERS
from twin.layers import LAYERS

ELEMENT, HIDDEN_ELEMENT = "0public000000000000001", "PRIVATE0000000000000b1"
HIDDEN_JOB = "00000000-0000-0000-0000-00000000000a"
HIDDEN_PARCEL = "PRIVATE-2"
VALUES: dict[
    str, list[str]
] = {  # path parameter → what it may be: something public first, something hidden last
    "code": [PUBLIC_CODE, PRIVATE_CODE],
    "period": ["2025-10"],
    "model_id": ["1", "2", "3"],
    "global_id": [ELEMENT, HIDDEN_ELEMENT],
    "job_id": [HIDDEN_JOB],
    "featureId": ["1", "2", "11", "12", "13"],
    "tileMatrix": ["0", "14"],
    "number": ["1"],
    "guid": ["7ddc3ef0-0ab7-43f1-918a-45e38b42369c"],
    "view": ["a1b2c3d4-0000-4000-8000-000000000001"],
    "name": ["key-works"],
    "tileRow": ["0", "6591"],
    "tileCol": ["0", "13453"],
    "key": ["demolition"],
    "sha256": ["0" * 64],
    "upload_id": ["0" * 32],
    "target": ["land_parcels"],
    "template": ["测绘院"],
    "parcel_no": ["DK-0001", HIDDEN_PARCEL],
    "styleId": ["projects-light", "bim-progress"],
}
PUBLIC = {  # what anybody may call, and see public rows and fields of
    "GET /api/v1/projects",
    "GET /api/v1/projects/{code}",
    "GET /api/v1/projects/{code}/stages",
    "GET /api/v1/projects/{code}/milestones",
    "GET /api/v1/projects/{code}/progress",
    "GET /api/v1/projects/{code}/light",
    "GET /api/v1/projects/{code}/overlap",
    "GET /api/v1/projects/{code}/models",
    "GET /api/v1/models/{model_id}",
    "GET /api/v1/models/{model_id}/elements",
    "GET /api/v1/models/{model_id}/elements/{global_id}",
    "GET /api/v1/models/{model_id}/tree",
    "GET /api/v1/models/{model_id}/revisions",
    "GET /api/v1/models/{model_id}/states",
    "GET /api/v1/projects/{code}/elements",
    "GET /api/v1/projects/{code}/models/federation",
    "GET /api/v1/step-templates",
    "GET /api/v1/step-templates/{key}",
    "GET /api/v1/land/parcels",
    "GET /api/v1/land/parcels/{parcel_no}",
    "GET /api/v1/land/released",
    "GET /api/v1/land/availability",
    "GET /api/v1/ids",
    "GET /api/v1/ids/{name}",
    "GET /api/v1/spatial/duplicates",
}
NOT_SEEDED = {  # public too, of a model with two revisions and a scene, which the seeded one has not
    "GET /api/v1/models/{model_id}/diff",
    "GET /api/v1/models/{model_id}/scene",
    "GET /api/v1/models/{model_id}/scene.glb",
    "GET /api/v1/models/{model_id}/scene/elements.json",
    "GET /api/v1/models/{model_id}/scene/tileset.json",
    "GET /api/v1/models/{model_id}/scene/{sha256}.glb",
}
ASKED = {  # public too, with parameters or a body; tests/api/test_spatial.py walks them
    *(
        f"POST /api/v1/spatial/{question}"
        for question in ("within", "intersects", "nearest", "buffer", "corridor")
    ),
    *(f"GET /api/v1/spatial/{question}" for question in ("view", "change", "summary")),
}
OWNED = ("/overlap/runs/", "/uploads/", "/preview")  # who may not see one is told that there is none
TUS = {"Tus-Resumable": "1.0.0"}
PLACE = {"crs": "EPSG:4527", "eastings": 39371200.0, "northings": 3671300.0, "reason": "控制点"}
STEPS = [{"key": "done", "title_zh": "完成", "title_en": "Done", "weight": 1}]
LINE = {"type": "LineString", "coordinates": [[115.615, 33.14], [115.615, 33.17]]}
SQUARE = [[115.61, 33.15], [115.62, 33.15], [115.62, 33.16], [115.61, 33.15]]
BODIES: dict[str, dict[str, Any]] = {  # a body that is right, so that the caller is what is wrong
    "PUT /api/v1/projects/{code}/progress/{period}": {"json": {"percents": {"M1": 50}}},
    "POST /api/v1/overlap": {"json": {"subject": {"geometry": {"type": "Polygon", "coordinates": [SQUARE]}}}},
    "POST /api/v1/projects/{code}/models": {
        "files": {"file": ("a.ifc", b"ISO-10303-21;")},
        "data": {"name": "a"},
    },
    "POST /api/v1/models/{model_id}/checks": {"json": {"kind": "schema"}},
    "POST /api/v1/models/{model_id}/issues": {"json": {"title": "问题"}},
    "PATCH /api/v1/models/{model_id}/issues/{guid}": {"json": {"status": "Closed"}},
    "POST /api/v1/models/{model_id}/issues/{guid}/comments": {"json": {"text": "评论"}},
    "POST /api/v1/models/{model_id}/bcf": {"files": {"file": ("a.bcf", b"PK")}},
    "PATCH /api/v1/models/{model_id}/elements": {"json": [{"global_id": ELEMENT, "percent": 50}]},
    "PATCH /api/v1/models/{model_id}": {"json": {"name": "桥梁模型"}},
    "DELETE /api/v1/models/{model_id}": {"params": {"reason": "停用"}},
    "POST /api/v1/models/{model_id}/carry-over": {"json": {"pairs": "all"}},
    "POST /api/v1/models/{model_id}/placement/preview": {"json": PLACE},
    "PUT /api/v1/models/{model_id}/placement": {"json": PLACE},
    "POST /api/v1/models/{model_id}/progress/proposals": {"json": {"accept": "all"}},
    "POST /api/v1/models/{model_id}/revisions/{number}/withdraw": {"json": {"reason": "作废"}},
    "PUT /api/v1/step-templates/{key}": {
        "json": {"title_zh": "拆除", "title_en": "Demolition", "classes": ["IfcWall"], "steps": STEPS}
    },
    "POST /api/v1/uploads": {"headers": TUS | {"Upload-Length": "10"}},
    "DELETE /api/v1/uploads/{upload_id}": {"headers": TUS},
    "PATCH /api/v1/uploads/{upload_id}": {
        "headers": TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    },
    "POST /api/v1/uploads/{upload_id}/import": {"json": {"layer": "land_parcels"}},
    "DELETE /api/v1/uploads/templates/{target}/{template}": {},
    "DELETE /api/v1/overlap/runs/{job_id}": {},
    "POST /api/v1/uploads/{upload_id}": {"headers": TUS | {"X-HTTP-Method-Override": "DELETE"}},
    "POST /api/v1/land/parcels/{parcel_no}/transitions": {"json": {"to": "held", "reason": "变更"}},
    "POST /api/v1/land/parcels/{parcel_no}/reservations": {"json": {"project": PUBLIC_CODE}},
    "DELETE /api/v1/land/parcels/{parcel_no}/reservations": {"json": {"project": PUBLIC_CODE}},
    "POST /api/v1/land/parcels/{parcel_no}/split": {"json": {"reason": "分割", "line": LINE}},
    "POST /api/v1/land/parcels/{parcel_no}/release": {"json": {"reason": "盘活"}},
    "POST /api/v1/land/matches": {"json": {"area_mu": 60}},
    "POST /api/v1/land/merges": {"json": {"reason": "合并", "parcels": ["DK-0001", "DK-100001"]}},
    "POST /api/v1/land/parcels/{parcel_no}/idle": {"json": {"to": "suspected", "reason": "核查"}},
    "PATCH /api/v1/land/parcels/{parcel_no}/facts": {"json": {"reason": "填报", "built_share": 0.1}},
    "POST /api/v1/land/parcels/{parcel_no}/suspensions": {
        "json": {"starts_on": "2025-01-01", "cause": "government", "reason": "规划调整"}
    },
    "PATCH /api/v1/land/parcels/{parcel_no}/suspensions/{number}": {"json": {"ends_on": "2025-06-01"}},
}
EXTRAS = [  # addresses outside of the documents, and parameters that reach further
    "/", "/?part=list", "/?part=sketch", f"/?sel={PRIVATE_CODE}", f"/?sel={PUBLIC_CODE}", f"/?part=card&sel={PUBLIC_CODE}",
    f"/?part=overlap&sel={PUBLIC_CODE}", "/?q=PRIVATE", "/login", "/docs", "/openapi.json", "/metrics", "/readyz",
    "/api/v1/projects?q=PRIVATE", "/api/v1/projects?q=INTERNAL", "/api/v1/projects?light=red",
    f"/api/v1/projects/{PUBLIC_CODE}/overlap?layers=projects,land_parcels,control_areas&geometry=true",
    "/land", "/land?part=ledger&state=ready", "/land?parcel=PRIVATE-2", "/land?part=parcel&parcel=DK-0001",
    "/api/v1/spatial/view?bbox=114,32,118,35&layers=projects,land_parcels,farmland,bim_elements",
    "/api/v1/spatial/change?layer=projects&from=2020-01-01&to=2030-01-01", "/api/v1/spatial/summary?of=farmland&areas=farmland",
    "/api/v1/models/1/elements?q=PRIVATE", "/api/v1/land/parcels?after=O",
    *(f"/embed/{name}.geojson" for name in LAYERS), *(f"/tiles/{name}.json" for name in LAYERS),
    *(f"/embed/{name}.geojson?datetime=2026-01-01&geom=point" for name in LAYERS),
    *(f"/tiles/{name}/{tile}.mvt" for name in LAYERS for tile in ("0/0/0", "14/13453/6591", "14/13506/6558")),
    *(f"/ogc/collections/{name}/items?{query}" for name in LAYERS for query in (
        "f=html", "f=txt&encoding=utf-8", "limit=10000", "datetime=2026-01-01T00:00:00Z", "bbox=116.7,33.7,116.8,33.8", "sortby=-name")),
    *(f"/arcgis/rest/services/{name}/FeatureServer{path}" for name in LAYERS for path in (
        "", "/0", "/layers", "/0/1", "/0/2", "/0/13", *(f"/0/query?where=1=1&outFields=*&{query}" for query in (
            "f=json", "f=geojson", "f=pbf", "f=html", "returnIdsOnly=true", "returnExtentOnly=true", "time=1767225600000",
            "returnDistinctValues=true", "geometry=116.7,33.7,116.8,33.8&spatialRel=esriSpatialRelEnvelopeIntersects",
            'outStatistics=[{"statisticType":"max","onStatisticField":"name"},{"statisticType":"sum","onStatisticField":"area_m2"}]')))),
]  # fmt: skip


def operations(document: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for path, item in document["paths"].items():
        for method in item:
            yield method.upper(), prefix + path


def addresses(path: str) -> Iterator[str]:
    names = re.findall(r"\{(\w+)\}", path)
    for values in itertools.product(*(VALUES[name] for name in names)):
        yield path.format(**dict(zip(names, values, strict=True)))


def documents(doors: Doors) -> list[tuple[str, str]]:
    own = list(operations(doors.get("/openapi.json").json()))
    return own + list(operations(doors.get("/ogc/api").json(), "/ogc"))


def every_reading_address(doors: Doors) -> list[str]:
    reading = [path for method, path in documents(doors) if method == "GET"]
    assert len(reading) > 50
    walked = (address for path in reading for address in addresses(path))
    # An export is made by a job, and none runs here: its door need not wait for one.
    return [*EXTRAS, *(f"{each}?wait=0" if each.endswith("/export.ifc") else each for each in walked)]


def without_echo(content: bytes, address: str) -> str:
    """Return an answer without what the request itself had said."""
    text = content.decode("utf-8", "replace")
    for word in (
        PRIVATE_CODE,
        HIDDEN_ELEMENT,
        HIDDEN_JOB,
        HIDDEN_PARCEL,
        "q=PRIVATE",
        "q=INTERNAL",
        'value="PRIVATE"',
    ):
        if word.replace("q=", "") in address or word in address or 'value="' in word:
            text = text.replace(word, "")
    return text


def test_nobody_reads_a_private_row_or_an_internal_field_anywhere(doors: Doors) -> None:
    for address in every_reading_address(doors):
        answer = doors.get(address)
        assert answer.status_code != 500, (address, answer.text)
        text = without_echo(answer.content, address)
        leaks = [mark for mark in MARKS if mark in text]
        assert not leaks, (address, leaks, text[:2000])


def test_the_walk_would_find_a_leak(doors: Doors) -> None:
    """The same walk with every right finds each mark: the marks are where the walk looks."""
    found = {
        mark
        for address in every_reading_address(doors)
        for mark in MARKS
        if mark in doors.get(address, "admin").text
    }
    assert found == set(MARKS)


def test_a_contractor_reads_nothing_of_other_projects_and_of_internal_land(doors: Doors) -> None:
    foreign = ("保密", "000000c1", "PRIVATE 农田", "PRIVATE owner")
    for address in every_reading_address(doors):
        answer = doors.get(address, "contractor")
        assert answer.status_code != 500, address
        text = without_echo(answer.content, address)
        assert not [mark for mark in foreign if mark in text], (address, text[:2000])


def test_every_operation_is_either_public_or_asks_who_calls(doors: Doors) -> None:
    named = {f"{method} {path}" for method, path in documents(doors) if not path.startswith("/ogc")}
    assert named >= PUBLIC | NOT_SEEDED | ASKED
    for name in sorted(named - PUBLIC - NOT_SEEDED - ASKED):
        method, path = name.split(" ")
        for address in addresses(path):
            answer = doors.request(method, address, **BODIES.get(name, {}))
            hidden = PRIVATE_CODE in address or "/models/2" in address or "/models/3" in address
            hidden = hidden or any(part in address for part in OWNED)
            assert answer.status_code in ((401, 404) if hidden else (401,)), (name, address, answer.text)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_what_is_public_answers_nobody_with_public_rows_and_hides_the_others(doors: Doors, name: str) -> None:
    path = name.partition(" ")[2]
    every = list(addresses(path))
    assert doors.get(every[0]).status_code == 200
    for address in every[1:]:
        assert doors.get(address).status_code == 404, address


def test_reading_rights_without_writing_rights_do_not_write(doors: Doors) -> None:
    for name, body in BODIES.items():
        method, path = name.split(" ")
        address = next(addresses(path))
        if name not in ("POST /api/v1/overlap", "POST /api/v1/land/matches"):
            refused = (403, 404) if any(part in address for part in OWNED) else (403,)
            assert doors.request(method, address, "auditor", **body).status_code in refused, name


def test_a_contractor_writes_for_its_own_project_alone(doors: Doors) -> None:
    body = {"json": {"percents": {"PRIVATE-M": 50}}}
    path = f"/api/v1/projects/{PRIVATE_CODE}/progress/2025-10"
    assert doors.request("PUT", path, "contractor", **body).status_code == 404


EDITORS: dict[
    str, dict[str, str]
] = {  # layer → login → whose rows it may change; by `domain.md` §2, not by the code
    "land_parcels": {"admin": "all", "planner": "all"},
    "control_areas": {"admin": "all", "planner": "all"},
    "projects": {"admin": "all", "division": "all", "task_force": "own"},
    "bim_elements": {"admin": "all", "division": "all", "task_force": "own", "contractor": "own"},
    "bim_models": {},
    "project_points": {},
}
OWN, FOREIGN = {"projects": 1, "bim_elements": 11}, {"projects": 2, "bim_elements": 13}
LOGINS = [None, *USERS]


def tried(doors: Doors, method: str, path: str, login: str | None) -> int:
    """Try an edit that fails behind the door: by a property that is none, or by a tag that is never right."""
    if method == "POST":
        body = {"type": "Feature", "geometry": None, "properties": {"no such property": 1}}
        return doors.request(method, path, login, json=body).status_code
    body = {"type": "Feature", "properties": {}}
    return doors.request(method, path, login, json=body, headers={"If-Match": '"never"'}).status_code


def allowed(doors: Doors, path: str, login: str | None) -> set[str]:
    answer = doors.request("OPTIONS", path, login)
    assert answer.status_code == 204, (path, login)
    return set(answer.headers["Allow"].split(", ")) - {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("layer", list(LAYERS))
def test_who_creates_features_is_who_the_matrix_names(doors: Doors, layer: str, login: str | None) -> None:
    path = f"/ogc/collections/{layer}/items"
    may = EDITORS[layer].get(login or "") == "all" and layer != "bim_elements"
    offered = layer in ("land_parcels", "control_areas", "projects")
    refused = 401 if login is None else 403
    assert tried(doors, "POST", path, login) == (400 if may else refused if offered else 405)
    assert allowed(doors, path, login) == ({"POST"} if may else set())


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("layer", [name for name in LAYERS if EDITORS[name]])
def test_who_changes_a_feature_is_who_the_matrix_names(doors: Doors, layer: str, login: str | None) -> None:
    reach = EDITORS[layer].get(login or "")
    methods = {"PUT", "PATCH"} if layer == "bim_elements" else {"PUT", "PATCH", "DELETE"}
    for feature in (OWN.get(layer, 1), FOREIGN.get(layer, 2)):
        path = f"/ogc/collections/{layer}/items/{feature}"
        seen = doors.get(path, login).status_code == 200
        may = reach == "all" or (reach == "own" and feature == OWN[layer])
        refused = 401 if login is None else 403 if seen else 404
        for method in methods:
            assert tried(doors, method, path, login) == (412 if may else refused), (method, path)
        if seen:
            assert allowed(doors, path, login) == (methods if may else set()), path


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_layer_that_is_only_read_says_so_to_everybody(doors: Doors, method: str) -> None:
    for layer in ("bim_models", "project_points"):
        for login in LOGINS:
            assert tried(doors, method, f"/ogc/collections/{layer}/items/1", login) == 405


def test_a_refused_edit_shows_nothing_that_the_caller_may_not_read(doors: Doors) -> None:
    for layer in EDITORS:
        for feature in (1, 2, 11, 12, 13, 999_999):
            path = f"/ogc/collections/{layer}/items/{feature}"
            for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
                answer = doors.request(method, path, json={"type": "Feature", "properties": {"name": "x"}})
                assert not [mark for mark in MARKS if mark in answer.text], (method, path, answer.text)
