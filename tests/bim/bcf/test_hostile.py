"""Archives that are broken or meant to harm are refused with a typed error that names the place."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bim.bcf.archive import ArchiveLimits
from bim.bcf.read import read_archive
from bim.errors import BcfError
from tests.bim.bcf import archives

MARKUP = f"{archives.TOPIC_A}/markup.bcf"
BOMB = '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Markup><Topic>&b;</Topic></Markup>'
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><Markup><Topic>&f;</Topic></Markup>'

Files = dict[str, str | bytes]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.pop("bcf.version"), "bcf.version"),
        (lambda f: f.update({"bcf.version": archives.version("1.0")}), "1.0"),
        (lambda f: f.update({"bcf.version": archives.version("4.0")}), "4.0"),
        (lambda f: f.update({"bcf.version": "<Version"}), "well-formed"),
        (lambda f: f.update({MARKUP: BOMB}), "entity"),
        (lambda f: f.update({MARKUP: OUTSIDE}), "entity"),
        (lambda f: f.update({"project.bcfp": BOMB}), "entity"),
        (lambda f: f.update({MARKUP: "<Markup/>"}), "no Topic"),
        (
            lambda f: f.update({MARKUP: archives.MARKUP_21.replace("2025-10-20T09:30", "yesterday")}),
            "missing or wrong",
        ),
        (
            lambda f: f.update(
                {f"{archives.TOPIC_A}/viewpoint.bcfv": archives.VIEW_21.replace("12.5", "east")}
            ),
            "wrong",
        ),
        (lambda f: f.update({"../../etc/cron.d/x": "x"}), "leads out"),
        (lambda f: f.update({"/etc/x": "x"}), "leads out"),
        (lambda f: f.update({"C:\\x": "x"}), "leads out"),
        (lambda f: f.update({"big.png": b"\0" * (4 << 20)}), "zip bomb"),
    ],
)
def test_a_bad_archive_is_refused(tmp_path: Path, change: Callable[[Files], object], said: str) -> None:
    files = archives.files_21()
    change(files)
    path = archives.pack(tmp_path / "bad.bcf", files)
    with pytest.raises(BcfError) as refused:
        read_archive(path, tmp_path)
    assert said in refused.value.message_en
    assert refused.value.message_zh


def test_caps_on_entries_bytes_and_topics_hold(tmp_path: Path) -> None:
    path = archives.pack(tmp_path / "in.bcf", archives.files_21())
    for limits in (
        ArchiveLimits(entries=3),
        ArchiveLimits(total_bytes=1000),
        ArchiveLimits(xml_bytes=500),
        ArchiveLimits(topics=0),
    ):
        with pytest.raises(BcfError):
            read_archive(path, tmp_path, limits)


def test_a_damaged_archive_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = archives.pack(tmp_path / "in.bcf", archives.files_21()).read_bytes()
    cut = tmp_path / "cut.bcf"
    for part in range(1, 20):
        cut.write_bytes(whole[: len(whole) * part // 20])
        with pytest.raises(BcfError):
            read_archive(cut, tmp_path)


def test_flipped_bytes_never_raise_anything_else(tmp_path: Path) -> None:
    whole = archives.pack(tmp_path / "in.bcf", archives.files_21()).read_bytes()
    path = tmp_path / "flipped.bcf"
    refused = 0
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            read_archive(path, tmp_path)
        except BcfError:
            refused += 1
    assert refused > 0


def test_a_reference_that_leads_out_of_the_archive_is_no_file(tmp_path: Path) -> None:
    files = archives.files_21()
    files[MARKUP] = archives.MARKUP_21.replace("../说明.txt", "../../../../etc/passwd")
    (topic,) = read_archive(archives.pack(tmp_path / "in.bcf", files), tmp_path).topics
    assert topic.documents[0]["file"] is None


def test_one_bad_topic_does_not_lose_the_others(tmp_path: Path) -> None:
    files = archives.files_21()
    files[f"{archives.TOPIC_B}/markup.bcf"] = "<Markup"
    archive = read_archive(archives.pack(tmp_path / "in.bcf", files), tmp_path)
    assert [topic.guid for topic in archive.topics] == [archives.TOPIC_A]
    assert archive.skipped[0]["where"] == archives.TOPIC_B


def test_double_names_and_encryption_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "double.bcf"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("bcf.version", archives.version("2.1"))
        packed.writestr("bcf.versioN", archives.version("3.0"))
    path.write_bytes(path.read_bytes().replace(b"bcf.versioN", b"bcf.version"))
    with pytest.raises(BcfError, match="two files"):
        read_archive(path, tmp_path)
    locked = bytearray(archives.pack(tmp_path / "in.bcf", archives.files_21()).read_bytes())
    head = locked.index(b"PK\x01\x02")
    locked[head + 8] |= 1  # the flag of the directory entry that says: encrypted
    path.write_bytes(bytes(locked))
    with pytest.raises(BcfError, match="encrypted"):
        read_archive(path, tmp_path)
