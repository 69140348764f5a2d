"""Everything that could end the kernel is refused before, with line and entity."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from bim import preflight as preflight_module
from bim.errors import BimError, CycleError, ParseError, TooBigError
from bim.limits import FileLimits
from bim.preflight import preflight
from tests.bim.ifc_text import Sheet, escaped, step_file, write
from tests.flows.mutators import mutate

LIMITS = FileLimits()


def _check(tmp_path: Path, lines: list[str], limits: FileLimits = LIMITS, schema: str = "IFC4") -> BimError:
    path = write(tmp_path / "bad.ifc", step_file(lines, schema))
    with pytest.raises(BimError) as refused:
        preflight(path, limits)
    assert any("一" <= char <= "鿿" for char in refused.value.message_zh)
    return refused.value


def test_honest_model_passes_with_its_counts(tmp_path: Path) -> None:
    report = preflight(write(tmp_path / "a.ifc", Sheet(walls=7).text()), LIMITS)
    # 22 lines of frame, 9 per wall, 1 containment.
    assert report.entity_count == 22 + 7 * 9 + 1
    assert report.counts_by_class["IFCWALL"] == 7
    assert report.counts_by_class["IFCRELAGGREGATES"] == 3


def test_placement_that_refers_to_itself_is_a_cycle(tmp_path: Path) -> None:
    error = _check(tmp_path, ["#1=IFCLOCALPLACEMENT(#1,$);"])
    assert isinstance(error, CycleError)
    assert (error.place.line, error.place.entity) == (8, 1)
    assert "#1 > #1" in error.message_en


def test_three_placements_in_a_ring_are_a_cycle(tmp_path: Path) -> None:
    error = _check(
        tmp_path,
        [
            "#9=IFCLOCALPLACEMENT(#7,$);",
            "#5=IFCLOCALPLACEMENT(#6,$);",
            "#6=IFCLOCALPLACEMENT(#7,$);",
            "#7=IFCLOCALPLACEMENT(#5,$);",
        ],
    )
    assert "#5 > #6 > #7 > #5" in error.message_en
    assert error.place.entity == 5


def test_boolean_of_itself_is_a_cycle(tmp_path: Path) -> None:
    error = _check(tmp_path, ["#1=IFCBOOLEANRESULT(.DIFFERENCE.,#1,#1);"])
    assert error.code == "cycle"


def test_mapped_item_inside_its_own_map_is_a_cycle(tmp_path: Path) -> None:
    error = _check(
        tmp_path,
        [
            "#1=IFCMAPPEDITEM(#2,$);",
            "#2=IFCREPRESENTATIONMAP($,#3);",
            "#3=IFCSHAPEREPRESENTATION($,'Body','MappedRepresentation',(#1));",
        ],
    )
    assert error.code == "cycle"


@pytest.mark.parametrize("name", ["IFCRELAGGREGATES", "IFCRELNESTS"])
def test_decomposition_in_a_ring_is_a_cycle(tmp_path: Path, name: str) -> None:
    error = _check(
        tmp_path,
        [f"#1={name}('a',$,$,$,#10,(#11));", f"#2={name}('b',#5,'x','#10',#11,(#12,#10));"],
    )
    assert error.code == "cycle"
    assert "#10 > #11 > #10" in error.message_en


def test_numbers_in_names_make_no_cycle(tmp_path: Path) -> None:
    lines = ["#1=IFCLOCALPLACEMENT($,$);", "#2=IFCSHAPEREPRESENTATION($,'#2','see #2;',(#3));"]
    assert preflight(write(tmp_path / "a.ifc", step_file(lines)), LIMITS).entity_count == 2


def test_booleans_20000_deep_are_too_big(tmp_path: Path) -> None:
    lines = [f"#{n}=IFCBOOLEANRESULT(.DIFFERENCE.,#{n + 1},#{n + 1});" for n in range(1, 20_001)]
    error = _check(tmp_path, lines)
    assert isinstance(error, TooBigError)
    assert "20000 levels deep" in error.message_en
    assert error.place.entity == 1


def test_profile_of_300000_points_is_too_big(tmp_path: Path) -> None:
    points = ",".join(f"({n}.,{n % 7}.)" for n in range(300_000))
    error = _check(tmp_path, [f"#4=IFCCARTESIANPOINTLIST2D(({points}),$);"])
    assert error.code == "too_big"
    assert error.place.entity == 4


def test_a_hundred_nested_parentheses_are_too_big(tmp_path: Path) -> None:
    error = _check(
        tmp_path, ["#1=IFCPOLYLINE(" + "(" * 300 + ")" * 300 + ");", "#2=IFCWALL(" + "$," * 200 + "$);"]
    )
    assert "levels of parentheses" in error.message_en


@pytest.mark.parametrize("number", ["1.#INF", "-1.#INF", "-1.#IND", "1.#QNAN", "NAN", "-inf", "Infinity"])
def test_infinite_numbers_are_refused_by_line_and_entity(tmp_path: Path, number: str) -> None:
    error = _check(tmp_path, ["#1=IFCWALL('a');", "/* #3 */", f"#2 = IFCCARTESIANPOINT((0.,{number},1.));"])
    assert isinstance(error, ParseError)
    assert (error.place.line, error.place.entity) == (10, 2)
    assert number in error.message_en


def test_words_that_look_like_numbers_are_no_fault(tmp_path: Path) -> None:
    lines = ["#1=IFCLABEL('1.#INF, NAN', .NAN., 'Finance (NAN)');", "#2=IFCINFO(.INF.,'inf');"]
    assert preflight(write(tmp_path / "a.ifc", step_file(lines)), LIMITS).entity_count == 2


@pytest.mark.parametrize("text", [r"a\X2\30B", r"C:\temp", r"x\\X2\30B3\X0\ ", r"\X0\ ", r"\X2\4E2D\X0"])
def test_broken_escapes_are_refused_by_line_and_entity(tmp_path: Path, text: str) -> None:
    error = _check(tmp_path, ["#1=IFCWALL('good \\X2\\4E2D\\X0\\');", f"#2=IFCWALL('{text}');"])
    assert error.code == "parse_error"
    assert (error.place.line, error.place.entity) == (9, 2)


@pytest.mark.parametrize(
    "lines",
    [
        ["#1=IFCWALL('open string);"],
        ["#1=IFCWALL('a');", "stray text", "#2=IFCWALL('b');"],
        ["#1=IFCWALL('a')", "#2=IFCWALL('b');"],
        ["#1=(IFCWALL('a')IFCDOOR());"],
    ],
)
def test_broken_grammar_is_refused_with_its_line(tmp_path: Path, lines: list[str]) -> None:
    error = _check(tmp_path, lines)
    assert error.code in ("parse_error", "truncated")
    assert error.code == "truncated" or error.place.line in (8, 9)


def test_strings_and_comments_hide_nothing(tmp_path: Path) -> None:
    lines = [
        "#1=IFCWALL('it''s; #9=IFCDOOR(); \\S\\' ; ');/* #2=IFCDOOR('x'); ***/",
        "#3= /* a */ IFCWALL /* b */ ( 'c' ) ;",
    ]
    counts = preflight(write(tmp_path / "a.ifc", step_file(lines)), LIMITS).counts_by_class
    assert counts == {"IFCWALL": 2}


def test_file_count_and_memory_caps_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ifc", Sheet(walls=3).text())
    for limits in (FileLimits(file_bytes=100), FileLimits(entities=10), FileLimits(memory_mb=100)):
        with pytest.raises(TooBigError):
            preflight(path, limits)


def test_scales_of_release_candidates_are_kept_raw(tmp_path: Path) -> None:
    lines = ["#5=IFCMAPCONVERSION(#1,#2,1.,2.,3.,1.,0.,0.001,0.002,0.003);"]
    report = preflight(write(tmp_path / "a.ifc", step_file(lines, "IFC4X3_RC4")), LIMITS)
    assert report.long_map_conversions[5][7:] == ("0.001", "0.002", "0.003")


def test_what_follows_the_data_section_is_refused_with_its_line(tmp_path: Path) -> None:
    """The library would read on behind it; nobody has looked at what stands there."""
    text = step_file(["#1=IFCPLANE(#3);"], "IFC4")
    path = write(
        tmp_path / "a.ifc", text.replace("ENDSEC;\nEND-ISO", "ENDSEC;\n#1=IFCPLANE(#3);\nENDSEC;\nEND-ISO")
    )
    with pytest.raises(ParseError) as refused:
        preflight(path, LIMITS)
    # Seven lines of header, one instance, ENDSEC.
    assert refused.value.place.line == 10


def test_a_number_given_twice_is_refused_with_both_lines(tmp_path: Path) -> None:
    error = _check(tmp_path, ["#1=IFCPLANE(#3);", "#2=IFCPLANE(#3);", "#01=IFCPLANE(#3);"])
    assert isinstance(error, ParseError)
    # Seven lines of header: the first stands in line 8, the second in line 10.
    assert "was given in line 8 already" in error.message_en
    assert (error.place.line, error.place.entity) == (10, 1)


@pytest.mark.parametrize("number", ["2147483648", "9" * 20, "9" * 6000])
def test_a_number_no_reader_holds_is_refused(tmp_path: Path, number: str) -> None:
    error = _check(tmp_path, ["#1=IFCPLANE(#3);", f"#{number}=IFCPLANE(#3);"])
    assert isinstance(error, ParseError)
    assert error.place.line == 9


def test_the_largest_number_passes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ifc", step_file(["#2147483647=IFCPLANE(#3);"], "IFC4"))
    assert preflight(path, LIMITS).counts_by_class == {"IFCPLANE": 1}


def test_twenty_thousand_honest_walls_pass(tmp_path: Path) -> None:
    report = preflight(write(tmp_path / "a.ifc", Sheet(walls=20_000).text()), LIMITS)
    assert report.counts_by_class["IFCWALL"] == 20_000


def test_hostile_text_is_scanned_in_linear_time(tmp_path: Path) -> None:
    for filler in (
        "'" * 400_001,
        "/" * 400_000,
        "/*" * 200_000,
        "(" * 400_000,
        "\\S" * 200_000,
        "#1=" * 130_000,
    ):
        _check(tmp_path, [f"#1=IFCWALL({filler});"])


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("bad-illegal.ifc", "parse_error", ("line 12, entity #1", "line 21, entity #2", "-1.#INF")),
        ("bad-multibyte.ifc", "parse_error", ("line 34, entity #15451",)),
    ],
)
def test_public_bad_files_are_refused(
    tmp_path: Path, public_files: Path, name: str, code: str, words: tuple[str, ...]
) -> None:
    from bim.prepare import prepare

    with pytest.raises(BimError) as refused:
        prepare(public_files / name, tmp_path, LIMITS)
    assert refused.value.code == code
    assert all(word in refused.value.message_en for word in words)


def _outcome(path: Path, processes: int) -> object:
    try:
        return preflight(path, LIMITS, processes)
    except BimError as error:
        return type(error), error.message_en, error.message_zh, error.place


def test_two_halves_read_at_once_give_the_answer_of_one_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is spoilt, before the middle, behind it or across it."""
    monkeypatch.setattr(preflight_module, "_SHARED_BYTES", 0)
    rng = random.Random(20261121)
    bodies = [Sheet(walls=5).text(), Sheet(schema="IFC4X3_ADD2", walls=2).text(), *_spoilt_sheets()]
    joined = refused = 0
    for number in range(250):
        data = escaped(rng.choice(bodies)).encode("ascii")
        if number % 5:
            _, data = mutate(rng, data)
        path = tmp_path / "a.ifc"
        path.write_bytes(data)
        one = _outcome(path, 1)
        assert _outcome(path, 2) == one
        refused += isinstance(one, tuple)
        joined += not isinstance(one, tuple)
    assert min(joined, refused) > 50


def _spoilt_sheets() -> Iterator[str]:
    """Faults that the middle may hide: a text with an instance in it, a long comment, a ring, a number given twice."""
    inside = ";\n".join(f"#{n}=IFCWALL($)" for n in range(900, 960))
    ring = [f"#{n}=IFCLOCALPLACEMENT(#{n + 1},$);" for n in range(901, 960)]
    for lines in (
        [f"#800=IFCLABEL('{inside};');"],
        [f"/* {inside}; */", "#800=IFCLABEL('a');"],
        [*ring, "#960=IFCLOCALPLACEMENT(#901,$);"],
        ["#800=IFCLABEL('a');", *ring, "#800=IFCLABEL('b');"],
        [*ring, "#961=IFCREAL(1.#INF);"],
    ):
        yield Sheet(walls=1, project_extra=lines).text()
