"""What `twin up` prints at the end: the state of the site in a few lines, in both languages."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.service import base_url
from api.site import Site
from twin.alerts.queries import find_active_rule_set
from twin.db import make_engine, open_session
from twin.identity.caller import SYSTEM
from twin.land.compliance import Subject, compute_overlap
from twin.projects.queries import Portfolio, get_portfolio

# The project of the overlap shown: the first that lies on a reserve parcel, so that there is something to see.
_ON_RESERVE = text("""
SELECT p.code, p.name FROM project p JOIN project_footprint f ON f.project_id = p.id AND f.valid_to IS NULL
JOIN land_parcel l ON l.geom && f.geom AND ST_Area(ST_Intersection(l.geom, f.geom)) > 0
ORDER BY p.code LIMIT 1""")

_MODELS = text("""
SELECT m.name, p.code, count(e.id) AS elements, r.georeference ->> 'method' AS method
FROM bim_model m JOIN project p ON p.id = m.project_id
JOIN bim_revision r ON r.id = m.current_revision_id
LEFT JOIN layer_bim_elements(NULL) e ON e.model_id = m.id
GROUP BY m.id, p.code, r.id ORDER BY m.id""")


def render_summary(site: Site) -> str:
    """Render projects per light, elements per model, one overlap, the addresses and where the token lies."""
    engine = make_engine(site.service_url, pool_size=1)
    try:
        with open_session(engine) as session:
            blocks = [_lights(session), _models(session), _overlap(session), _addresses(site)]
    finally:
        engine.dispose()
    return "\n\n".join(["", *(block for block in blocks if block)])


def _lights(session: Session) -> str:
    found = get_portfolio(session, SYSTEM)
    rules = find_active_rule_set(session)
    title = f"Projects 项目: {found.count}   reporting date 统计基准日 {found.reporting_date}"
    if rules is None:
        return title
    return "\n".join([f"{title}   preset 预警规则 {rules.preset}", *_light_lines(found, rules.levels)])


def _light_lines(found: Portfolio, levels: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"  {level['zh']:<6}{level['en']:<20}{found.lights.get(level['key'], 0):>5}" for level in levels]


def _models(session: Session) -> str:
    lines = [
        f"  {row.elements:>6}  {row.name} → {row.code}  ({row.method or 'not on the map 未定位'})"
        for row in session.execute(_MODELS)
    ]
    return "\n".join(["BIM elements per model 各模型构件数:", *lines]) if lines else ""


def _overlap(session: Session) -> str:
    row = session.execute(_ON_RESERVE).first()
    if row is None:
        return ""
    answer = compute_overlap(session, SYSTEM, Subject(project=row.code), ["land_parcels", "farmland"])
    layers = [
        f"  {layer['title']['zh']} {layer['title']['en']}: {layer['area_m2']:,.2f} m² = "
        f"{layer['area_mu']:,.4f} 亩 = {layer['area_ha']:,.4f} ha ({layer['share_of_subject']:.2f} %)"
        for layer in answer["layers"]
    ]
    return "\n".join([f"Overlap 压占: {row.code} {row.name}", *layers])


def _addresses(site: Site) -> str:
    base = base_url(site.settings)
    token = site.admin_token_file or "TWIN_ADMIN_TOKEN"
    return "\n".join(
        [
            f"Map 一张图         {base}/",
            f"OGC API            {base}/ogc",
            f"Feed 数据服务      {base}/embed/projects.geojson?style=progress",
            f"API                {base}/docs",
            f"Admin token 令牌   {token}",
        ]
    )
