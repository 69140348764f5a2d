"""An overpass of five spans; it has no georeference and no storeys on purpose."""

from bim.authoring.design import Circle, Design, Part, Plate, Polygonal, Rectangle, Swept, Task, WallBody

SPANS, SPAN_M, WIDTH_M = 5, 25.0, 15.0
GIRDERS, GIRDER_STEP_M = 6, 2.4
BENT_TOP_M = 7.0
SUPPORTS = tuple(n * SPAN_M for n in range(SPANS + 1))
# A T-shaped girder, 1.4 m high, hung from its top.
GIRDER = Polygonal(
    (
        (-0.2, -1.4),
        (0.2, -1.4),
        (0.2, -0.18),
        (1.15, -0.18),
        (1.15, 0.0),
        (-1.15, 0.0),
        (-1.15, -0.18),
        (-0.2, -0.18),
    )
)


def design_bridge(tasks: tuple[Task, ...]) -> Design:
    """Return the overpass."""
    parts = (*_piles(), *_caps(), *_bents(), *_bearings(), *_girders(), *_deck(), *_rails(), *_loose())
    return Design(
        key="bridge",
        name="揽月路跨线桥（样例）",
        building="跨线桥",
        object_type="桥梁",
        description="synthetic: true 虚构样例，不对应任何真实工程",
        millimetres=False,
        storeys=(),
        parts=parts,
        tasks=tasks,
    )


def _volume(length: float, area: float) -> dict[str, float]:
    return {
        "Length": length,
        "CrossSectionArea": area,
        "NetVolume": length * area,
        "GrossVolume": length * area,
    }


def _rows(across: float, count: int) -> list[float]:
    return [-across / 2 + across * k / (count - 1) for k in range(count)]


def _piles() -> list[Part]:
    section = Circle(0.6)
    return [
        Part(
            key=f"pile/{n}/{k}",
            ifc_class="IfcPile",
            name=f"钻孔灌注桩 {n}#-{k + 1}",
            body=Swept(section, 28.0, (x, y, -30.0)),
            package="M03",
            predefined="BORED",
            quantity_set="Qto_PileBaseQuantities",
            quantities=_volume(28.0, section.area),
            classification=("14-20.10.02", "桩"),
            material="C30水下混凝土",
            properties={"Reference": "ZK1200"},
        )
        for n, x in enumerate(SUPPORTS)
        for k, y in enumerate(_rows(11.4, 4))
    ]


def _caps() -> list[Part]:
    return [
        Part(
            key=f"footing/{n}",
            ifc_class="IfcFooting",
            name=f"承台 {n}#",
            body=Swept(Rectangle(2.4, 13.8), 2.0, (x, 0.0, -2.0)),
            package="M04",
            predefined="PILE_CAP",
            quantity_set="Qto_FootingBaseQuantities",
            quantities={
                "Length": 13.8,
                "Width": 2.4,
                "Height": 2.0,
                "NetVolume": 66.24,
                "GrossVolume": 66.24,
            },
            classification=("14-20.10.03", "承台"),
            material="C35混凝土",
            properties={"Reference": "CT24"},
        )
        for n, x in enumerate(SUPPORTS)
    ]


def _bents() -> list[Part]:
    parts = []
    round_section = Circle(0.7)
    for n, x in enumerate(SUPPORTS):
        if n in (0, SPANS):
            parts.append(_abutment(n, x))
            continue
        parts += [_column(n, k, x, y, round_section) for k, y in enumerate((-4.2, 4.2))]
        parts.append(_cap_beam(n, x))
    return parts


def _column(n: int, k: int, x: float, y: float, section: Circle) -> Part:
    return Part(
        key=f"column/{n}/{k}",
        ifc_class="IfcColumn",
        name=f"墩柱 {n}#-{k + 1}",
        body=Swept(section, BENT_TOP_M - 1.5, (x, y, 0.0)),
        package="M05",
        predefined="COLUMN",
        quantity_set="Qto_ColumnBaseQuantities",
        quantities=_volume(BENT_TOP_M - 1.5, section.area),
        classification=("14-20.10.05", "桥墩"),
        material="C40混凝土",
        properties={"Reference": "D1400", "LoadBearing": True},
    )


def _cap_beam(n: int, x: float) -> Part:
    return Part(
        key=f"capbeam/{n}",
        ifc_class="IfcBeam",
        name=f"盖梁 {n}#",
        body=Swept(Rectangle(1.8, 1.5), 14.0, (x, -7.0, BENT_TOP_M - 0.75), (0.0, 1.0)),
        package="M05",
        predefined="BEAM",
        quantity_set="Qto_BeamBaseQuantities",
        quantities=_volume(14.0, 2.7),
        classification=("14-20.10.06", "盖梁"),
        material="C40混凝土",
        properties={"Reference": "GL18x15", "LoadBearing": True},
    )


def _abutment(n: int, x: float) -> Part:
    volume = 14.0 * BENT_TOP_M * 1.2
    return Part(
        key=f"abutment/{n}",
        ifc_class="IfcWall",
        name=f"桥台 {n}#",
        body=WallBody((x, -7.0), (x, 7.0), 0.0, BENT_TOP_M, 1.2),
        package="M05",
        predefined="SOLIDWALL",
        quantity_set="Qto_WallBaseQuantities",
        quantities={
            "Length": 14.0,
            "Height": BENT_TOP_M,
            "Width": 1.2,
            "NetVolume": volume,
            "GrossVolume": volume,
        },
        classification=("14-20.10.04", "桥台"),
        material="C35混凝土",
        properties={"Reference": "QT12", "IsExternal": True, "LoadBearing": True},
    )


