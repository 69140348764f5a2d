"""Expected answers on the portfolio and its lamps, from the tables alone and in exact fractions."""

from fractions import Fraction
from typing import Any

from twin.samples import cast
from twin.samples.district import AS_OF, CATEGORIES
from twin.samples.models import package_progress, sample_models
from twin.samples.progress import final_percents
from twin.samples.projects import Project, approved_estimates, deviating, sample_projects, settlements
from twin.samples.reports import final_with_elements
from twin.samples.schedule import leaves, planned_progress


def expected_portfolio() -> dict[str, Any]:
    """Return counts, purposes and money."""
    projects = sample_projects()
    active = [p for p in projects if p.active]
    purposes = {
        purpose: {"numerator": sum(p.purpose == purpose for p in projects), "denominator": len(projects)}
        for purpose in ("infrastructure", "livelihood", "industry")
    }
    return {
        "projects": len(projects),
        "active": len(active),
        "public": sum(p.public for p in projects),
        "by_stage": {s: sum(p.stage == s for p in projects) for s in sorted({p.stage for p in projects})},
        "by_category": {c: sum(p.category == c for p in projects) for c in CATEGORIES},
        "by_purpose": {
            k: {**v, "percent": 100 * v["numerator"] / v["denominator"]} for k, v in purposes.items()
        },
        "investment_active_yuan": sum(p.investment_total_yuan for p in active),
        "time_progress": {"numerator": 10, "denominator": 12, "percent": round(1000 / 12, 4)},
        "flagship": projects[cast.FLAGSHIP].code,
    }


def progress_of(project: Project) -> Fraction:
    """Return P: the weighted percent of the last report."""
    percents = (
        dict(final_with_elements(project.index)) if project.active else dict(final_percents_or_zero(project))
    )
    total = sum(
        (Fraction(percents[m.code], 10) * (m.weight or 0) for m in leaves(project.index)), Fraction(0)
    )
    return total / 1000


def final_percents_or_zero(project: Project) -> tuple[tuple[str, int], ...]:
    """Return the percents of a project without reports: all done in operation, none before construction."""
    if project.stage == "operation":
        return final_percents(project.index)
    return tuple((m.code, 0) for m in leaves(project.index))


def light_of(project: Project) -> str:
    """Return the lamp by `yinchuan-2025` (`domain.md` §8.1), both ends of 10–30 included in yellow."""
    if project.index == cast.NO_BASELINE:
        return "grey"
    deviation = progress_of(project) - planned_progress(project.index, AS_OF)
    if deviation < -30:
        return "red"
    return "yellow" if deviation <= -10 else "green"


def expected_lights() -> dict[str, Any]:
    """Return every active project's P, PV, deviation and lamp, and their counts."""
    active = [p for p in sample_projects() if p.active]
    assessed = [p for p in active if p.index != cast.NO_BASELINE]
    met = [p for p in assessed if progress_of(p) >= planned_progress(p.index, AS_OF)]
    lights = [light_of(p) for p in active]
    return {
        "preset": "yinchuan-2025",
        "as_of": AS_OF.isoformat(),
        "counts": {light: lights.count(light) for light in ("green", "yellow", "red", "grey")},
        "on_schedule": {
            "numerator": len(met),
            "denominator": len(assessed),
            "without_baseline": 1,
            "percent": round(100 * len(met) / len(assessed), 4),
        },
        "start_rule": _start_lights(),
        "projects": {p.code: _project_light(p) for p in active},
        "edges": {
            sample_projects()[n].code: {"deviation": float(d), "light": light_of(sample_projects()[n])}
            for n, d in sorted(cast.EXACT_DEVIATION.items())
        },
        "missing_months": {
            "project": sample_projects()[cast.MISSING_MONTHS].code,
            "periods": ["2025-03", "2025-04"],
        },
        "corrected": {"project": sample_projects()[cast.CORRECTED].code, "period": "2025-10", "versions": 2},
    }


def _project_light(p: Project) -> dict[str, Any]:
    reached = progress_of(p)
    if p.index == cast.NO_BASELINE:
        return {"progress_by_reported_weights": _figure(reached), "light": "grey"}
    planned = planned_progress(p.index, AS_OF)
    return {
        "progress": _figure(reached),
        "planned_progress": _figure(planned),
        "deviation": _figure(reached - planned),
        "light": light_of(p),
    }


def _figure(value: Fraction) -> float:
    return round(float(value), 6)


def _start_lights() -> dict[str, str]:
    """Return the start-rule lamps of the three projects not yet begun: on plan, over a month, over three."""
    projects = sample_projects()
    return {projects[50].code: "green", projects[44].code: "yellow", projects[58].code: "red"}


def expected_packages() -> dict[str, Any]:
    """Return each model's package percents by quantity, and P of its project with them unrounded."""
    return {m.design.key: _packages(m.project) for m in sample_models()}


def _packages(index: int) -> dict[str, Any]:
    model = next(m for m in sample_models() if m.project == index)
    packages = package_progress(model)
    percents = {code: tenths / 10 for code, tenths in final_with_elements(index)} | packages
    total = sum(percents[m.code] * (m.weight or 0) for m in leaves(index)) / 1000
    return {
        "project": sample_projects()[index].code,
        "packages": {code: round(value, 6) for code, value in packages.items()},
        "project_progress": round(total, 6),
    }


def expected_costs() -> dict[str, Any]:
    """Return the deviation of settlements from estimates over the nine finished works."""
    projects, estimates = sample_projects(), approved_estimates()
    settled = settlements()
    difference = sum(abs(value - estimates[n]) for n, value in settled.items())
    base = sum(estimates[n] for n in settled)
    return {
        "n": len(settled),
        "numerator_yuan": difference,
        "denominator_yuan": base,
        "percent": round(100 * difference / base, 6),
        "deviating": {
            projects[n].code: round(100 * (settled[n] - estimates[n]) / estimates[n], 6) for n in deviating()
        },
    }


def expected_durations() -> dict[str, Any]:
    """Return how much shorter the nine finished works took, in whole months."""
    projects = sample_projects()
    parks = sorted(cast.PARK_MONTHS.values())
    rows = {
        projects[n].code: {
            "baseline_months": base,
            "actual_months": actual,
            "percent": round(100 - 100 * actual / base, 6),
        }
        for n, (base, actual) in sorted(cast.FINISHED.items())
    }
    mean = sum(100 - Fraction(100 * a, b) for b, a in cast.FINISHED.values()) / len(cast.FINISHED)
    return {
        "n": len(rows),
        "mean_percent": round(float(mean), 6),
        "projects": rows,
        "industry_case": {
            "project": projects[cast.INDUSTRY_CASE].code,
            "actual_months": 14,
            "class_median_months": parks[len(parks) // 2],
            "percent": 30.0,
        },
    }
