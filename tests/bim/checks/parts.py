"""Tiny models as STEP text: boxes and cylinders at places worked out by hand, metres."""

from dataclasses import dataclass
from pathlib import Path

X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Part:
    """A body: GlobalId, class, profile (two sides of a box or one radius), start, direction and length."""

    global_id: str
    ifc_class: str
    profile: tuple[float, ...]
    start: tuple[float, float, float]
    direction: tuple[float, float, float]
    length: float
    name: str = "构件"


# A wall 10 m long in x, 0.2 m thick (y from -0.1 to 0.1), 3 m high.
WALL = Part("0wall00000000000000001", "IFCWALL", (10.0, 0.2), (0.0, 0.0, 0.0), Z, 3.0, "外墙")


def pipe(
    number: int, x: float, y: float, length: float = 2.0, direction: tuple[float, float, float] = Y
) -> Part:
    """A pipe of radius 0.1 m at height 1.5 m, beginning at (x, y)."""
    return Part(
        f"0pipe000000000000000{number:02}",
        "IFCPIPESEGMENT",
        (0.1,),
        (x, y, 1.5),
        direction,
        length,
        f"管 {number}",
    )


def write(
    path: Path,
    parts: list[Part],
    *,
    unit_m: float = 1.0,
    extra: list[str] | None = None,
    schema: str = "IFC4",
) -> Path:
    """Write a model; with ``unit_m`` 0.001 its numbers are millimetres."""
    prefix = ".MILLI." if unit_m == 0.001 else "$"
    lines = [
        "#1=IFCPROJECT('0project00000000000001',$,'示范工程',$,$,$,$,(#5),#6);",
        "#2=IFCCARTESIANPOINT((0.,0.,0.));",
        "#3=IFCAXIS2PLACEMENT3D(#2,$,$);",
        "#5=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-5,#3,$);",
        "#6=IFCUNITASSIGNMENT((#7));",
        f"#7=IFCSIUNIT(*,.LENGTHUNIT.,{prefix},.METRE.);",
        *(extra or []),
    ]
    for number, part in enumerate(parts):
        lines += _part(100 + 20 * number, part, unit_m)
    data = "\n".join(lines)
    path.write_text(
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\nFILE_NAME('','2025-10-31T00:00:00',(''),(''),'','','');\n"
        f"FILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;\n{data}\nENDSEC;\nEND-ISO-10303-21;\n",
        encoding="utf-8",
    )
    return path


def _part(n: int, part: Part, unit_m: float) -> list[str]:
    def tell(values: tuple[float, ...]) -> str:
        return ",".join(f"{value:.6f}" for value in values)

    scaled = tuple(value / unit_m for value in part.start)
    profile = tuple(value / unit_m for value in part.profile)
    across = X if part.direction == Z else Z
    kind = "IFCRECTANGLEPROFILEDEF" if len(profile) == 2 else "IFCCIRCLEPROFILEDEF"
    return [
        f"#{n}=IFCCARTESIANPOINT(({tell(scaled)}));",
        f"#{n + 1}=IFCDIRECTION(({tell(part.direction)}));",
        f"#{n + 2}=IFCDIRECTION(({tell(across)}));",
        f"#{n + 3}=IFCAXIS2PLACEMENT3D(#{n},#{n + 1},#{n + 2});",
        f"#{n + 4}=IFCLOCALPLACEMENT($,#{n + 3});",
        f"#{n + 5}={kind}(.AREA.,$,$,{tell(profile)});",
        f"#{n + 6}=IFCDIRECTION((0.,0.,1.));",
        f"#{n + 7}=IFCEXTRUDEDAREASOLID(#{n + 5},$,#{n + 6},{part.length / unit_m:.6f});",
        f"#{n + 8}=IFCSHAPEREPRESENTATION(#5,'Body','SweptSolid',(#{n + 7}));",
        f"#{n + 9}=IFCPRODUCTDEFINITIONSHAPE($,$,(#{n + 8}));",
        f"#{n + 10}={part.ifc_class}('{part.global_id}',$,'{part.name}',$,$,#{n + 4},#{n + 9},$,$);",
    ]
