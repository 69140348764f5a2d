"""Every collection the service offers. Relations are the functions of `twin/sql`; nothing else is served."""

from dataclasses import replace

from gis.layer import Aggregate, Band, Field, Layer, Surveyed
from twin.errors import NotFoundError
from twin.layers.fields import (
    AREA_M2,
    AREA_MU,
    CODE,
    DEVIATION,
    INVESTMENT_TOTAL,
    LIGHT,
    LIGHT_CODE,
    NAME,
    PROGRESS,
    PROJECT_CODE,
    PURPOSES,
    STAGES,
    STATUSES,
    UPDATED_AT,
)

# The tables behind the bands are made in twin/sql, where `layer_bands()` repeats this.
# From far only the colour is seen of a parcel; what names it weighs more than its outline there.
LABELS_FROM_ZOOM = 13
ELEMENT_NAMES_FROM_ZOOM = 16
AREA_BANDS = (Band(9, 0, simplify=True), Band(12, 10, simplify=True), Band(15, 13))
# Thousands in a tile, each a row of one table: the bands carry what tiles ask of them.
LAND_BANDS = tuple(replace(band, carries_fields=True) for band in AREA_BANDS)

PROJECTS = Layer(
    id="projects",
    title_zh="重点项目",
    title_en="Key projects",
    description="Red lines of the key projects, with progress and light 重点项目红线、进度与红黄绿灯",
    relation="layer_projects",
    geometry_type="polygon",
    temporal=True,
    label_field="name",
    max_zoom=15,
    bands=AREA_BANDS,
    surveyed=Surveyed("code", "name", use="category_name"),
    fields=(
        CODE,
        Field("nat_code", "string", "项目代码", "National project code", "GB/T 40058"),
        NAME,
        Field("category", "string", "类别代码", "Category code"),
        Field("category_name", "string", "类别", "Category"),
        Field("purpose", "string", "用途", "Purpose", choices=PURPOSES, in_tiles=True),
        Field("stage", "string", "阶段", "Stage", choices=STAGES, in_tiles=True),
        PROGRESS,
        Field("planned_progress", "number", "计划进度", "Planned progress", "PV(t) of the baseline", "%"),
        DEVIATION,
        Field("coverage", "number", "权重覆盖", "Weighted coverage", "Weight with any evidence", "%"),
        LIGHT,
        LIGHT_CODE,
        INVESTMENT_TOTAL,
        Field("annual_plan_yuan", "number", "年度计划投资", "Annual plan", unit="元", public=False),
        Field("approved_estimate_yuan", "number", "概算", "Approved estimate", unit="元", public=False),
        Field("plan_start", "date", "计划开工", "Planned start"),
        Field("plan_finish", "date", "计划竣工", "Planned finish"),
        Field("actual_start", "date", "实际开工", "Actual start"),
        Field("actual_finish", "date", "实际竣工", "Actual finish"),
        Field("owner_unit", "string", "建设单位", "Owner"),
        Field("lead_person", "string", "项目负责人", "Lead person", public=False),
        Field("region_code", "string", "行政区划代码", "Region code", "GB/T 2260"),
        AREA_M2,
        Field("as_of", "date", "统计日期", "As of"),
        UPDATED_AT,
    ),
)

PROJECT_POINTS = Layer(
    id="project_points",
    title_zh="项目标注点",
    title_en="Project label points",
    description="One point inside each project's red line, for labels 项目标注点",
    relation="layer_project_points",
    geometry_type="point",
    temporal=True,
    label_field="name",
    max_zoom=15,
    bands=(Band(15, 0),),
    fields=(
        CODE,
        NAME,
        Field("stage", "string", "阶段", "Stage", choices=STAGES, in_tiles=True),
        PROGRESS,
        DEVIATION,
        INVESTMENT_TOTAL,
        LIGHT,
        LIGHT_CODE,
        UPDATED_AT,
    ),
)

