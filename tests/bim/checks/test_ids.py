"""IDS checks: the starters, hand-made requirements, and files that are wrong."""

from pathlib import Path

import pytest

import bim.checks
from bim.checks.ids_text import read_ids
from bim.errors import IdsError
from tests.bim.checks.conftest import Check
from tests.bim.checks.parts import WALL, Part, pipe, write

STARTERS = sorted((Path(bim.checks.__file__).parent / "starter").glob("*.ids"))
SAMPLES = Path(__file__).parents[3] / "data" / "samples" / "models"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ids xmlns="http://standards.buildingsmart.org/IDS" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema">\n<info><title>管道命名</title></info>\n<specifications>\n'
)
NAMED = """<specification name="管段名称" ifcVersion="IFC4">
<applicability minOccurs="1" maxOccurs="unbounded"><entity><name><simpleValue>IFCPIPESEGMENT</simpleValue></name></entity></applicability>
<requirements><attribute><name><simpleValue>Name</simpleValue></name><value><xs:restriction base="xs:string"><xs:pattern value="管 [0-9]+"/></xs:restriction></value></attribute></requirements>
</specification>
"""
FORBIDDEN = """<specification name="不得有门" ifcVersion="IFC4">
<applicability minOccurs="0" maxOccurs="0"><entity><name><simpleValue>IFCWALL</simpleValue></name></entity></applicability>
</specification>
"""
OTHER_SCHEMA = """<specification name="仅 IFC2X3" ifcVersion="IFC2X3">
<applicability minOccurs="0" maxOccurs="unbounded"><entity><name><simpleValue>IFCWALL</simpleValue></name></entity></applicability>
<requirements><attribute><name><simpleValue>Tag</simpleValue></name></attribute></requirements>
</specification>
"""
TAIL = "</specifications>\n</ids>\n"


def ids_file(folder: Path, *specifications: str) -> Path:
    path = folder / "要求.ids"
    path.write_text(HEAD + "".join(specifications) + TAIL, encoding="utf-8")
    return path


def test_every_element_is_judged_and_counted(check: Check, tmp_path: Path) -> None:
    nameless = Part(
        "0pipe00000000000000009", "IFCPIPESEGMENT", (0.1,), (5.0, 5.0, 0.0), (0.0, 0.0, 1.0), 1.0, "x"
    )
    source = write(tmp_path / "mep.ifc", [WALL, pipe(1, 0, 0), pipe(2, 1, 0), nameless])
    done = check("ids", source, ids=ids_file(tmp_path, NAMED, FORBIDDEN, OTHER_SCHEMA))
    named, forbidden, skipped = done.summary.groups
    assert (named.status, named.applicable, named.passed, named.failed) == ("fail", 3, 2, 1)
    assert (forbidden.status, forbidden.failed) == ("fail", 1)
    assert (skipped.status, skipped.applicable) == ("skipped", 0)
    judged = {(row.group, row.global_id): row.passed for row in done.rows}
    assert judged == {
        (1, "0pipe00000000000000001"): True,
        (1, "0pipe00000000000000002"): True,
        (1, "0pipe00000000000000009"): False,
        (2, WALL.global_id): False,
    }
    assert done.verdict.code == "fail"


def test_a_required_specification_without_elements_fails(check: Check, tmp_path: Path) -> None:
    done = check("ids", write(tmp_path / "wall.ifc", [WALL]), ids=ids_file(tmp_path, NAMED))
    assert done.summary.groups[0].status == "fail"
    assert done.summary.outcome == "fail"


@pytest.mark.parametrize("starter", STARTERS, ids=lambda path: path.stem)
def test_starters_are_valid_and_speak_both_languages(starter: Path) -> None:
    ids = read_ids(starter)
    assert len(ids.specifications) >= 6
    for specification in ids.specifications:
        assert specification.identifier
        for text in (specification.name, specification.instructions):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in text)
            assert any(letter.isascii() and letter.isalpha() for letter in text)


def test_the_building_sample_meets_the_starter_and_the_old_bridge_does_not(check: Check) -> None:
    key_works = next(path for path in STARTERS if path.stem == "key-works")
    assert check("ids", SAMPLES / "building.ifc", ids=key_works).summary.outcome == "pass"
    bridge = check("ids", SAMPLES / "bridge.ifc", ids=key_works).summary
    failed = {group.key for group in bridge.groups if group.status == "fail"}
    assert {"ids:KEY-03", "ids:KEY-04"} <= failed  # it has no georeference


def test_reports_ask_nothing_of_other_machines_and_escape_names(check: Check, tmp_path: Path) -> None:
    hostile = Part(
        "0pipe00000000000000007",
        "IFCPIPESEGMENT",
        (0.1,),
        (0.0, 0.0, 0.0),
        (0.0, 0.0, 1.0),
        1.0,
        "<script>alert(1)</script>",
    )
    done = check("ids", write(tmp_path / "mep.ifc", [hostile]), ids=ids_file(tmp_path, NAMED))
    page = (done.spool / done.summary.reports["html"]).read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "fonts.googleapis" not in page
    assert (done.spool / done.summary.reports["ods"]).read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no xml at all", "line 1"),
        (HEAD + NAMED.replace("IFC4", "IFC9") + TAIL, "line 5"),
        (HEAD + NAMED + NAMED.replace("<entity>", "<entity><nam/>") + TAIL, "specification[2]"),
        ('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DTD"),
        ("<bcf/>", "expected is ids"),
        (HEAD + NAMED.replace("管 [0-9]+", "管 [0-9") + TAIL, "管 [0-9"),
        (
            HEAD.replace("standards.buildingsmart.org/IDS", "standards.buildingsmart.org/IDS/0.9.7") + TAIL,
            "IDS 1.0",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.ids"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(IdsError) as refused:
        read_ids(path)
    assert said in refused.value.message_en
    assert refused.value.message_zh


def test_a_wrong_file_ends_the_check_with_a_verdict(check: Check, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.ids"
    wrong.write_text("<bcf/>", encoding="utf-8")
    verdict = check("ids", write(tmp_path / "wall.ifc", [WALL]), ids=wrong).verdict
    assert (verdict.state, verdict.code) == ("failed", "ids_invalid")


def test_a_pattern_that_never_ends_is_stopped(check: Check, tmp_path: Path) -> None:
    endless = NAMED.replace("管 [0-9]+", "(a+)+b")
    slow = Part(
        "0pipe00000000000000008", "IFCPIPESEGMENT", (0.1,), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 1.0, "a" * 60
    )
    done = check("ids", write(tmp_path / "mep.ifc", [slow]), wall_s=8.0, ids=ids_file(tmp_path, endless))
    assert (done.verdict.state, done.verdict.code) == ("failed", "time_out")
