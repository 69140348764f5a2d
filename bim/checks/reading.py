"""Read a file from outside, an IDS or a BCF archive, in a process of its own; loads no IFC library."""

from pathlib import Path

from bim.bcf.stored import FILES, load_read
from bim.bcf.values import Archive
from bim.checks.runner import Ended, run_check
from bim.checks.values import CheckOrder, Kind, Summary, read_summary
from bim.errors import BcfError, BimError, IdsError, Place
from bim.limits import ConversionLimits, ProcessLimits

_LIMITS = ConversionLimits(
    process=ProcessLimits(wall_s=120.0, cpu_s=90, address_mb=3_072, output_mb=1_024, nice=0)
)


async def inspect_ids(path: Path, spool: Path) -> Summary:
    """Validate an IDS file; the groups of the answer are its specifications.

    Raises
    ------
    IdsError
        It is no valid IDS 1.0, with the place of the fault.
    """
    await _inspect("read_ids", path, spool, IdsError)
    return read_summary(spool)


async def inspect_bcf(path: Path, spool: Path) -> Archive:
    """Read a BCF archive; a value of `Topic.files` names a file in `found_files`.

    Raises
    ------
    BcfError
        It cannot be read, with the file at fault.
    """
    await _inspect("read_bcf", path, spool, BcfError)
    return load_read(spool)


def found_files(spool: Path) -> Path:
    """Return where the bytes of an archive's files lie."""
    return spool / FILES


async def _inspect(kind: Kind, path: Path, spool: Path, error: type[BimError]) -> None:
    ended = await run_check(CheckOrder(kind, spool, source=path, limits=_LIMITS))
    if ended.verdict.state != "succeeded":
        raise _refusal(ended, error)


def _refusal(ended: Ended, kind: type[BimError]) -> BimError:
    verdict = ended.verdict
    place = {name: verdict.detail.get(name) for name in ("line", "entity", "member")}
    error = kind("", "")
    error.place = Place(**place)
    error.message_en, error.message_zh = verdict.message_en, verdict.message_zh
    error.args = (error.message_en,)
    return error