def _girder_rows() -> list[float]:
    return [(k - (GIRDERS - 1) / 2) * GIRDER_STEP_M for k in range(GIRDERS)]


def _bearings() -> list[Part]:
    return [
        Part(
            key=f"bearing/{span}/{end}/{k}",
            ifc_class="IfcBuildingElementProxy",
            name=f"板式橡胶支座 {span + 1}跨-{'首末'[end]}{k + 1}",
            body=Swept(Rectangle(0.4, 0.4), 0.1, (span * SPAN_M + (0.4, SPAN_M - 0.4)[end], y, BENT_TOP_M)),
            package="M06",
            predefined="USERDEFINED",
            object_type="支座",
            quantity_set="Qto_BuildingElementProxyQuantities",
            quantities={"NetSurfaceArea": 0.48, "NetVolume": 0.016},
            classification=("14-20.10.08", "支座"),
            material="橡胶",
            properties={"Reference": "GYZ400"},
        )
        for span in range(SPANS)
        for end in range(2)
        for k, y in enumerate(_girder_rows())
    ]


def _girders() -> list[Part]:
    return [
        Part(
            key=f"girder/{span}/{k}",
            ifc_class="IfcBeam",
            name=f"预制T梁 {span + 1}跨-{k + 1}",
            body=Swept(GIRDER, SPAN_M - 0.1, (span * SPAN_M + 0.05, y, BENT_TOP_M + 1.5), (1.0, 0.0)),
            package="M07",
            predefined="T_BEAM",
            quantity_set="Qto_BeamBaseQuantities",
            quantities=_volume(SPAN_M - 0.1, GIRDER.area),
            classification=("14-20.10.07", "主梁"),
            material="C50混凝土",
            properties={"Reference": "T25", "LoadBearing": True},
        )
        for span in range(SPANS)
        for k, y in enumerate(_girder_rows())
    ]


def _deck() -> list[Part]:
    area = SPAN_M * WIDTH_M
    return [
        Part(
            key=f"deck/{span}",
            ifc_class="IfcSlab",
            name=f"桥面铺装 第{span + 1}跨",
            body=Plate(_strip(span * SPAN_M, (span + 1) * SPAN_M), BENT_TOP_M + 1.5, 0.18),
            package="M08",
            predefined="FLOOR",
            quantity_set="Qto_SlabBaseQuantities",
            quantities={
                "Depth": 0.18,
                "GrossArea": area,
                "NetArea": area,
                "GrossVolume": area * 0.18,
                "NetVolume": area * 0.18,
            },
            classification=("14-20.10.10", "桥面系"),
            material="沥青混凝土",
            properties={"Reference": "PZ180", "IsExternal": True},
        )
        for span in range(SPANS)
    ]


def _strip(x0: float, x1: float) -> tuple[tuple[float, float], ...]:
    half = WIDTH_M / 2
    return ((x0, -half), (x1, -half), (x1, half), (x0, half))


def _rails() -> list[Part]:
    return [
        Part(
            key=f"rail/{span}/{side}",
            ifc_class="IfcRailing",
            name=f"防撞护栏 第{span + 1}跨{'左右'[side]}侧",
            body=Swept(
                Rectangle(0.4, 1.1),
                SPAN_M,
                (span * SPAN_M, (7.3, -7.3)[side], BENT_TOP_M + 1.68 + 0.55),
                (1.0, 0.0),
            ),
            package="M09",
            predefined="GUARDRAIL",
            quantity_set="Qto_RailingBaseQuantities",
            quantities={"Length": SPAN_M},
            classification=("14-20.10.12", "护栏"),
            material="C30混凝土",
            properties={"Reference": "SA级", "IsExternal": True},
        )
        for span in range(SPANS)
        for side in range(2)
    ]


def _loose() -> list[Part]:
    """Return what no milestone counts by elements: joints, approach slabs, a wall that already stands."""
    joints = [
        Part(
            key=f"joint/{n}",
            ifc_class="IfcDiscreteAccessory",
            name=f"伸缩缝 {n}#",
            body=Swept(Rectangle(0.08, 0.18), WIDTH_M, (x, -WIDTH_M / 2, BENT_TOP_M + 1.59), (0.0, 1.0)),
            predefined="USERDEFINED",
            object_type="伸缩缝",
            classification=("14-20.10.11", "伸缩缝"),
            material="型钢橡胶",
        )
        for n, x in enumerate(SUPPORTS)
    ]
    approach = [
        Part(
            key=f"approach/{end}",
            ifc_class="IfcSlab",
            name=f"桥头搭板 {'首末'[end]}端",
            body=Plate(
                _strip(*((-6.0, 0.0), (SPANS * SPAN_M, SPANS * SPAN_M + 6.0))[end]), BENT_TOP_M + 1.2, 0.3
            ),
            predefined="FLOOR",
            quantity_set="Qto_SlabBaseQuantities",
            quantities={"Depth": 0.3, "NetArea": 90.0, "NetVolume": 27.0},
            classification=("14-20.10.13", "搭板"),
            material="C30混凝土",
            properties={"Reference": "DB300"},
        )
        for end in range(2)
    ]
    standing = Part(
        key="wall/existing",
        ifc_class="IfcWall",
        name="既有挡土墙（保留）",
        body=WallBody((-20.0, 9.0), (-2.0, 9.0), 0.0, 3.0, 0.5),
        predefined="SOLIDWALL",
        status="EXISTING",
        quantity_set="Qto_WallBaseQuantities",
        quantities={"Length": 18.0, "Height": 3.0, "Width": 0.5, "NetVolume": 27.0, "GrossVolume": 27.0},
        material="浆砌块石",
        properties={"Reference": "DTQ", "IsExternal": True},
    )
    return [*joints, *approach, standing]
