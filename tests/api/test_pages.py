"""The pages as the server writes them, without any script."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

from api import pages, rendering
from api.front_end import Assets
from api.i18n import CATALOGUES, catalogue
from api.one_map import Level
from api.pages import Sources, routes
from tests.api.visitor import Visitor
from tests.rows import add_project
from twin.errors import ForbiddenError, UnauthenticatedError
from twin.identity import ANONYMOUS, Caller

LEVELS = (
    Level(1, "green", "正常", "On plan", "#11aa11"),
    Level(2, "yellow", "预警", "Warning", "#bbbb22"),
    Level(3, "red", "滞后", "Behind", "#cc3333"),
    Level(0, "grey", "未评估", "Not assessed", "#778899"),
)
BUREAU_HEAD = Caller(user_id=1, login="head", display_name="局长 王某某", roles=frozenset({"director"}))
OPEN = "341299-2025-03-0128-4"
CLOSED = "341299-2024-05-0017-3"

# The worked example of the overlap rules: areas from the survey formula, not from our own code.
OVERLAP: dict[str, Any] = {
    "subject": {"area_m2": 27988.57, "area_mu": 41.98286, "area_ha": 2.798857, "crs_overlay": "EPSG:4527"},
    "layers": [
        {
            "layer": "land_parcels",
            "title": {"zh": "储备地块", "en": "Reserve parcels"},
            "hit": True,
            "area_m2": 7996.74,
            "area_mu": 11.9951,
            "area_ha": 0.799674,
            "share_of_subject": 28.57,
            "pieces": 1,
            "items": [
                {
                    "id": 7,
                    "code": "CB-2025-007",
                    "name": "河西储备地块",
                    "area_m2": 7996.74,
                    "area_mu": 11.9951,
                    "share_of_subject": 28.57,
                    "share_of_feature": 30.76,
                    "geometry": {"type": "Point", "coordinates": [115.62, 33.16]},
                }
            ],
        },
        {
            "layer": "heritage",
            "title": {"zh": "历史文化保护", "en": "Heritage zones"},
            "hit": False,
            "items": [],
        },
    ],
    "slivers": {"count": 1, "area_m2": 0.3},
}


class Door:
    """A small application with nothing but the pages, whose caller a test may change."""

    def __init__(self, session: Session) -> None:
        self.caller = ANONYMOUS
        self.refusal: Exception | None = None
        app = FastAPI()
        app.include_router(routes(self._sources(session)))
        self.client = Visitor(app)

    def _sources(self, session: Session) -> Sources:
        return Sources(
            caller=lambda: self.caller,
            session=lambda: session,
            levels=lambda _session: LEVELS,
            overlap=self._overlap,
            sign_in=self._sign_in,
            sign_out=lambda _session, _value: None,
            cookie="twin_session",
        )

    def _overlap(self, _session: Session, _caller: Caller, _code: str) -> Mapping[str, Any]:
        if self.refusal is not None:
            raise self.refusal
        return OVERLAP

    def _sign_in(self, _session: Session, token: str) -> str:
        if token != "right":
            raise UnauthenticatedError("unknown", "不存在")
        return "value-of-the-session"

    def read(self, path: str) -> str:
        """Return a page that must be there."""
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def door(session: Session, monkeypatch: pytest.MonkeyPatch) -> Door:
    assets = Assets("/dashboard/assets/index.js", ("/dashboard/assets/index.css",))
    for module in (pages, rendering):
        monkeypatch.setattr(module, "find_assets", lambda: assets)
    add_project(session)
    add_project(session, code=CLOSED, name="内部审批中的产业园", stage="design", public=False)
    session.flush()
    return Door(session)


def set_light(session: Session, code: str, light: str, light_code: int) -> None:
    """Give a project a light under the rule set that the map shows."""
    session.execute(
        text(
            """INSERT INTO light_evaluation (project_id, rule_set_id, preset, as_of, outcome, light, light_code,
              held, inputs, reasons)
            SELECT p.id, r.id, r.preset, :day, :light, :light, :light_code, 0, '{}', '[]'
            FROM project p, light_rule_set r WHERE p.code = :code AND r.active"""
        ),
        {"code": code, "light": light, "light_code": light_code, "day": date(2025, 10, 31)},
    )


def add_active_rule_set(session: Session) -> None:
    session.execute(
        text(
            """INSERT INTO light_rule_set (preset, version, title_zh, title_en, source, levels, rule, active)
            SELECT 'test', 1, '测试', 'test', 'test', '[]', '{}', true
            WHERE NOT EXISTS (SELECT FROM light_rule_set WHERE active)"""
        )
    )


def test_list_shows_name_archive_number_stage_and_light_without_any_script(door: Door) -> None:
    page = door.read("/?lang=zh")
    for shown in ("示范区滨河路停车场工程", OPEN, "市政设施", "施工", "未评估"):
        assert shown in page


def test_anonymous_caller_sees_no_internal_project_and_no_person(door: Door) -> None:
    page = door.read(f"/?sel={OPEN}")
    assert "内部审批中的产业园" not in page
    assert CLOSED not in page
    assert "甲某某" not in page


def test_bureau_head_sees_internal_projects_and_the_person_in_charge(door: Door) -> None:
    door.caller = BUREAU_HEAD
    page = door.read(f"/?sel={CLOSED}&lang=zh")
    assert "内部审批中的产业园" in page
    assert "甲某某" in page
    assert "局长 王某某" in page


def test_internal_project_cannot_be_told_from_an_unknown_one(door: Door) -> None:
    hidden = door.read(f"/?sel={CLOSED}&part=card&lang=zh").replace(CLOSED, "X")
    assert hidden == door.read("/?sel=NO-SUCH&part=card&lang=zh").replace("NO-SUCH", "X")


def test_counts_and_investment_are_those_of_the_visible_projects(door: Door) -> None:
    assert "CNY 123.5 M" in door.read("/?lang=en")
    door.caller = BUREAU_HEAD
    assert "CNY 246.9 M" in door.read("/?lang=en")


def test_filter_by_light_narrows_the_list_and_leaves_the_totals(door: Door, session: Session) -> None:
    door.caller = BUREAU_HEAD
    add_active_rule_set(session)
    set_light(session, CLOSED, "red", 3)
    page = door.read("/?light=red&lang=en")
    assert "内部审批中的产业园" in page
    assert "示范区滨河路停车场工程" not in page
    assert "1 of 2 projects" in page
    assert "50.0% of all" in page


@pytest.mark.parametrize(
    "query", ["q=滨河路", "q=0128-4", "stage=construction", "purpose=infrastructure&q=停车场"]
)
def test_search_finds_the_project_by_name_number_stage_and_purpose(door: Door, query: str) -> None:
    assert OPEN in door.read(f"/?{query}")


def test_search_that_finds_nothing_says_so(door: Door) -> None:
    page = door.read("/?q=没有这个&lang=zh")
    assert OPEN not in page
    assert "没有符合条件的项目" in page


def test_search_text_comes_back_escaped(door: Door) -> None:
    page = door.read("/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_every_light_has_its_own_symbol_beside_its_colour(door: Door) -> None:
    tiles = re.findall(r'data-light="(\w+)".*?viewBox[^>]*>(.*?)</svg>', door.read("/"), re.DOTALL)
    shapes = {light: re.sub(r"#[0-9a-f]{6}", "", svg) for light, svg in tiles}
    assert list(shapes) == ["green", "yellow", "red", "grey"]
    assert len(set(shapes.values())) == 4


def test_sketch_draws_the_red_line_in_the_colour_of_the_palette(door: Door) -> None:
    sketch = door.read("/?part=sketch")
    assert re.search(r'class="footprint"[^>]*fill="#778899"[^>]*d="M ?115\.\d+ -3[23]\.\d+', sketch)
    assert f'data-code="{OPEN}"' in sketch


def test_card_shows_the_overlap_in_three_units_with_shares(door: Door) -> None:
    door.caller = BUREAU_HEAD
    page = door.read(f"/?sel={OPEN}&lang=zh")
    for figure in ("27,988.57", "7,996.74", "11.9951", "0.7997", "28.57%", "30.76%"):
        assert figure in page
    assert "无压占的图层：历史文化保护" in page
    assert "已忽略碎图斑 1 块，合计 0.30 平方米" in page


def test_card_part_does_not_compute_the_overlap(door: Door) -> None:
    door.refusal = AssertionError("the overlap was computed")
    assert OPEN in door.read(f"/?sel={OPEN}&part=card")


@pytest.mark.parametrize("refusal", [UnauthenticatedError("no", "否"), ForbiddenError("no", "否")])
def test_refused_overlap_leaves_the_rest_of_the_page(door: Door, refusal: Exception) -> None:
    door.refusal = refusal
    page = door.read(f"/?sel={OPEN}&lang=zh")
    assert "登录并具有相应权限后可查看压占分析" in page
    assert "示范区滨河路停车场工程" in page


@pytest.mark.parametrize(("lang", "html"), [("zh", 'lang="zh-Hans"'), ("en", 'lang="en"')])
def test_page_is_in_the_language_asked_for_and_remembers_it(door: Door, lang: str, html: str) -> None:
    assert f"<html {html}>" in door.read(f"/?lang={lang}")
    assert f"<html {html}>" in door.read("/")


def test_both_catalogues_have_the_same_keys() -> None:
    assert set(catalogue("zh")) == set(catalogue("en"))


def test_every_message_named_in_a_template_exists() -> None:
    folder = CATALOGUES.with_name("templates")
    named = set()
    for template in folder.rglob("*.html"):
        named |= set(re.findall(r"""\bt\(["']([a-z_.]+)["'][,)]""", template.read_text(encoding="utf-8")))
    assert len(named) > 40
    assert named <= set(catalogue("zh"))


@pytest.mark.parametrize("path", ["/", f"/?sel={OPEN}", "/login", "/?part=list"])
def test_no_page_needs_an_exception_from_its_content_policy(door: Door, path: str) -> None:
    answer = door.client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert " style=" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)
    assert not re.search(r'<script(?![^>]*(src=|type="application/json"))', answer.text)
    assert not re.search(r'(src|href)="(https?:)?//(?!testserver)', answer.text)


def test_unchanged_list_answers_304_until_a_project_changes(door: Door, session: Session) -> None:
    first = door.client.get("/?part=list")
    again = {"If-None-Match": first.headers["ETag"]}
    assert door.client.get("/?part=list", headers=again).status_code == 304
    session.execute(text("UPDATE project SET name = '更名后的工程' WHERE code = :code"), {"code": OPEN})
    changed = door.client.get("/?part=list", headers=again)
    assert changed.status_code == 200
    assert "更名后的工程" in changed.text


def test_right_token_signs_in_with_a_cookie_that_scripts_cannot_read(door: Door) -> None:
    answer = door.client.post("/login", data={"token": " right "}, headers={"Origin": "http://testserver"})
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("twin_session=value-of-the-session")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_cookie_is_for_tls_only_where_the_page_came_over_tls(door: Door) -> None:
    over_tls = door.client.post("https://testserver/login", data={"token": "right"})
    assert "Secure" in over_tls.headers["Set-Cookie"]


def test_wrong_token_gives_no_cookie(door: Door) -> None:
    answer = door.client.post("/login", data={"token": "wrong"})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/login", "/logout"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_forms_of_another_site_are_refused(door: Door, path: str, headers: dict[str, str]) -> None:
    answer = door.client.post(path, data={"token": "right"}, headers=headers)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_sign_out_takes_the_cookie_away(door: Door) -> None:
    door.caller = BUREAU_HEAD
    answer = door.client.post("/logout", headers={"Origin": "http://testserver"})
    assert answer.status_code == 303
    assert 'twin_session=""' in answer.headers["Set-Cookie"]


def test_front_end_not_built_is_said_with_the_command(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pages, rendering):
        monkeypatch.setattr(module, "find_assets", lambda: None)
    answer = door.client.get("/")
    assert answer.status_code == 503
    assert "npm --prefix web run build" in answer.text
    assert door.client.get("/login").status_code == 200


def test_base_map_is_an_empty_collection_where_none_is_set(door: Door) -> None:
    answer = door.client.get("/basemap.geojson")
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert answer.json() == {"type": "FeatureCollection", "features": []}


def test_sketch_takes_its_frame_and_roads_from_the_base_map(
    session: Session, door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    basemap = tmp_path / "basemap.geojson"
    basemap.write_text(
        """{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"kind": "road"},
        "geometry": {"type": "LineString", "coordinates": [[115.0, 33.0], [116.0, 33.5]]}}]}""",
        encoding="utf-8",
    )
    sources = Sources(**{**vars(door._sources(session)), "basemap": basemap})
    app = FastAPI()
    app.include_router(routes(sources))
    page = Visitor(app).get("/?part=sketch").text
    # 1° wide and 0.04° of margin on each side: the road starts 0.04 / 1.08 of 1000 units from the left
    assert re.search(r'class="ground-road line" d="M37 \d', page)
