"""Of two planners who reserve one parcel at one moment one gets it, and the other learns who and when."""

from pathlib import Path

from tests.flows.reserve_race import run_race


def test_of_two_planners_at_the_same_moment_exactly_one_wins(server_url: str, tmp_path: Path) -> None:
    outcome = run_race(server_url, tmp_path, 20)
    assert outcome.faults == []
    assert (outcome.trials, sum(outcome.wins.values())) == (20, 20)
