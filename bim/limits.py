"""Every limit of a conversion in one place; honest files of 20,000 walls must pass them all."""

from dataclasses import dataclass, field

MIB = 1024 * 1024


@dataclass(frozen=True)
class FileLimits:
    """What pre-flight lets through.

    Attributes
    ----------
    file_bytes : int
        Size of the plain IFC file.
    entities : int
        Number of STEP instances.
    instance_bytes : int
        Length of one instance; mesh point lists are long and honest.
    nesting : int
        Depth of parentheses in one instance.
    graph_depth : int
        Depth of placements, decomposition and geometry references; 20,000 nested booleans end the kernel.
    profile_vertices : int
        Points of one 2-D list, polyline or loop; 300,000 self-crossing ones take minutes.
    mesh_vertices : int
        Points of one 3-D list.
    zip_entries, zip_ratio : int
        Entries of an archive and its largest unpacked : packed ratio.
    memory_mb : int
        Largest estimated need of memory.
    """

    file_bytes: int = 1024 * MIB
    entities: int = 20_000_000
    instance_bytes: int = 256 * MIB
    nesting: int = 64
    graph_depth: int = 500
    profile_vertices: int = 100_000
    mesh_vertices: int = 5_000_000
    zip_entries: int = 32
    zip_ratio: int = 200
    memory_mb: int = 6144


@dataclass(frozen=True)
class ProcessLimits:
    """What the operating system and the supervisor allow one conversion.

    Attributes
    ----------
    wall_s : float
        Whole job, enforced by the runner.
    cpu_s : int
        CPU seconds of each process.
    address_mb : int
        Address space of each process; about twice the resident need.
    output_mb : int
        Largest file a process may write.
    open_files : int
        File descriptors of each process.
    nice : int
        Added niceness.
    batch_elements : int
        Elements of one geometry batch; equal shapes are drawn once per batch, so large ones are cheaper.
    shared_elements : int
        Elements from which several processes share the geometry of a model; below, one is cheaper.
    batch_s : float
        Seconds a batch may stay silent before it is ended and split.
    element_s : float
        Seconds added for each element of the batch before its first shape, while the kernel reads the list.
    footprint_triangles : int
        Above this many up-facing triangles a footprint is simplified and flagged.
    """

    wall_s: float = 1800.0
    cpu_s: int = 1800
    address_mb: int = 6144
    output_mb: int = 4096
    open_files: int = 256
    nice: int = 5
    batch_elements: int = 4000
    shared_elements: int = 120
    batch_s: float = 20.0
    element_s: float = 0.01
    footprint_triangles: int = 40_000


@dataclass(frozen=True)
class ConversionLimits:
    """File and process limits of one conversion."""

    file: FileLimits = field(default_factory=FileLimits)
    process: ProcessLimits = field(default_factory=ProcessLimits)
