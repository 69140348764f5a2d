"""A school building: six bays, three storeys, a corridor on the north side."""

from bim.authoring.design import (
    Design,
    MapPlace,
    Opening,
    Part,
    Plate,
    Polygonal,
    Rectangle,
    Storey,
    Swept,
    Task,
    WallBody,
)

BAYS, BAY_M = 6, 7.2
ROWS_M = (0.0, 7.5, 10.2)
STOREY_M, STOREYS = 3.9, 3
LENGTH_M, WIDTH_M = BAYS * BAY_M, ROWS_M[-1]
SLAB_M = 0.12
FOUNDATION, GROUND, SHELL, OPENINGS, ROOF = "M02", "M03", "M07", "M08", "M06"
STRUCTURE = ("M03", "M04", "M05")
CHINESE = ("一", "二", "三")


def design_building(place: MapPlace, tasks: tuple[Task, ...]) -> Design:
    """Return the school building, placed on the map by `place`."""
    storeys = (
        Storey("S0", "基础层", -1.5),
        *(Storey(f"S{n + 1}", f"{c}层", n * STOREY_M) for n, c in enumerate(CHINESE)),
    )
    parts = (*_foundations(), *(p for n in range(STOREYS) for p in _storey(n)), *_stairs(), *_site_parts())
    return Design(
        key="building",
        name="知夏实验学校教学楼（样例）",
        building="教学楼",
        object_type="教学楼",
        description="synthetic: true 虚构样例，不对应任何真实工程",
        millimetres=True,
        storeys=(*storeys, Storey("SR", "屋面层", STOREYS * STOREY_M)),
        parts=parts,
        openings=tuple(o for n in range(STOREYS) for o in _openings(n)),
        place=place,
        tasks=tasks,
    )


def _volume(length: float, section: float) -> dict[str, float]:
    return {
        "Length": length,
        "CrossSectionArea": section,
        "NetVolume": length * section,
        "GrossVolume": length * section,
    }


def _foundations() -> list[Part]:
    footings = [
        Part(
            key=f"footing/{i}{j}",
            ifc_class="IfcFooting",
            name=f"独立基础 JC-{i + 1}{'ABC'[j]}",
            body=Swept(Rectangle(1.8, 1.8), 0.6, (i * BAY_M, y, -1.5)),
            storey="S0",
            package=FOUNDATION,
            predefined="PAD_FOOTING",
            quantity_set="Qto_FootingBaseQuantities",
            quantities={"Length": 1.8, "Width": 1.8, "Height": 0.6, "NetVolume": 1.944, "GrossVolume": 1.944},
            classification=("14-10.10.03", "基础"),
            material="C30混凝土",
            properties={"Reference": "JC1800"},
        )
        for i in range(BAYS + 1)
        for j, y in enumerate(ROWS_M)
    ]
    ground = _plate("slab/ground", "首层地坪", "BASESLAB", "S1", FOUNDATION, (0.0, LENGTH_M), -0.2, 0.2)
    return [*footings, ground]


def _plate(
    key: str,
    name: str,
    kind: str,
    storey: str,
    package: str,
    span: tuple[float, float],
    base: float,
    thickness: float,
) -> Part:
    x0, x1 = span
    area = (x1 - x0) * WIDTH_M
    volume = area * thickness
    return Part(
        key=key,
        ifc_class="IfcSlab",
        name=name,
        body=Plate(((x0, 0.0), (x1, 0.0), (x1, WIDTH_M), (x0, WIDTH_M)), base, thickness),
        storey=storey,
        package=package,
        predefined=kind,
        quantity_set="Qto_SlabBaseQuantities",
        quantities={
            "Depth": thickness,
            "GrossArea": area,
            "NetArea": area,
            "GrossVolume": volume,
            "NetVolume": volume,
        },
        classification=("14-10.20.06", "楼板"),
        material="C30混凝土",
        properties={
            "Reference": f"B{round(thickness * 1000)}",
            "IsExternal": kind == "ROOF",
            "LoadBearing": True,
        },
    )


def _storey(n: int) -> list[Part]:
    roof = n == STOREYS - 1
    slabs = [
        _plate(
            f"slab/{n}/{bay}",
            f"{'屋面板' if roof else '楼板'} {n + 2}F-{bay + 1}",
            "ROOF" if roof else "FLOOR",
            "SR" if roof else f"S{n + 2}",
            ROOF if roof else STRUCTURE[n],
            (bay * BAY_M, (bay + 1) * BAY_M),
            (n + 1) * STOREY_M - SLAB_M,
            SLAB_M,
        )
        for bay in range(BAYS)
    ]
    return [*_columns(n), *_beams(n), *slabs, *_walls(n)]


