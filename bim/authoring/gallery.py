"""A pipe gallery 综合管廊 of fifteen segments; its file names north as east, as survey papers do."""

from bim.authoring.design import (
    Circle,
    Design,
    MapPlace,
    Part,
    Plate,
    Polygonal,
    Storey,
    Swept,
    Task,
    WallBody,
)

SEGMENTS, SEGMENT_M = 15, 20.0
WIDTH_M, CLEAR_M = 6.2, 3.0
FLOOR_M = -6.0  # top of the base slab
LENGTH_M = SEGMENTS * SEGMENT_M
WALLS = (("左侧墙", 0.175, 0.35), ("中隔墙", 3.9, 0.25), ("右侧墙", 6.025, 0.35))
PIPES = (
    ("给水管 DN600", 4.5, 0.6, 0.31, "给水系统"),
    ("再生水管 DN300", 5.2, 0.5, 0.16, "再生水系统"),
    ("热力管 DN400", 5.3, 1.6, 0.21, "热力系统"),
)
TRAYS = (("10kV电缆桥架", 0.6, 0.6), ("10kV电缆桥架", 0.6, 1.2), ("通信线槽", 3.4, 1.2))
TRAY = Polygonal(
    ((-0.2, 0.0), (0.2, 0.0), (0.2, 0.1), (0.19, 0.1), (0.19, 0.01), (-0.19, 0.01), (-0.19, 0.1), (-0.2, 0.1))
)


def design_gallery(place: MapPlace, tasks: tuple[Task, ...]) -> Design:
    """Return the gallery; `place` holds what the file says, right or wrong."""
    parts = tuple(p for n in range(SEGMENTS) for p in _segment(n))
    return Design(
        key="gallery",
        name="锦澜大道综合管廊（样例）",
        building="综合管廊",
        object_type="综合管廊",
        description="synthetic: true 虚构样例，不对应任何真实工程",
        millimetres=False,
        storeys=(Storey("G", "管廊层", FLOOR_M),),
        parts=(*parts, *_valves(), _old_sewer()),
        place=place,
        tasks=tasks,
    )


def _segment(n: int) -> list[Part]:
    x0 = n * SEGMENT_M
    base = _plate(f"base/{n}", f"底板 {n + 1}段", "BASESLAB", "M04", x0, FLOOR_M - 0.4)
    top = _plate(f"top/{n}", f"顶板 {n + 1}段", "ROOF", "M06", x0, FLOOR_M + CLEAR_M)
    return [base, *_segment_walls(n, x0), top, *_pipes(n, x0), *_trays(n, x0)]


def _plate(key: str, name: str, kind: str, package: str, x0: float, base: float) -> Part:
    area = SEGMENT_M * WIDTH_M
    outline = ((x0, 0.0), (x0 + SEGMENT_M, 0.0), (x0 + SEGMENT_M, WIDTH_M), (x0, WIDTH_M))
    return Part(
        key=key,
        ifc_class="IfcSlab",
        name=name,
        body=Plate(outline, base, 0.4),
        storey="G",
        package=package,
        predefined=kind,
        quantity_set="Qto_SlabBaseQuantities",
        quantities={
            "Depth": 0.4,
            "GrossArea": area,
            "NetArea": area,
            "GrossVolume": area * 0.4,
            "NetVolume": area * 0.4,
        },
        classification=("14-30.10.02", "管廊主体"),
        material="C35P8防水混凝土",
        properties={"Reference": "GL400", "IsExternal": True, "LoadBearing": True},
    )


def _segment_walls(n: int, x0: float) -> list[Part]:
    parts = []
    for k, (name, y, thickness) in enumerate(WALLS):
        volume = SEGMENT_M * CLEAR_M * thickness
        parts.append(
            Part(
                key=f"wall/{n}/{k}",
                ifc_class="IfcWall",
                name=f"{name} {n + 1}段",
                body=WallBody((x0, y), (x0 + SEGMENT_M, y), FLOOR_M, CLEAR_M, thickness),
                storey="G",
                package="M05",
                predefined="SOLIDWALL",
                quantity_set="Qto_WallBaseQuantities",
                quantities={
                    "Length": SEGMENT_M,
                    "Height": CLEAR_M,
                    "Width": thickness,
                    "NetVolume": volume,
                    "GrossVolume": volume,
                },
                classification=("14-30.10.03", "管廊墙体"),
                material="C35P8防水混凝土",
                properties={
                    "Reference": f"GQ{round(thickness * 1000)}",
                    "IsExternal": k != 1,
                    "LoadBearing": True,
                },
            )
        )
    return parts


def _pipes(n: int, x0: float) -> list[Part]:
    return [
        Part(
            key=f"pipe/{n}/{k}",
            ifc_class="IfcPipeSegment",
            name=f"{name} {n + 1}段",
            body=Swept(Circle(radius, 0.01), SEGMENT_M, (x0, y, FLOOR_M + z), (1.0, 0.0)),
            storey="G",
            package="M08",
            predefined="RIGIDSEGMENT",
            quantity_set="Qto_PipeSegmentBaseQuantities",
            quantities={"Length": SEGMENT_M},
            classification=("14-30.20.02", "管段"),
            material="球墨铸铁" if k < 2 else "无缝钢管",
            system=system,
            properties={"Reference": name.split()[1]},
        )
        for k, (name, y, z, radius, system) in enumerate(PIPES)
    ]


def _trays(n: int, x0: float) -> list[Part]:
    return [
        Part(
            key=f"tray/{n}/{k}",
            ifc_class="IfcCableCarrierSegment",
            name=f"{name} {n + 1}段-{k + 1}",
            body=Swept(TRAY, SEGMENT_M, (x0, y, FLOOR_M + z), (1.0, 0.0)),
            storey="G",
            package="M09",
            predefined="CABLETRAYSEGMENT",
            quantity_set="Qto_CableCarrierSegmentBaseQuantities",
            quantities={"Length": SEGMENT_M},
            classification=("14-30.30.04", "电缆桥架"),
            material="镀锌钢板",
            system="电力通信系统",
            properties={"Reference": "QJ400x100"},
        )
        for k, (name, y, z) in enumerate(TRAYS)
    ]


def _valves() -> list[Part]:
    return [
        Part(
            key=f"valve/{n}",
            ifc_class="IfcValve",
            name=f"给水分段阀 {n + 1}#",
            body=Swept(Circle(0.4), 0.6, (n * 60.0 + 30.0, PIPES[0][1], FLOOR_M + PIPES[0][2]), (1.0, 0.0)),
            storey="G",
            predefined="ISOLATING",
            classification=("14-30.20.05", "阀门"),
            material="球墨铸铁",
            system="给水系统",
            properties={"Reference": "DN600"},
        )
        for n in range(5)
    ]


def _old_sewer() -> Part:
    return Part(
        key="pipe/existing",
        ifc_class="IfcPipeSegment",
        name="既有污水管 d800（保留）",
        body=Swept(Circle(0.46, 0.06), 14.0, (150.0, -4.0, FLOOR_M - 2.0), (0.0, 1.0)),
        storey="G",
        package="M08",  # hangs on the pipes' task on purpose: a roll-up must leave it out
        predefined="RIGIDSEGMENT",
        status="EXISTING",
        quantity_set="Qto_PipeSegmentBaseQuantities",
        quantities={"Length": 14.0},
        classification=("14-30.20.02", "管段"),
        material="混凝土",
        properties={"Reference": "d800"},
    )
