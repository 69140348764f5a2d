"""Make of an upload the plain ASCII text the kernel reads; the original stays untouched."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from bim.archive import unpack_model
from bim.encoding import ASCII, find_encoding, transcode
from bim.errors import ParseError
from bim.limits import FileLimits
from bim.preflight import PreflightReport, preflight
from bim.sniff import WINDOW_BYTES, Sniffed, read_header, sniff
from bim.step_text import mapped_bytes
from bim.text_checks import check_numbers, has_good_escapes

_BOM = b"\xef\xbb\xbf"
# A whole escape, or one backslash that starts none.
_BACKSLASH = re.compile(rb"(\\\\|\\S\\|\\P[A-I]\\|\\X2?\\|\\X4\\|\\X0\\|\\[NF]\\)|\\")


@dataclass(frozen=True)
class Prepared:
    """A model ready for the kernel.

    Attributes
    ----------
    path : Path
        The text to open: the original, or a rewritten copy in the spool.
    sniffed : Sniffed
        What the upload was.
    encoding : str
        Encoding the text was found in.
    report : PreflightReport
        Result of the scan.
    warnings : tuple of str
        What was changed on the way.
    """

    path: Path
    sniffed: Sniffed
    encoding: str
    report: PreflightReport
    warnings: tuple[str, ...]


def prepare(
    source: Path, spool: Path, limits: FileLimits, expected_bytes: int | None = None, processes: int = 1
) -> Prepared:
    """Sniff, unpack, transcode, rename the schema where needed, and pre-flight a model.

    Parameters
    ----------
    processes : int
        Cores that may be used.

    Raises
    ------
    BimError
        Any refusal of :mod:`bim.sniff`, :mod:`bim.archive`, :mod:`bim.encoding` and :mod:`bim.preflight`.
    """
    text = read_text(source, spool, limits, expected_bytes)
    report = preflight(text.path, limits, processes)
    return text.prepared(report, rewrite_header(text.path, spool))


@dataclass(frozen=True)
class ModelText:
    """The text of a model as plain ASCII, not looked into yet: where it lies, what it was, what was changed."""

    path: Path
    sniffed: Sniffed
    encoding: str
    warnings: tuple[str, ...]

    def prepared(self, report: PreflightReport, path: Path) -> Prepared:
        """Join what pre-flight reports, and the copy that `rewrite_header` made."""
        warnings = list(self.warnings)
        written = report.header.schema.strip().upper()
        if written != report.header.open_as:
            warnings.append(f"schema {written} read as {report.header.open_as}")
        return Prepared(path, self.sniffed, self.encoding, report, tuple(warnings))


def read_text(source: Path, spool: Path, limits: FileLimits, expected_bytes: int | None = None) -> ModelText:
    """Sniff, unpack and transcode a model.

    Raises
    ------
    BimError
        Any refusal of :mod:`bim.sniff`, :mod:`bim.archive` and :mod:`bim.encoding`.
    """
    sniffed = sniff(source, expected_bytes, limits)
    path = source
    if sniffed.container == "ifczip":
        path = spool / "unpacked.ifc"
        unpack_model(source, path, limits)
    encoding = _find_encoding(path)
    warnings = []
    if encoding != ASCII:
        warnings.append(f"text read as {encoding}; the standard asks for escapes")
        transcode(path, encoding, spool / "ascii.ifc")
        path = spool / "ascii.ifc"
    return ModelText(path, sniffed, encoding, tuple(warnings))


def _find_encoding(path: Path) -> str:
    with mapped_bytes(path) as data:
        try:
            return find_encoding(data)
        except ParseError as first:
            try:
                check_numbers(data, 0)
            except ParseError as second:
                raise first.joined(second) from second
            raise


def rewrite_header(path: Path, spool: Path) -> Path:
    """Write a copy with the schema name the kernel knows; return the same path where nothing changes."""
    with path.open("rb") as stream:
        head = stream.read(WINDOW_BYTES)
        header = read_header(head)
        start, end = header.schema_span
        name = f"('{header.open_as}')".encode()
        before, after = head[:start], head[end : header.data_start]
        fixed = _escaped(before) + name + _escaped(after)
        if header.schema == header.open_as and fixed.removeprefix(_BOM) == before + name + after:
            return path
        target = spool / "model.ifc"
        stream.seek(header.data_start)
        with target.open("wb") as sink:
            sink.write(fixed.removeprefix(_BOM))
            shutil.copyfileobj(stream, sink, 1 << 20)
    return target


def _escaped(header: bytes) -> bytes:
    """Repair backslashes in the header, as in Windows paths, at which the library refuses the whole file.

    The header's texts are not read any further, so a slash does where doubling leaves a broken escape.
    """
    if b"\\" not in header:
        return header
    doubled = _BACKSLASH.sub(_double, header)
    return doubled if has_good_escapes(doubled) else header.replace(b"\\", b"/")


def _double(match: re.Match[bytes]) -> bytes:
    return match.group(1) or rb"\\"
