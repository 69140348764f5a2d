"""The PDF, read with another program's eyes: names, figures, letters that come along, page numbers."""

import io
from collections.abc import Iterator
from pathlib import Path

import pypdf
import pytest

from gis.errors import FontMissingError
from gis.report import pdf as pdf_module
from gis.report import render_pdf
from gis.report.faces import choose_letters
from gis.style.fonts import find_font
from tests.gis.report.answers import CODE, NAME, answer, box, item, layer, report

needs_chinese = pytest.mark.skipif(
    find_font("压占分析", 13) is None, reason="this machine has no font with Chinese"
)


def pages(data: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages]


@pytest.fixture(autouse=True)
def no_empty_boxes(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The writer logs every sign that its fonts lack; there must never be one."""
    yield
    assert [each.getMessage() for each in caplog.records if "glyph" in each.getMessage()] == []


def joined(data: bytes) -> str:
    return "".join("".join(pages(data)).split())


@needs_chinese
def test_names_and_figures_can_be_read_back() -> None:
    text = joined(render_pdf([report()]))
    for words in (
        "项目用地压占（合规性）分析表", NAME, CODE, "永久基本农田", "禾丰村基本农田", "旱地",
        "27,988.57平方米=2.7989公顷=41.9829亩", "7,996.74", "11.9951", "1,799.26", "2.6989", "临界",
        "需个案审查", "CGCS2000三度带第39带（中央经线117°E，EPSG:4527）", "2025-11-0100:00:00", "编制人：", "审核人：",
    ):  # fmt: skip
        assert words in text, words


@needs_chinese
def test_every_page_is_numbered_out_of_all() -> None:
    found = pages(render_pdf([report()]))
    assert len(found) > 1
    for number, text in enumerate(found, 1):
        assert f"第{number}页共{len(found)}页" in "".join(text.split())


@needs_chinese
def test_letters_come_along_with_their_meaning() -> None:
    reader = pypdf.PdfReader(io.BytesIO(render_pdf([report()])))
    fonts = {
        str(font.get_object()["/BaseFont"]): font.get_object()
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    }  # type: ignore[index]
    assert fonts
    for font in fonts.values():
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2"} & set(descriptor)  # embedded: no viewer's own font is needed
        assert "/ToUnicode" in font  # texts can be searched and copied
        assert font["/Encoding"] == "/Identity-H"  # the one way that every reader of texts takes


@needs_chinese
def test_the_document_says_what_it_is() -> None:
    reader = pypdf.PdfReader(io.BytesIO(render_pdf([report()])))
    assert reader.metadata is not None
    assert reader.metadata.title == f"{NAME} 项目用地压占（合规性）分析表"
    assert reader.metadata.author == "张三 (planner)"
    width, height = reader.pages[0].mediabox[2:]
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (297, 210)  # A4 across


@needs_chinese
def test_a_sign_that_no_font_holds_is_told_by_its_number() -> None:
    text = joined(render_pdf([report(title="\U000323afab村")]))  # the last of extension H: in hardly any font
    assert "〔U+323AF〕" in text or "\U000323af" in text
    letters = choose_letters("甲\U0010fffe")
    assert letters.written("甲\U0010fffe") == "甲〔U+10FFFE〕"


def test_a_machine_without_chinese_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(FontMissingError) as caught:
        render_pdf([report()], folders=[str(tmp_path)])
    assert "apt-get install fonts-" in caught.value.en
    assert "中文字体" in caught.value.zh


@needs_chinese
def test_subjects_follow_each_other_as_chapters() -> None:
    found = render_pdf([report(), report(title="第二个项目")])
    text = joined(found)
    assert text.count("项目用地压占（合规性）分析表") == 2
    assert "第二个项目" in text


@needs_chinese
def test_long_tables_repeat_their_headings_and_are_cut_where_they_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pdf_module, "MOST_ROWS", 60)
    many = [item(n, (f"T{n:03d}", "图斑", "0103", "旱地"), box(n, 0, n + 1, 150), 150.0) for n in range(80)]
    found = pages(render_pdf([report(answer(layers=[layer("dltb", "地类图斑", many, box(0, 0, 80, 150))]))]))
    text = "".join("".join(found).split())
    assert "T059" in text
    assert "T060" not in text
    assert text.count("其余20行见Excel版") == 1
    with_rows = [page for page in found if "T0" in page]
    assert len(with_rows) > 1
    assert all("占该图斑" in page for page in with_rows)


@needs_chinese
def test_nothing_hit_is_a_report_too() -> None:
    text = joined(render_pdf([report(answer(layers=[layer("ecology", "生态保护红线", [], None)]))]))
    assert "否，未发现" in text
    assert "压占图斑明细表" not in text
