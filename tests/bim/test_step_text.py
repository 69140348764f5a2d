"""Instances read in runs are those read one by one, wherever a run ends."""

import random

import pytest

from bim import step_text
from bim.step_text import INSTANCE, Buffer, Run, iter_runs

WORDS = [
    "$", "*", "(1.,2.)", "'钢;筋'", "'it''s #7=IFCWALL();'", r"'\S\''", r"'\X2\94A2\X0\;'", ".T.", "#12", "IFCLABEL('a')",
    "'/* no comment */'", "' \n#5=IFCDOOR($);\n '",
]  # fmt: skip
BETWEEN = ["", "\n", "\r\n", "  \n", "\n/* 注; #3=IFCWALL($); */\n"]


def _text(rng: random.Random, comments: bool) -> bytes:
    gaps = BETWEEN if comments else BETWEEN[:-1]
    words = WORDS if comments else [word for word in WORDS if "/*" not in word]
    lines = []
    for number in range(rng.randrange(1, 30)):
        blank = rng.choice(["", " ", "\t"])
        arguments = ",".join(rng.choices(words, k=rng.randrange(0, 6)))
        lines.append(f"{rng.choice(gaps)}#{number}{blank}={blank}IfcThing_{number % 3}{blank}({arguments});")
    return "".join(lines).encode()


def _one_by_one(data: bytes, start: int) -> list[tuple[bytes, bytes, int]]:
    found, end = [], start
    while match := INSTANCE.match(data, end):
        found.append((match[1], match[2], end))
        end = match.end()
    return found


def _in_runs(data: bytes, start: int) -> list[tuple[bytes, bytes, int]]:
    return [
        each
        for run in iter_runs(data, start)
        for each in zip(run.numbers, run.names, run.borders[:-1].tolist(), strict=True)
    ]


@pytest.mark.parametrize("run_bytes", [1, 7, 40, 200, 1 << 20])
@pytest.mark.parametrize("comments", [False, True])
@pytest.mark.parametrize("broken", ["", "'", "/*", "(", "#1=", "=", ";", "\\"])
def test_runs_hold_every_instance_up_to_the_first_fault(
    monkeypatch: pytest.MonkeyPatch, run_bytes: int, comments: bool, broken: str
) -> None:
    monkeypatch.setattr(step_text, "_RUN_BYTES", run_bytes)
    rng = random.Random(f"{run_bytes}/{comments}/{broken}")
    for _ in range(60):
        data = _text(rng, comments)
        at = rng.randrange(len(data) + 1)
        data = b"DATA;" + data[:at] + broken.encode() + data[at:] + b"\nENDSEC;\nEND-ISO-10303-21;\n"
        assert _in_runs(data, 5) == _one_by_one(data, 5)


def test_long_plain_text_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow way stands in for the fast one only where it must."""
    monkeypatch.setattr(step_text, "_RUN_BYTES", 500)
    data = b"".join(b"#%d=IFCWALL('wall; %d',#7,(1.,2.));\r\n" % (n, n) for n in range(1000))
    read, slow = step_text._read_one_by_one, []

    def noted(data: Buffer, start: int, most: int) -> Run | None:
        slow.append(start)
        return read(data, start, most)

    monkeypatch.setattr(step_text, "_read_one_by_one", noted)
    assert _in_runs(data, 0) == _one_by_one(data, 0)
    assert len(slow) == 1  # where nothing follows


@pytest.mark.parametrize("comments", [False, True])
def test_runs_up_to_an_offset_end_there_or_behind_the_instance_that_holds_it(
    monkeypatch: pytest.MonkeyPatch, comments: bool
) -> None:
    monkeypatch.setattr(step_text, "_RUN_BYTES", 200)
    rng = random.Random(f"stop/{comments}")
    for _ in range(200):
        data = _text(rng, comments)
        every = _one_by_one(data, 0)
        stop = rng.randrange(len(data) + 1)
        runs = list(iter_runs(data, 0, stop))
        read = [number for run in runs for number in run.numbers]
        assert read == [number for number, _, begin in every if begin < stop]
        ends = [*(begin for _, _, begin in every[1:]), len(data)]
        assert (runs[-1].end if runs else 0) == (ends[len(read) - 1] if read else 0)


def test_an_instance_is_found_by_any_of_its_bytes() -> None:
    data = b"#1=IFCWALL($);\n#2=IFCDOOR('a');\n#3=IFCSLAB();"
    (run,) = iter_runs(data, 0)
    found = [run.read(data, run.find_at(offset))[1] for offset in (0, 13, 14, 15, 30, 33, len(data) - 1)]
    assert found == [b"1", b"1", b"2", b"2", b"2", b"3", b"3"]
