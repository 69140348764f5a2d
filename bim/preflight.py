"""One streaming pass over the text of a model, before the kernel sees it; every refusal is a typed error."""

import re
from array import array
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bim.beside import beside
from bim.errors import CycleError, ParseError, TooBigError
from bim.graph import Edges, compute_depth, find_cycle
from bim.limits import MIB, FileLimits
from bim.sniff import WINDOW_BYTES, Header, check_trailer, read_header
from bim.step_text import (
    FILE_END,
    INSTANCE,
    TRAILER,
    Buffer,
    Run,
    bare_text,
    compute_place,
    iter_runs,
    list_references,
    mapped_bytes,
    split_arguments,
)
from bim.text_checks import (
    check_balance,
    check_escapes,
    check_numbers_of,
    grammar_error,
    list_number_suspects,
)

# A model at work needs 10-13 times its size, measured on 27-108 MB files; the base is the interpreter.
MEMORY_FACTOR = 13
MEMORY_BASE_MB = 150

_GEOMETRY = [
    "BOOLEANRESULT",
    "BOOLEANCLIPPINGRESULT",
    "MAPPEDITEM",
    "REPRESENTATIONMAP",
    "SHAPEREPRESENTATION",
    "CSGSOLID",
    "TOPOLOGYREPRESENTATION",
    "STYLEDREPRESENTATION",
    "COMPOSITECURVE",
    "COMPOSITECURVESEGMENT",
    "TRIMMEDCURVE",
    "OFFSETCURVE2D",
    "OFFSETCURVE3D",
    "CURVESEGMENT",
    "GRADIENTCURVE",
    "SEGMENTEDREFERENCECURVE",
    "OFFSETCURVEBYDISTANCES",
    "GEOMETRICSET",
    "GEOMETRICREPRESENTATIONCONTEXT",
    "GEOMETRICREPRESENTATIONSUBCONTEXT",
]
_PLACEMENTS = ["LOCALPLACEMENT", "GRIDPLACEMENT", "LINEARPLACEMENT"]
_RELATIONS = ["RELAGGREGATES", "RELNESTS", "RELDECOMPOSES"]
_PROFILE_POINTS = ["POLYLINE", "POLYLOOP", "CARTESIANPOINTLIST2D"]

_GRAPH_OF = {
    **{b"IFC" + name.encode(): "geometry" for name in _GEOMETRY},
    **{b"IFC" + name.encode(): "placement" for name in _PLACEMENTS},
    **{b"IFC" + name.encode(): "decomposition" for name in _RELATIONS},
}
_NOTED = frozenset((*_GRAPH_OF, b"IFCMAPCONVERSION"))
_DIGITS = 10
LARGEST_NUMBER = 2**31 - 1  # of an instance; the library drops those above without a word
_LONG = 400
_SHARED_BYTES = 1 * MIB
_SHOWN = 40


@dataclass(frozen=True)
class PreflightReport:
    """What the scan found in a file that may go to the kernel.

    Attributes
    ----------
    header : Header
        Schema names and the place of the data section.
    size_bytes, entity_count : int
        Size of the plain text and number of instances.
    counts_by_class : dict
        Instances per class name in upper case, as written.
    memory_estimate_mb : int
        Expected need of the conversion.
    long_map_conversions : dict
        Raw arguments of map conversions with more values than IFC4X3_ADD2 knows (release candidates 3 and 4).
    warnings : tuple of str
        What a person should know.
    """

    header: Header
    size_bytes: int
    entity_count: int
    counts_by_class: dict[str, int]
    memory_estimate_mb: int
    long_map_conversions: dict[int, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass
class _Scan:
    """What the pass over the instances, or over a part of them, found; it ended at the offset `end`."""

    end: int
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    names: Counter[bytes] = field(default_factory=Counter)
    graphs: dict[str, Edges] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)
    conversions: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def join(self, following: "_Scan") -> None:
        """Take over what was found behind this part. A number given twice is refused before it matters which."""
        self.end = following.end
        self.numbers.extend(following.numbers)
        self.names.update(following.names)
        for name, edges in following.graphs.items():
            own = self.graphs.setdefault(name, {})
            for number, references in edges.items():
                own.setdefault(number, []).extend(references)
        self.offsets = {**following.offsets, **self.offsets}
        self.conversions.update(following.conversions)


def preflight(path: Path, limits: FileLimits, processes: int = 1) -> PreflightReport:
    """Check a plain, ASCII IFC file for everything that could end the kernel.

    Parameters
    ----------
    path : Path
        Plain text; archives are unpacked and raw bytes transcoded before (:mod:`bim.prepare`).
    limits : FileLimits
        Caps.
    processes : int
        Cores that may be used: with more than one, half of a large file is read in a fork.

    Raises
    ------
    NotIfcError, TruncatedError, SchemaUnsupportedError, ParseError, CycleError, TooBigError
        With line and entity.
    """
    size = path.stat().st_size
    _check_size(size, limits)
    with mapped_bytes(path) as data:
        header = read_header(data[:WINDOW_BYTES])
        check_trailer(data[-WINDOW_BYTES:], size)
        check_escapes(data, header.data_start)
        scan = _scan_instances(data, header.data_start, limits, processes)
        for name, edges in scan.graphs.items():
            _check_graph(name, edges, scan, data, limits)
    counts = {name.decode("ascii"): count for name, count in sorted(_upper(scan.names).items())}
    estimate = estimate_memory_mb(size)
    _check_memory(estimate, limits)
    return PreflightReport(header, size, sum(counts.values()), counts, estimate, scan.conversions)


