"""One round of the kill trial; `python -m tests.flows.trial --kills 20` runs the long one."""

import tempfile
from pathlib import Path

import pytest

from tests.flows.trial import VICTIMS, run_trial


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_acknowledged_writes_survive_a_kill_of_every_process() -> None:
    with tempfile.TemporaryDirectory(prefix="twin-trial-") as folder:
        Path(folder).chmod(0o755)  # the account of a server started by root must get in
        outcome = run_trial(Path(folder) / "home", kills=1, seed=7)
    assert outcome.lost == []
    assert outcome.doubled == []
    assert set(outcome.kills) == set(VICTIMS)
    assert outcome.reports > 0
