"""What the kernel is given instead of what was uploaded."""

from bim.prepare import _escaped


def test_only_backslashes_that_start_no_escape_are_doubled() -> None:
    header = rb"'\X2\865A6784\X0\','C:\temp\new','\\server','\S\D'"
    assert _escaped(header) == rb"'\X2\865A6784\X0\','C:\\temp\\new','\\server','\S\D'"