def estimate_memory_mb(size_bytes: int) -> int:
    """Estimate the memory a conversion needs, in MB.

    >>> estimate_memory_mb(100 * 1024 * 1024)
    1450
    """
    return MEMORY_BASE_MB + MEMORY_FACTOR * size_bytes // MIB


def _scan_instances(data: Buffer, start: int, limits: FileLimits, processes: int) -> _Scan:
    shared = processes > 1 and len(data) - start >= _SHARED_BYTES
    scan = _scan_halves(data, start, limits) if shared else _scan_part(data, start, len(data), limits)
    trailer = TRAILER.match(data, scan.end)
    if trailer is None:
        raise grammar_error(data, scan.end)
    if not FILE_END.match(data, trailer.end()):
        raise _sequel_error(data, trailer.end())
    _check_count(len(scan.numbers), limits)
    check_balance(data, start)
    _check_unique(scan.numbers, data, start)
    return scan


def _scan_halves(data: Buffer, start: int, limits: FileLimits) -> _Scan:
    """Scan the second half in a fork, on the guess that an instance ends in the middle.

    The first half tells whether it does: only then is the fork's answer, also its refusal, that of one pass.
    """
    stop = data.find(b");", start + (len(data) - start) // 2) + 2
    with beside(lambda: _scan_part(data, stop, len(data), limits)) as errand:
        scan = _scan_part(data, start, stop, limits)
        if scan.end < stop:  # the text is broken there
            return scan
        if scan.end == stop:
            scan.join(errand.wait())
            return scan
    return _scan_part(data, start, len(data), limits)


def _scan_part(data: Buffer, start: int, stop: int, limits: FileLimits) -> _Scan:
    """Scan instances up to an offset, or to the first text before it that is none."""
    scan = _Scan(start)
    suspects = deque(list_number_suspects(data, start, stop))
    for run in iter_runs(data, start, stop):
        scan.numbers.extend(_numbers_of(run, data))
        scan.names.update(run.names)
        _check_run(data, run, limits, suspects)
        for index, name in enumerate(run.names):
            if name in _NOTED:
                _note(scan, name, run.read(data, index))
        scan.end = run.end
    return scan


def _numbers_of(run: Run, data: Buffer) -> list[int]:
    if max(map(len, run.numbers)) >= _DIGITS:
        for index, number in enumerate(run.numbers):
            if len(number) > _DIGITS or int(number) > LARGEST_NUMBER:
                raise _number_error(data, run.read(data, index))
    return list(map(int, run.numbers))


def _check_run(data: Buffer, run: Run, limits: FileLimits, suspects: deque[int]) -> None:
    for index in np.flatnonzero(np.diff(run.borders) > _LONG):
        _check_long(data, run.read(data, int(index)), limits)
    while suspects and suspects[0] < run.end:
        match = run.read(data, run.find_at(suspects[0]))
        check_numbers_of(data, match)
        while suspects and suspects[0] < match.end():
            suspects.popleft()


def _note(scan: _Scan, name: bytes, match: re.Match[bytes]) -> None:
    graph = _GRAPH_OF.get(name)
    if graph is not None:
        _note_edges(scan, graph, match)
    else:
        _note_conversion(scan, match)


def _sequel_error(data: Buffer, end: int) -> ParseError:
    return ParseError(
        "Text follows the end of the data section, perhaps a second model: the file was put together or repaired. "
        "Export the model again.",
        "数据段结束后还有内容,可能是第二个模型:文件经过拼接或修补。请重新导出模型。",
        compute_place(data, end + 1),
    )


def _number_error(data: Buffer, match: re.Match[bytes]) -> ParseError:
    number = match[1][:_SHOWN].decode()
    entity = int(number) if len(number) < _SHOWN else None
    return ParseError(
        f"The instance number #{number} is above {LARGEST_NUMBER}; readers lose such objects. Export the model again.",
        f"实体编号 #{number} 超过 {LARGEST_NUMBER},读取时会丢失。请重新导出模型。",
        compute_place(data, match.start(1), entity),
    )


def _check_unique(numbers: "array[int]", data: Buffer, start: int) -> None:
    """Refuse a number that two instances carry: what refers to it could mean either."""
    ordered = np.sort(np.frombuffer(numbers, dtype=np.int64))
    twice = np.flatnonzero(ordered[1:] == ordered[:-1])
    if not len(twice):
        return
    number = int(ordered[twice[0]])
    carriers = [match.start(1) for match in INSTANCE.finditer(data, start) if int(match[1]) == number]
    first = compute_place(data, carriers[0]).line
    raise ParseError(
        f"The instance number #{number} was given in line {first} already. Export the model again.",
        f"实体编号 #{number} 已在第 {first} 行使用。请重新导出模型。",
        compute_place(data, carriers[1], number),
    )


def _upper(counts: Counter[bytes]) -> Counter[bytes]:
    upper: Counter[bytes] = Counter()
    for name, count in counts.items():
        upper[name.upper()] += count
    return upper


def _note_edges(scan: _Scan, graph: str, match: re.Match[bytes]) -> None:
    number = int(match.group(1))
    edges = scan.graphs.setdefault(graph, {})
    scan.offsets[number] = match.start(1)
    if graph != "decomposition":
        edges[number] = list_references(match.group(3))
        return
    arguments = split_arguments(match.group(3).strip()[1:-1])
    if len(arguments) < 6:
        return
    for whole in list_references(arguments[4]):
        scan.offsets.setdefault(whole, match.start(1))
        edges.setdefault(whole, []).extend(list_references(arguments[5]))


def _note_conversion(scan: _Scan, match: re.Match[bytes]) -> None:
    arguments = split_arguments(match.group(3).strip()[1:-1])
    if len(arguments) > 8:
        scan.conversions[int(match.group(1))] = tuple(part.decode("ascii") for part in arguments)


def _check_long(data: Buffer, match: re.Match[bytes], limits: FileLimits) -> None:
    text, name = match.group(3), match.group(2).upper().decode("ascii")
    caps = (
        (len(text), limits.instance_bytes, "bytes", "字节"),
        (_nesting(text, limits.nesting), limits.nesting, "levels of parentheses", "层括号"),
        (_vertices(name, text), _vertex_cap(name, limits), "points", "个点"),
    )
    for value, cap, unit_en, unit_zh in caps:
        if value <= cap:
            continue
        raise TooBigError(
            f"{name} has {value} {unit_en}, allowed are {cap}. Simplify this object in the authoring tool.",
            f"{name} 含 {value} {unit_zh},上限为 {cap}。请在建模软件中简化该对象。",
            compute_place(data, match.start(1), int(match.group(1))),
        )


def _nesting(text: bytes, cap: int) -> int:
    if text.count(b"(") <= cap:
        return 0
    deepest = depth = 0
    for bracket in re.finditer(rb"[()]", bare_text(text)):
        depth += 1 if bracket.group(0) == b"(" else -1
        deepest = max(deepest, depth)
        if deepest > cap:
            return deepest
    return deepest


def _vertices(name: str, text: bytes) -> int:
    if name in ("IFCPOLYLINE", "IFCPOLYLOOP"):
        return text.count(b"#")
    if name in ("IFCCARTESIANPOINTLIST2D", "IFCCARTESIANPOINTLIST3D"):
        return text.count(b"(") - 2
    return 0


def _vertex_cap(name: str, limits: FileLimits) -> int:
    return limits.profile_vertices if name.removeprefix("IFC") in _PROFILE_POINTS else limits.mesh_vertices


def _check_graph(name: str, edges: Edges, scan: _Scan, data: Buffer, limits: FileLimits) -> None:
    cycle = find_cycle(edges)
    kinds_zh = {"placement": "定位", "decomposition": "分解关系", "geometry": "几何引用"}
    if cycle:
        shown = " > ".join(f"#{number}" for number in [*cycle[:8], cycle[0]])
        raise CycleError(
            f"The {name} references run in a circle: {shown}. Export the model again or repair this object.",
            f"{kinds_zh[name]}出现循环:{shown}。请修复该对象或重新导出模型。",
            compute_place(data, scan.offsets[cycle[0]], cycle[0]),
        )
    depth, start = compute_depth(edges)
    if depth > limits.graph_depth:
        raise TooBigError(
            f"The {name} references are {depth} levels deep, allowed are {limits.graph_depth}. Simplify this object.",
            f"{kinds_zh[name]}嵌套 {depth} 层,上限为 {limits.graph_depth}。请简化该对象。",
            compute_place(data, scan.offsets[start], start),
        )


def _check_size(size: int, limits: FileLimits) -> None:
    if size > limits.file_bytes:
        raise TooBigError(
            f"The model has {size} bytes, allowed are {limits.file_bytes}. Split it by discipline or storey.",
            f"模型大小为 {size} 字节,上限为 {limits.file_bytes} 字节。请按专业或楼层拆分。",
        )


def _check_count(count: int, limits: FileLimits) -> None:
    if count > limits.entities:
        raise TooBigError(
            f"The model has {count} entities, allowed are {limits.entities}. Split it by discipline or storey.",
            f"模型含 {count} 个实体,上限为 {limits.entities}。请按专业或楼层拆分。",
        )


def _check_memory(estimate_mb: int, limits: FileLimits) -> None:
    if estimate_mb > limits.memory_mb:
        raise TooBigError(
            f"The conversion would need about {estimate_mb} MB of memory, allowed are {limits.memory_mb}. Split it.",
            f"转换约需 {estimate_mb} MB 内存,上限为 {limits.memory_mb} MB。请拆分模型。",
        )
