"""The BIM page of a project as the server writes it, without any script."""

import html
import json
import re
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from api import rendering
from api.bim import page_view, pages
from api.bim.page_view import AskedElements, list_quantities, list_storeys
from api.front_end import Assets
from api.i18n import Speech, catalogue
from tests.api.conftest import Doors
from tests.api.seeding import MARKS, PRIVATE_CODE, PUBLIC_CODE, PUBLIC_NAME
from twin.elements.figures import Group

PAGE = f"/projects/{PUBLIC_CODE}/bim"
WEB = Path(__file__).parents[3] / "web" / "src"
ELEMENT = "0public000000000000001"


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the front end, which need not be built here."""
    assets = Assets("/dashboard/assets/index.js", ("/dashboard/assets/index.css",))
    for module in (pages, rendering):
        monkeypatch.setattr(module, "find_assets", lambda: assets)


def read(doors: Doors, path: str, login: str | None = None) -> str:
    answer = doors.get(path, login)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def read_island(text: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="island">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def test_public_reader_sees_the_public_model_and_its_element_and_nothing_else(doors: Doors) -> None:
    text = read(doors, f"{PAGE}?lang=zh&sel={ELEMENT}")
    assert PUBLIC_NAME in text
    assert "桥梁模型" in text
    assert "1号墩柱" in text
    assert "已完成" in text
    assert "登录后可查看属性集和工程量" in text
    assert [mark for mark in MARKS if mark in text] == []


def test_insider_sees_property_sets_and_may_report_where_the_role_allows(doors: Doors) -> None:
    planner = read(doors, f"{PAGE}?lang=zh&sel={ELEMENT}", "planner")
    assert "INTERNAL" in planner
    assert 'id="report"' not in planner
    assert 'id="report"' in read(doors, f"{PAGE}?lang=zh&sel={ELEMENT}", "contractor")


def test_island_names_model_revision_and_rights(doors: Doors) -> None:
    anonymous, contractor = (read_island(read(doors, PAGE, login)) for login in (None, "contractor"))
    assert (anonymous["model"], anonymous["revision"], anonymous["revisions"]) == (1, 1, [1])
    assert (anonymous["may_place"], anonymous["may_report"]) == (False, False)
    assert (contractor["may_place"], contractor["may_report"]) == (True, True)


def test_island_names_other_models_only_to_those_who_may_see_them(doors: Doors) -> None:
    anonymous, contractor = (read_island(read(doors, PAGE, login)) for login in (None, "contractor"))
    assert anonymous["others"] == []
    assert anonymous["name"] == contractor["name"] == "桥梁模型"
    assert contractor["others"] == _others(doors) != []


def _others(doors: Doors) -> list[dict[str, object]]:
    with psycopg.connect(doors.seeded.url, row_factory=dict_row) as connection:
        return connection.execute(
            """SELECT m.id, m.name, r.number AS revision FROM bim_model m JOIN project p ON p.id = m.project_id
               JOIN bim_revision r ON r.id = m.current_revision_id
               WHERE p.code = %s AND m.id <> 1 ORDER BY m.id""",
            (PUBLIC_CODE,),
        ).fetchall()


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        ("model=999", "没有可查看的模型“999”"),
        ("model=2", "没有可查看的模型“2”"),  # a private model looks like one that does not exist
        ("model=1&revision=77", "没有版本“77”"),
        ("sel=nobody", "没有构件 nobody"),
        ("model=x&revision=-3&after=abc", "没有可查看的模型“x”"),
    ],
)
def test_link_that_outlived_what_it_names_gives_a_notice_and_the_rest_of_the_page(
    doors: Doors, query: str, notice: str
) -> None:
    text = read(doors, f"{PAGE}?lang=zh&{query}")
    assert notice in text
    assert "1号墩柱" in text


@pytest.mark.parametrize("code", ["no-such-project", PRIVATE_CODE])
def test_project_nobody_may_see_is_a_page_that_says_so(doors: Doors, code: str) -> None:
    answer = doors.get(f"/projects/{code}/bim?lang=zh")
    assert answer.status_code == 404
    assert "没有档案编号为" in answer.text


def test_list_is_narrowed_by_the_address_and_can_be_cleared(doors: Doors) -> None:
    assert "1 个构件" in read(doors, f"{PAGE}?lang=zh&part=elements&q=墩")
    text = read(doors, f"{PAGE}?lang=zh&part=elements&q=墙")
    assert "0 个构件" in text
    assert f'href="{PAGE}#elements"' in text


def test_parts_are_pieces_of_the_page_with_its_ids(doors: Doors) -> None:
    for part, mark in (("elements", "elements"), ("element", "element"), ("figures", "figures")):
        text = read(doors, f"{PAGE}?part={part}&sel={ELEMENT}")
        assert "<html" not in text
        assert f'id="{mark}"' in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_page_needs_an_exception_from_its_content_policy(doors: Doors, lang: str) -> None:
    answer = doors.get(f"{PAGE}?lang={lang}&sel={ELEMENT}", "admin")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]*(?:src=|application/json))", answer.text) == []
    assert re.findall(r"""\s(?:style|on\w+)=["']""", answer.text) == []


def test_storeys_stand_from_below_with_what_is_done(doors: Doors) -> None:
    groups = [
        Group("二层", "IfcWall", "done", 2),
        Group("一层", "IfcWall", "not_started", 3),
        Group("一层", "IfcSlab", "done", 1),
        Group(None, "IfcRailing", "done", 4),
    ]
    storeys = [{"name": "二层", "elevation_m": 3.9}, {"name": "一层", "elevation_m": 0.0}]
    rows = list_storeys(groups, storeys)
    assert [(row.name, row.n, row.done) for row in rows] == [("一层", 4, 1), ("二层", 2, 2), ("", 4, 4)]
    assert rows[0].classes == (("IfcWall", 3), ("IfcSlab", 1))


def test_quantity_out_of_the_shape_is_told_from_one_of_the_file() -> None:
    quantities = {
        "Qto_WallBaseQuantities": {"NetVolume": {"value": 3.38544, "unit": "m3", "source": "qto_net"}},
        "derived": {"Volume": {"value": 3.4, "unit": "m3", "source": "mesh"}},
    }
    rows = {row.name: row.value for each in list_quantities(quantities, Speech("zh")) for row in each.rows}
    assert rows == {"NetVolume": "3.385 m³", "Volume": "3.4 m³ (由几何推算)"}


def test_address_of_the_page_leaves_out_what_is_not_asked() -> None:
    asked = AskedElements(model="3", sel="0a$b")
    assert asked.href("A/1") == "/projects/A%2F1/bim?model=3&sel=0a%24b"
    assert page_view.read_number("9" * 30) is None


def test_every_message_that_a_script_names_exists_and_reaches_its_page(doors: Doors) -> None:
    sources = [*WEB.glob("bim/*.ts"), *WEB.glob("upload/*.ts")]
    named = {key for file in sources for key in re.findall(r'\bt\("([\w.]+)"', file.read_text("utf-8"))}
    assert len(named) > 60
    known = set(catalogue("zh"))
    assert {key for key in named if key not in known and f"map.{key}" not in known} == set()
    found = re.search(r'id="messages">(.*?)</script>', doors.get(PAGE).text, re.DOTALL)
    assert found is not None
    sent = json.loads(found[1])
    assert {key for key in named if key.startswith("bim.") and key not in sent} == set()
