"""Readers see no error, no gap, no repetition and nothing stale while somebody edits without pause."""

from pathlib import Path

from tests.flows.edit_storm import run_storm


def test_readers_are_never_misled_while_a_writer_edits(server_url: str, tmp_path: Path) -> None:
    outcome = run_storm(server_url, tmp_path, 6.0, parcels=1_500, readers=4)
    assert (outcome.errors, outcome.lost, outcome.repeated, outcome.stale) == ([], [], [], [])
    assert outcome.edits > 20
    assert outcome.answers["walk"] >= 1
    assert outcome.answers["tile"] > 20
