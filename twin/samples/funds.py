"""Money: allotments by source, small-firm loans, contracts, payments, settlements."""

import math
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

from twin.samples import cast
from twin.samples.district import AS_OF, PLAN_YEAR
from twin.samples.draw import apportion, between, choose, stream, whole
from twin.samples.people import UNITS
from twin.samples.projects import Project, approved_estimates, sample_projects, settlements

SOURCES = {
    "central_budget": "中央预算内投资",
    "special_bond": "专项债券",
    "local_fiscal": "省市财政",
    "bank_loan": "银行贷款",
    "self_raised": "企业自筹",
}
WAN = 10_000
FROM_ABOVE_WAN = 96_000  # 9.6亿元: central budget and special bonds of the plan year
LOANS_WAN = 152_000  # 15.2亿元: government–bank–guarantee loans of the plan year
LOANS = 160
ROWS = 900
CENTRAL_SHARE = 0.35


def fund_rows() -> list[dict[str, Any]]:
    """Return the rows of `funds.json`: exactly 900, of five kinds."""
    rows = [*_allotments(), *_loans(), *_contracts(), *_settlements()]
    rows += _payments(ROWS - len(rows))
    return [{"id": f"F{n:04d}", **row} for n, row in enumerate(rows, start=1)]


def _row(kind: str, **facts: Any) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("project", "source", "source_name", "batch_no", "contract_no", "payer", "payee", "guarantor")
    )
    return {**empty, "kind": kind, **facts}


def _in_year(rng: Random) -> date:
    return date(PLAN_YEAR, 1, 5) + timedelta(days=whole(rng, 0, 295))


def _allotments() -> list[dict[str, Any]]:
    active = [p for p in sample_projects() if p.active]
    above = [p for p in active if p.index % 3 != 1]
    weights = [math.sqrt(p.investment_total_yuan) for p in above]
    central = apportion(round(FROM_ABOVE_WAN * CENTRAL_SHARE), weights)
    bonds = apportion(FROM_ABOVE_WAN - sum(central), weights)
    rows = [_allotment(p, "central_budget", amount) for p, amount in zip(above, central, strict=True)]
    rows += [_allotment(p, "special_bond", amount) for p, amount in zip(above, bonds, strict=True)]
    for p in active:
        source = ("local_fiscal", "bank_loan", "self_raised")[p.index % 3]
        rows.append(_allotment(p, source, p.annual_plan_yuan // WAN // 3 + 100))
    return rows


def _allotment(p: Project, source: str, wan: int) -> dict[str, Any]:
    rng = stream(f"allotment:{p.index}:{source}")
    day = _in_year(rng)
    return _row(
        "allotment",
        project=p.code,
        source=source,
        source_name=SOURCES[source],
        batch_no=f"{PLAN_YEAR}-{source[:2].upper()}-{1 + day.month // 4}",
        payer=UNITS["U03"],
        payee=UNITS["U07"],
        amount_yuan=wan * WAN,
        dated=day.isoformat(),
    )


def _loans() -> list[dict[str, Any]]:
    rng = stream("loans")
    amounts = apportion(LOANS_WAN, [between(rng, 200, 1_800) for _ in range(LOANS)])
    return [
        _row(
            "loan",
            source="government_bank_guarantee",
            source_name="政银担贷款",
            batch_no=f"ZYD-{PLAN_YEAR}-{n:03d}",
            payer=f"示例银行{choose(rng, '甲乙丙丁')}支行",
            payee=f"示例小微企业{n:03d}号",
            guarantor="示例融资担保公司",
            amount_yuan=amount * WAN,
            dated=_in_year(rng).isoformat(),
        )
        for n, amount in enumerate(amounts, start=1)
    ]


@cache
def _contract_list() -> tuple[dict[str, Any], ...]:
    rows = []
    for p in sample_projects():
        if p.index in cast.PRELIMINARY:
            continue
        shares = apportion(approved_estimates()[p.index] * 9 // 10, (90, 4))
        for k, (share, unit) in enumerate(
            zip(shares, ("U09" if p.index % 2 else "U10", "U11"), strict=True), start=1
        ):
            rows.append(
                _row(
                    "contract",
                    project=p.code,
                    contract_no=f"HT-{p.code[7:19]}-{k}",
                    payer=UNITS["U07"],
                    payee=UNITS[unit],
                    amount_yuan=share // 100 * 100,
                    dated=(p.plan_start - timedelta(days=15)).isoformat(),
                )
            )
    return tuple(rows)


def _contracts() -> list[dict[str, Any]]:
    return list(_contract_list())


def _settlements() -> list[dict[str, Any]]:
    projects = sample_projects()
    rows = []
    for n, amount in settlements().items():
        finished = projects[n].actual_finish or AS_OF
        dated = min(finished + timedelta(days=25), AS_OF)
        rows.append(_row("settlement", project=projects[n].code, amount_yuan=amount, dated=dated.isoformat()))
    return rows


def _payments(count: int) -> list[dict[str, Any]]:
    """Return payments, dealt out to the contracts in turn; together at most 85 % of each."""
    contracts = _contract_list()
    times = [count // len(contracts) + (n < count % len(contracts)) for n in range(len(contracts))]
    return [row for contract, n in zip(contracts, times, strict=True) for row in _payments_of(contract, n)]


def _payments_of(contract: dict[str, Any], count: int) -> list[dict[str, Any]]:
    rng = stream(f"payments:{contract['contract_no']}")
    paid = round(contract["amount_yuan"] * between(rng, 0.2, 0.85))
    amounts = apportion(paid, [between(rng, 1, 2) for _ in range(count)])
    begin = date.fromisoformat(contract["dated"])
    step = max(1, (AS_OF - begin).days // (count + 1))
    return [
        _row(
            "payment",
            project=contract["project"],
            source=choose(rng, tuple(SOURCES)),
            contract_no=contract["contract_no"],
            payer=contract["payer"],
            payee=contract["payee"],
            amount_yuan=amount,
            dated=(begin + timedelta(days=step * k)).isoformat(),
        )
        for k, amount in enumerate(amounts, start=1)
    ]


def expected_funds() -> dict[str, Any]:
    """Return the sums by kind and source."""
    rows = fund_rows()
    above = [
        r for r in rows if r["kind"] == "allotment" and r["source"] in ("central_budget", "special_bond")
    ]
    loans = [r for r in rows if r["kind"] == "loan"]
    kinds = sorted({r["kind"] for r in rows})
    return {
        "rows": len(rows),
        "by_kind": {k: sum(r["kind"] == k for r in rows) for k in kinds},
        "central_budget_and_bonds": {"n": len(above), "amount_yuan": sum(r["amount_yuan"] for r in above)},
        "loans": {"n": len(loans), "amount_yuan": sum(r["amount_yuan"] for r in loans)},
        "allotted_by_source": {
            s: sum(r["amount_yuan"] for r in rows if r["kind"] == "allotment" and r["source"] == s)
            for s in SOURCES
        },
        "paid_yuan": sum(r["amount_yuan"] for r in rows if r["kind"] == "payment"),
    }
