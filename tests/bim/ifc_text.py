"""Small IFC files written by hand, line by line, so that the tests know every number in them."""

from dataclasses import dataclass, field
from pathlib import Path

CUBE_SIDES_M = (3.0, 0.2, 2.8)


def guid(number: int) -> str:
    """A GlobalId of 22 characters that shows its number."""
    return f"0{number:021d}"


@dataclass
class Sheet:
    """A hand-made model: walls of 3 m x 0.2 m x 2.8 m on one storey, one every 5 m along x."""

    schema: str = "IFC4"
    walls: int = 1
    millimetres: bool = False
    names: list[str] = field(default_factory=list)
    project_extra: list[str] = field(default_factory=list)
    site: str = "$,$,$"
    site_location: tuple[float, float, float] = (0.0, 0.0, 0.0)
    true_north: str = "$"
    world: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def lines(self) -> list[str]:
        """Instances of the data section."""
        prefix = ".MILLI." if self.millimetres else "$"
        x, y, z = self.site_location
        wx, wy, wz = self.world
        head = [
            f"#1=IFCPROJECT('{guid(1)}',$,'测试项目',$,$,$,$,(#10),#2);",
            "#2=IFCUNITASSIGNMENT((#3,#4,#5,#6));",
            f"#3=IFCSIUNIT(*,.LENGTHUNIT.,{prefix},.METRE.);",
            "#4=IFCSIUNIT(*,.AREAUNIT.,$,.SQUARE_METRE.);",
            "#5=IFCSIUNIT(*,.VOLUMEUNIT.,$,.CUBIC_METRE.);",
            "#6=IFCSIUNIT(*,.PLANEANGLEUNIT.,$,.RADIAN.);",
            f"#7=IFCCARTESIANPOINT(({wx},{wy},{wz}));",
            "#8=IFCAXIS2PLACEMENT3D(#7,$,$);",
            f"#10=IFCGEOMETRICREPRESENTATIONCONTEXT($,'Model',3,1.E-5,#8,{self.true_north});",
            f"#20=IFCSITE('{guid(20)}',$,'场地',$,$,#21,$,$,.ELEMENT.,{self.site},$,$);",
            "#21=IFCLOCALPLACEMENT($,#23);",
            f"#22=IFCCARTESIANPOINT(({x},{y},{z}));",
            "#23=IFCAXIS2PLACEMENT3D(#22,$,$);",
            f"#30=IFCBUILDING('{guid(30)}',$,'一号楼',$,$,#31,$,$,.ELEMENT.,$,$,$);",
            "#31=IFCLOCALPLACEMENT(#21,#33);",
            "#32=IFCCARTESIANPOINT((0.,0.,0.));",
            "#33=IFCAXIS2PLACEMENT3D(#32,$,$);",
            f"#40=IFCBUILDINGSTOREY('{guid(40)}',$,'首层',$,$,#41,$,$,.ELEMENT.,0.);",
            "#41=IFCLOCALPLACEMENT(#31,#33);",
            f"#50=IFCRELAGGREGATES('{guid(50)}',$,$,$,#1,(#20));",
            f"#51=IFCRELAGGREGATES('{guid(51)}',$,$,$,#20,(#30));",
            f"#52=IFCRELAGGREGATES('{guid(52)}',$,$,$,#30,(#40));",
        ]
        return [*head, *self._wall_lines(), *self.project_extra]

    def _wall_lines(self) -> list[str]:
        if self.walls == 0:
            return []
        unit = 1000.0 if self.millimetres else 1.0
        lines, numbers = [], []
        length, width, height = (side * unit for side in CUBE_SIDES_M)
        for index in range(self.walls):
            base = 1000 + 20 * index
            name = self.names[index] if index < len(self.names) else f"墙{index}"
            numbers.append(f"#{base}")
            lines += [
                f"#{base}=IFCWALL('{guid(base)}',$,'{name}',$,$,#{base + 1},#{base + 4},'T{index}',$);",
                f"#{base + 1}=IFCLOCALPLACEMENT(#41,#{base + 2});",
                f"#{base + 2}=IFCAXIS2PLACEMENT3D(#{base + 3},$,$);",
                f"#{base + 3}=IFCCARTESIANPOINT(({5.0 * unit * index},0.,0.));",
                f"#{base + 4}=IFCPRODUCTDEFINITIONSHAPE($,$,(#{base + 5}));",
                f"#{base + 5}=IFCSHAPEREPRESENTATION(#10,'Body','SweptSolid',(#{base + 6}));",
                f"#{base + 6}=IFCEXTRUDEDAREASOLID(#{base + 7},#8,#{base + 8},{height});",
                f"#{base + 7}=IFCRECTANGLEPROFILEDEF(.AREA.,$,$,{length},{width});",
                f"#{base + 8}=IFCDIRECTION((0.,0.,1.));",
            ]
        elements = ",".join(numbers)
        lines.append(f"#900=IFCRELCONTAINEDINSPATIALSTRUCTURE('{guid(900)}',$,$,$,({elements}),#40);")
        return lines

    def text(self) -> str:
        """The whole file."""
        return step_file(self.lines(), self.schema)


def step_file(lines: list[str], schema: str = "IFC4") -> str:
    """Wrap instances into a STEP file."""
    header = [
        "ISO-10303-21;",
        "HEADER;",
        "FILE_DESCRIPTION(('ViewDefinition [ReferenceView]'),'2;1');",
        "FILE_NAME('test.ifc','2025-10-31T08:00:00',(''),(''),'','','');",
        f"FILE_SCHEMA(('{schema}'));",
        "ENDSEC;",
        "DATA;",
    ]
    return "\n".join([*header, *lines, "ENDSEC;", "END-ISO-10303-21;", ""])


def escaped(text: str) -> str:
    """Chinese as the standard writes it, made here and not by the code under test."""
    return "".join(
        char if ord(char) < 128 else "\\X2\\" + format(ord(char), "04X") + "\\X0\\" for char in text
    )


def write(path: Path, text: str, encoding: str = "escapes") -> Path:
    """Write a file with its Chinese as escapes, or raw in an encoding."""
    data = escaped(text).encode("ascii") if encoding == "escapes" else text.encode(encoding)
    path.write_bytes(data)
    return path