def _columns(n: int) -> list[Part]:
    height = STOREY_M - SLAB_M
    return [
        Part(
            key=f"column/{n}/{i}{j}",
            ifc_class="IfcColumn",
            name=f"框架柱 KZ-{i + 1}{'ABC'[j]}",
            body=Swept(Rectangle(0.5, 0.5), height, (i * BAY_M, y, n * STOREY_M)),
            storey=f"S{n + 1}",
            package=STRUCTURE[n],
            predefined="COLUMN",
            quantity_set="Qto_ColumnBaseQuantities",
            quantities=_volume(height, 0.25),
            classification=("14-10.20.02", "柱"),
            material="C35混凝土",
            properties={"Reference": "KZ500", "IsExternal": False, "LoadBearing": True},
        )
        for i in range(BAYS + 1)
        for j, y in enumerate(ROWS_M)
    ]


def _beams(n: int) -> list[Part]:
    level = (n + 1) * STOREY_M - SLAB_M - 0.3
    lines = [
        (f"纵梁 KL-{'ABC'[j]}{i + 1}", (i * BAY_M + 0.25, y), (1.0, 0.0), BAY_M - 0.5)
        for j, y in enumerate(ROWS_M)
        for i in range(BAYS)
    ]
    lines += [
        (
            f"横梁 KL-{i + 1}{j + 1}",
            (i * BAY_M, ROWS_M[j] + 0.25),
            (0.0, 1.0),
            ROWS_M[j + 1] - ROWS_M[j] - 0.5,
        )
        for i in range(BAYS + 1)
        for j in range(2)
    ]
    return [
        Part(
            key=f"beam/{n}/{k}",
            ifc_class="IfcBeam",
            name=name,
            body=Swept(Rectangle(0.3, 0.6), length, (x, y, level), direction),
            storey=f"S{n + 1}",
            package=STRUCTURE[n],
            predefined="BEAM",
            quantity_set="Qto_BeamBaseQuantities",
            quantities=_volume(length, 0.18),
            classification=("14-10.20.03", "梁"),
            material="C30混凝土",
            properties={"Reference": "KL300x600", "IsExternal": False, "LoadBearing": True},
        )
        for k, (name, (x, y), direction, length) in enumerate(lines)
    ]


def _wall(key: str, name: str, body: WallBody, *, external: bool, storey: str, holes_m2: float = 0.0) -> Part:
    side = body.length * body.height
    return Part(
        key=key,
        ifc_class="IfcWall",
        name=name,
        body=body,
        storey=storey,
        package=SHELL,
        predefined="PARAPET" if body.height < 1.5 else "SOLIDWALL" if external else "PARTITIONING",
        quantity_set="Qto_WallBaseQuantities",
        quantities={
            "Length": body.length,
            "Height": body.height,
            "Width": body.thickness,
            "GrossSideArea": side,
            "NetSideArea": side - holes_m2,
            "GrossVolume": side * body.thickness,
            "NetVolume": (side - holes_m2) * body.thickness,
        },
        classification=("14-10.20.04", "墙"),
        material="加气混凝土砌块",
        properties={
            "Reference": f"Q{round(body.thickness * 1000)}",
            "IsExternal": external,
            "LoadBearing": False,
        },
    )


def _walls(n: int) -> list[Part]:
    storey, base, height = f"S{n + 1}", n * STOREY_M, STOREY_M - SLAB_M - 0.6
    south, north, rim = ROWS_M
    walls = []
    for bay in range(BAYS):
        x0, x1 = bay * BAY_M + 0.25, (bay + 1) * BAY_M - 0.25
        outer = WallBody((x0, south), (x1, south), base, height, 0.24)
        inner = WallBody((x0, north), (x1, north), base, height, 0.2)
        parapet = WallBody((x0, rim), (x1, rim), base, 1.1, 0.12)
        walls += [
            _wall(
                f"wall/{n}/south/{bay}",
                f"外墙 {n + 1}F-A{bay + 1}",
                outer,
                external=True,
                storey=storey,
                holes_m2=7.2,
            ),
            _wall(
                f"wall/{n}/north/{bay}",
                f"走廊墙 {n + 1}F-B{bay + 1}",
                inner,
                external=False,
                storey=storey,
                holes_m2=4.26,
            ),
            _wall(
                f"wall/{n}/rim/{bay}", f"走廊栏板 {n + 1}F-C{bay + 1}", parapet, external=True, storey=storey
            ),
        ]
    for line in range(BAYS + 1):
        end = line in (0, BAYS)
        body = WallBody(
            (line * BAY_M, south + 0.25), (line * BAY_M, north - 0.25), base, height, 0.24 if end else 0.2
        )
        name = f"{'山墙' if end else '隔墙'} {n + 1}F-{line + 1}"
        walls.append(_wall(f"wall/{n}/cross/{line}", name, body, external=end, storey=storey))
    return walls


