"""Spoiled files and traps through the upload door; `python -m tests.flows.mutations --count 20000` runs the long one."""

import io
import math
import zipfile

import pytest

from tests.bim.ifc_text import Sheet, escaped, guid
from tests.flows.mutations import Outcome, Spoilt, iter_spoilt, run

SEED, MUTATED, CUTS = 20251031, 36, 20


def _sheet(extra: list[str], walls: int = 2) -> bytes:
    return escaped(Sheet(walls=walls, project_extra=extra).text()).encode("ascii")


def _wall(solid: list[str], kind: str = "SweptSolid") -> bytes:
    """Two honest walls and one with the solid that begins at #6000."""
    return _sheet(
        [
            f"#5000=IFCWALL('{guid(5000)}',$,'坏墙',$,$,#5001,#5004,'BAD',$);",
            "#5001=IFCLOCALPLACEMENT(#41,#8);",
            "#5004=IFCPRODUCTDEFINITIONSHAPE($,$,(#5005));",
            f"#5005=IFCSHAPEREPRESENTATION(#10,'Body','{kind}',(#6000));",
            *solid,
        ]
    )


def _star(points: int) -> bytes:
    step = points * 2 // 5 + 1
    corners = ",".join(
        f"({math.cos(2 * math.pi * n * step / points):.6f},{math.sin(2 * math.pi * n * step / points):.6f})"
        for n in range(points)
    )
    return _wall(
        [
            "#6000=IFCEXTRUDEDAREASOLID(#6001,#8,#1008,1.);",
            "#6001=IFCARBITRARYCLOSEDPROFILEDEF(.AREA.,$,#6002);",
            "#6002=IFCINDEXEDPOLYCURVE(#6003,$,.F.);",
            f"#6003=IFCCARTESIANPOINTLIST2D(({corners}),$);",
        ]
    )


def _deep(depth: int) -> bytes:
    return _wall(
        [
            "#5900=IFCPLANE(#8);",
            "#5901=IFCHALFSPACESOLID(#5900,.T.);",
            *(f"#{6000 + n}=IFCBOOLEANCLIPPINGRESULT(.DIFFERENCE.,#{6001 + n},#5901);" for n in range(depth)),
            f"#{6000 + depth}=IFCEXTRUDEDAREASOLID(#1007,#8,#1008,3.);",
        ],
        "Clipping",
    )


def _zipped(*members: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return packed.getvalue()


HONEST = _sheet([])
# Name of the trap → file, code of the verdict, a word of its message.
TRAPS: dict[str, tuple[bytes, str, str]] = {
    "a placement that refers to itself": (_sheet(["#7000=IFCLOCALPLACEMENT(#7000,#8);"]), "cycle", "#7000"),
    "placements in a ring": (
        _sheet(["#7000=IFCLOCALPLACEMENT(#7001,#8);", "#7001=IFCLOCALPLACEMENT(#7000,#8);"]),
        "cycle",
        "#7000 > #7001",
    ),
    "a boolean of itself": (_wall(["#6000=IFCBOOLEANRESULT(.UNION.,#6000,#6000);"], "CSG"), "cycle", "#6000"),
    "a site inside itself": (
        _sheet([f"#7000=IFCRELAGGREGATES('{guid(7000)}',$,$,$,#20,(#20));"]),
        "cycle",
        "#20",
    ),
    "20,000 nested booleans": (_deep(20_000), "too_big", "levels deep"),
    "a profile of 300,000 points": (_star(300_000), "too_big", "300000 points"),
    "a thousand nested parentheses": (
        _sheet([f"#7000=IFCCARTESIANPOINT({'(' * 1000}1.{')' * 1000});"]),
        "too_big",
        "levels of parentheses",
    ),
    "a zip bomb": (_zipped(("a.ifc", HONEST + b" " * (1 << 26))), "zip_refused", "zip bomb"),
    "a zip of two models": (_zipped(("a.ifc", HONEST), ("b.ifc", HONEST)), "zip_refused", "exactly one"),
    "a zip that leads out": (_zipped(("../a.ifc", HONEST)), "zip_refused", "leads out"),
    "a number given twice": (_sheet(["#1000=IFCPLANE(#8);"]), "parse_error", "#1000"),
    "a number no reader holds": (_sheet(["#2147483648=IFCPLANE(#8);"]), "parse_error", "#2147483648"),
    "an infinite length": (_sheet(["#7000=IFCCARTESIANPOINT((1.#INF,0.,0.));"]), "parse_error", "1.#INF"),
    "a drawing": (b"AC1032" + bytes(500), "not_ifc", "AutoCAD"),
    "names in GBK": (
        Sheet(walls=2, names=["钢筋混凝土墙", "填充墙"]).text().encode("gbk"),
        "no_position",
        "5 elements",
    ),
    "an honest file": (HONEST, "no_position", "5 elements"),
}


def _files() -> list[Spoilt]:
    cuts = [
        Spoilt(f"cut {n}", "cut.ifc", HONEST[: len(HONEST) * n // (CUTS + 1)]) for n in range(1, CUTS + 1)
    ]
    traps = [Spoilt(name, f"{name}.ifc", data) for name, (data, _, _) in TRAPS.items()]
    return [*traps, *cuts, *iter_spoilt(MUTATED, SEED)]


@pytest.fixture(scope="module")
def outcome(server_url: str) -> Outcome:
    """All of it through one service, several at a time."""
    return run(iter(_files()), server_url, in_flight=6)


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_every_spoiled_file_gets_a_typed_verdict_and_leaves_nothing(outcome: Outcome) -> None:
    """Also: API, worker and template are the processes they were, and no converter is left."""
    assert outcome.faults == []
    assert sum(outcome.verdicts.values()) == len(TRAPS) + CUTS + MUTATED


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_gets_the_verdict_that_names_the_fault(outcome: Outcome, name: str) -> None:
    _, code, word = TRAPS[name]
    _, found, message = outcome.endings[name]
    assert (found, word in message) == (code, True), message


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("number", range(1, CUTS + 1))
def test_a_file_cut_anywhere_is_called_truncated(outcome: Outcome, number: int) -> None:
    """Cut inside the header it may be no IFC file any more; it is never taken in."""
    ending, code, _ = outcome.endings[f"cut {number}"]
    assert ending == "failed"
    assert code == "truncated" or (number == 1 and code == "not_ifc")