BIM_MODELS = Layer(
    id="bim_models",
    title_zh="BIM 模型",
    title_en="BIM models",
    description="Outlines of the current revision of each BIM model 模型轮廓",
    relation="layer_bim_models",
    geometry_type="polygon",
    temporal=True,
    label_field="name",
    min_zoom=8,
    max_zoom=18,
    bands=(Band(12, 8), Band(18, 13)),
    fields=(
        NAME,
        Field("discipline", "string", "专业", "Discipline", in_tiles=True),
        PROJECT_CODE,
        Field("revision", "integer", "版本", "Revision"),
        Field("schema_name", "string", "IFC 版本", "IFC schema"),
        Field("georeference_level", "integer", "地理参考等级", "Georeference level", "LoGeoRef 0–50"),
        Field("georeference_method", "string", "地理参考方法", "Georeference method"),
        Field("georeference_confidence", "string", "地理参考可信度", "Georeference confidence"),
        Field("published_at", "date-time", "入库时间", "Published at"),
        UPDATED_AT,
    ),
)

BIM_ELEMENTS = Layer(
    id="bim_elements",
    title_zh="BIM 构件",
    title_en="BIM elements",
    description="Footprints of the elements of each model's current revision, with status 构件投影轮廓与状态",
    relation="layer_bim_elements",
    geometry_type="polygon",
    temporal=True,
    label_field="name",
    min_zoom=14,
    max_zoom=18,
    bands=(Band(18, 14),),  # a unit is 3 cm on the ground: a wall of 20 cm keeps its shape
    fields=(
        Field(
            "global_id",
            "string",
            "GlobalId",
            "GlobalId",
            "IFC GloballyUniqueId",
            in_tiles=True,
            tiles_from_zoom=ELEMENT_NAMES_FROM_ZOOM,
        ),
        Field("model_id", "integer", "模型编号", "Model id", in_tiles=True),
        Field("revision", "integer", "版本", "Revision"),
        PROJECT_CODE,
        Field("discipline", "string", "专业", "Discipline"),
        Field("ifc_class", "string", "IFC 类", "IFC class", in_tiles=True),
        Field("predefined_type", "string", "预定义类型", "Predefined type"),
        replace(NAME, tiles_from_zoom=ELEMENT_NAMES_FROM_ZOOM),
        Field("type_name", "string", "类型名称", "Type name"),
        Field("tag", "string", "标记", "Tag"),
        Field("storey", "string", "楼层", "Storey", in_tiles=True),
        Field("milestone", "string", "节点", "Milestone"),
        Field("status", "string", "状态", "Status", choices=STATUSES, in_tiles=True),
        PROGRESS,
        Field("plan_start", "date", "计划开始", "Planned start"),
        Field("plan_finish", "date", "计划完成", "Planned finish"),
        Field("actual_start", "date", "实际开始", "Actual start"),
        Field("actual_finish", "date", "实际完成", "Actual finish"),
        Field("quantity", "number", "工程量", "Quantity", public=False),
        Field("quantity_unit", "string", "工程量单位", "Quantity unit", public=False),
        Field("area_m2", "number", "投影面积", "Footprint area", "Area of the true footprint", "m²"),
        Field("z_min_m", "number", "底标高", "Lowest point", unit="m", in_tiles=True),
        Field("z_max_m", "number", "顶标高", "Highest point", unit="m", in_tiles=True),
        LIGHT,
        LIGHT_CODE,
        UPDATED_AT,
    ),
)

