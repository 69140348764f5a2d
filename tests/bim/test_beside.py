"""A function in a fork: its answer and its errors come home, and it never outlives what asked for it."""

import faulthandler
import os
import signal
import time

import psutil
import pytest

from bim.beside import ForkDiedError, beside
from bim.errors import BimError, ParseError, Place
from bim.limits import MIB


def _raise(error: BaseException) -> None:
    raise error


def test_the_answer_comes_home_however_large() -> None:
    with beside(lambda: b"x" * (8 * MIB)) as errand:
        assert len(errand.wait()) == 8 * MIB


def test_a_refusal_comes_home_with_its_place_in_both_languages() -> None:
    said = ParseError("The text is broken.", "文本损坏。", Place(line=7, entity=12))
    with beside(lambda: _raise(said)) as errand, pytest.raises(BimError) as refused:
        errand.wait()
    assert type(refused.value) is ParseError
    assert (refused.value.message_en, refused.value.message_zh, refused.value.place, str(refused.value)) == (
        said.message_en, said.message_zh, said.place, str(said),
    )  # fmt: skip


def test_an_error_that_cannot_be_made_again_is_told_by_name() -> None:
    class OddError(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(f"{one} and {two}")

    with (
        beside(lambda: _raise(OddError(1, 2))) as errand,
        pytest.raises(RuntimeError, match="OddError: 1 and 2"),
    ):
        errand.wait()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU])
def test_a_fork_that_dies_is_an_error_here_with_the_signal(number: signal.Signals) -> None:
    def die() -> None:
        faulthandler.disable()  # pytest's own would print a trace
        os.kill(os.getpid(), number)
        time.sleep(60)

    with beside(die) as errand, pytest.raises(ForkDiedError) as died:
        errand.wait()
    assert died.value.number == number


def test_no_fork_outlives_what_asked_for_it() -> None:
    def fail() -> None:
        with beside(lambda: time.sleep(60)):
            raise ValueError("here")

    began, before = time.monotonic(), set(psutil.Process().children())
    with pytest.raises(ValueError, match="here"):
        fail()
    assert time.monotonic() - began < 10
    assert set(psutil.Process().children()) <= before
