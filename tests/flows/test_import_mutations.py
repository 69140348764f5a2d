"""Spoiled planners' files through the door; `python -m tests.flows.import_mutations --count 2000` runs the long one."""

import pytest

from tests.flows.import_mutations import iter_spoilt, run

SEED, COUNT = 7, 40


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_spoiled_files_are_refused_with_a_place_or_imported_whole_and_leave_nothing(server_url: str) -> None:
    """Also: API and worker are the processes they were, and trail and history fit what was written."""
    outcome = run(iter_spoilt(COUNT, SEED, first=100), server_url, in_flight=4)
    assert outcome.faults == []
    assert sum(outcome.endings.values()) == COUNT
    ways = {ending.split(" ")[0] for ending in outcome.endings}
    assert {"refused", "imported", "rows"} <= ways  # all three ways are gone
    assert outcome.rows["added"] > 0
    assert outcome.rows["changed"] > 0


def test_number_and_seed_decide_about_a_file_whatever_came_before_it() -> None:
    whole = [(each.label, each.name, each.data) for each in iter_spoilt(6, SEED)]
    later = [(each.label, each.name, each.data) for each in iter_spoilt(2, SEED, first=4)]
    assert whole[4:] == later
    assert len({data for _, _, data in whole}) == 6