LAND_PARCELS = Layer(
    id="land_parcels",
    title_zh="储备地块",
    title_en="Reserve parcels",
    description="The reserve pool 土地储备池",
    relation="layer_land_parcels",
    past_relation="past_land_parcels",
    changed_relation="changed_land_parcels",
    geometry_text="geom_json",
    geometry_type="polygon",
    temporal=True,
    label_field="parcel_no",
    max_zoom=15,
    bands=LAND_BANDS,
    aggregate=Aggregate("state"),
    surveyed=Surveyed(
        "parcel_no", "name", use="planned_use", land_code="land_class", areas=("stated_area_m2", "area_m2")
    ),
    fields=(
        Field(
            "parcel_no",
            "string",
            "地块编号",
            "Parcel number",
            in_tiles=True,
            tiles_from_zoom=LABELS_FROM_ZOOM,
        ),
        replace(NAME, tiles_from_zoom=LABELS_FROM_ZOOM),
        Field("kind", "string", "类型", "Kind", in_tiles=True, tiles_from_zoom=LABELS_FROM_ZOOM),
        Field("planned_use", "string", "规划用途", "Planned use"),
        Field("land_class", "string", "地类", "Land class", "GB/T 21010"),
        Field("state", "string", "状态", "State", in_tiles=True),
        Field("idle_state", "string", "闲置状态", "Idle state", public=False),
        Field("supply_date", "date", "供应日期", "Supply date"),
        Field("agreed_start", "date", "约定开工", "Agreed start", public=False),
        Field("released_on", "date", "盘活日期", "Released on"),
        AREA_M2,
        AREA_MU,
        Field("stated_area_m2", "number", "登记面积", "Stated area", "As stated in the source", "m²"),
        UPDATED_AT,
    ),
)

CONTROL_AREAS = Layer(
    id="control_areas",
    title_zh="管控图层",
    title_en="Control areas",
    description="Farmland, ecological red line, urban boundary, heritage, river and land-use patches 管控图层",
    relation="layer_control_areas",
    past_relation="past_control_areas",
    changed_relation="changed_control_areas",
    geometry_text="geom_json",
    geometry_type="polygon",
    temporal=True,
    label_field="name",
    max_zoom=15,
    bands=LAND_BANDS,
    aggregate=Aggregate("layer"),
    surveyed=Surveyed(
        "code", "name", use="class_name", land_code="class_code", areas=("registered_area_m2", "area_m2")
    ),
    fields=(
        Field("layer", "string", "图层", "Layer", in_tiles=True),
        Field("code", "string", "标识码", "Code"),
        replace(NAME, tiles_from_zoom=LABELS_FROM_ZOOM),
        Field(
            "class_code",
            "string",
            "地类编码",
            "Class code",
            "DLBM",
            in_tiles=True,
            tiles_from_zoom=LABELS_FROM_ZOOM,
        ),
        Field(
            "class_name",
            "string",
            "地类名称",
            "Class name",
            "DLMC",
            in_tiles=True,
            tiles_from_zoom=LABELS_FROM_ZOOM,
        ),
        Field("sensitivity", "string", "敏感级别", "Sensitivity", public=False),
        Field("registered_area_m2", "number", "登记面积", "Registered area", unit="m²", public=False),
        AREA_M2,
        AREA_MU,
        Field("valid_from", "date", "生效日期", "Valid from"),
        Field("valid_to", "date", "失效日期", "Valid to"),
        UPDATED_AT,
    ),
)

LAYERS: dict[str, Layer] = {
    layer.id: layer
    for layer in (PROJECTS, PROJECT_POINTS, BIM_MODELS, BIM_ELEMENTS, LAND_PARCELS, CONTROL_AREAS)
}
READING_RIGHT = {
    "projects": "project:read",
    "project_points": "project:read",
    "bim_models": "bim:read",
    "bim_elements": "bim:read",
    "land_parcels": "land:read",
    "control_areas": "land:read",
}


def get_layer(layer_id: str) -> Layer:
    """Return the layer of this id.

    Raises
    ------
    NotFoundError
        There is no such collection.

    Examples
    --------
    >>> get_layer("projects").title_zh
    '重点项目'
    """
    if layer_id not in LAYERS:
        raise NotFoundError(
            f"There is no collection {layer_id}; there are {', '.join(LAYERS)}.",
            f"没有集合 {layer_id}；可用集合：{'、'.join(LAYERS)}。",
        )
    return LAYERS[layer_id]