def _openings(n: int) -> list[Opening]:
    openings = []
    for bay in range(BAYS):
        south, north = f"wall/{n}/south/{bay}", f"wall/{n}/north/{bay}"
        for k, along in enumerate((0.7, 4.0)):
            window = _filling(
                "IfcWindow", f"window/{n}/{bay}/{k}", f"窗 C2018 {n + 1}F-{bay + 1}{'ab'[k]}", n, 2.0, 1.8
            )
            openings.append(Opening(south, window, along, 0.9, 2.0, 1.8))
        door = _filling("IfcDoor", f"door/{n}/{bay}", f"门 M1021 {n + 1}F-{bay + 1}", n, 1.0, 2.1)
        high = _filling("IfcWindow", f"window/{n}/{bay}/high", f"高窗 C2411 {n + 1}F-{bay + 1}", n, 2.4, 0.9)
        openings += [Opening(north, door, 0.5, 0.0, 1.0, 2.1), Opening(north, high, 3.0, 1.8, 2.4, 0.9)]
    return openings


def _filling(ifc_class: str, key: str, name: str, n: int, width: float, height: float) -> Part:
    door = ifc_class == "IfcDoor"
    return Part(
        key=key,
        ifc_class=ifc_class,
        name=name,
        body=Swept(Rectangle(width, 0.06), height, (0.0, 0.0, 0.0)),  # placed by its opening
        storey=f"S{n + 1}",
        package=OPENINGS,
        predefined="DOOR" if door else "WINDOW",
        quantity_set="Qto_DoorBaseQuantities" if door else "Qto_WindowBaseQuantities",
        quantities={
            "Width": width,
            "Height": height,
            "Perimeter": 2 * (width + height),
            "Area": width * height,
        },
        classification=("14-10.20.15", "门") if door else ("14-10.20.18", "窗"),
        material="断桥铝合金",
        properties={"Reference": name.split()[1], "IsExternal": not door},
    )


def _stairs() -> list[Part]:
    flights = []
    for n in range(STOREYS - 1):
        for half in range(2):
            rise, run, count = 0.15, 0.3, 13
            saw: list[tuple[float, float]] = [(0.0, 0.0)]
            for step in range(count):
                saw += [(step * run, (step + 1) * rise), ((step + 1) * run, (step + 1) * rise)]
            saw += [(count * run, (count - 1) * rise - 0.05), (0.3, -0.0)]
            section = Polygonal(tuple(_anticlockwise(saw)))
            width = 1.6
            origin = (LENGTH_M - 6.6, 1.0 + half * 1.8 + width, n * STOREY_M + half * count * rise)
            flights.append(
                Part(
                    key=f"flight/{n}/{half}",
                    ifc_class="IfcStairFlight",
                    name=f"楼梯段 AT{n + 1}-{half + 1}",
                    # Swept towards −y, which keeps the section's x axis on the model's.
                    body=Swept(section, width, origin, (0.0, -1.0)),
                    storey=f"S{n + 1}",
                    package=STRUCTURE[n],
                    predefined="STRAIGHT",
                    quantity_set="Qto_StairFlightBaseQuantities",
                    quantities={
                        "Length": count * run,
                        "GrossVolume": section.area * width,
                        "NetVolume": section.area * width,
                    },
                    classification=("14-10.20.09", "楼梯"),
                    material="C30混凝土",
                    properties={"Reference": "AT1"},
                )
            )
    return flights


def _anticlockwise(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return points if Polygonal(tuple(points)).area > 0 else points[::-1]


def _site_parts() -> list[Part]:
    """Return what stands, goes or stays only for a while: none of it counts as progress."""
    old = _wall(
        "wall/site/old",
        "既有围墙（保留）",
        WallBody((-8.0, -12.0), (40.0, -12.0), 0.0, 2.2, 0.24),
        external=True,
        storey="S1",
    )
    gate = _wall(
        "wall/site/gate",
        "旧门卫房外墙（拆除）",
        WallBody((-8.0, -9.0), (-2.0, -9.0), 0.0, 2.8, 0.24),
        external=True,
        storey="S1",
    )
    fence = _wall(
        "wall/site/fence",
        "临时围挡",
        WallBody((46.0, -9.0), (46.0, 14.0), 0.0, 2.5, 0.1),
        external=True,
        storey="S1",
    )
    return [
        # The standing wall hangs on the walls' task on purpose: a roll-up must leave it out.
        _with(old, status="EXISTING", package=SHELL),
        _with(gate, status="DEMOLISH", package=None),
        _with(fence, status="TEMPORARY", package=None),
    ]


def _with(part: Part, *, status: str, package: str | None) -> Part:
    return Part(**{**part.__dict__, "status": status, "package": package})
