"""The fields that ledgers of land parcels, control areas and projects can fill, and the headers they go under."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

FieldKind = Literal[
    "text", "nat_code", "archive_code", "choice", "money", "area", "share", "first_day", "last_day", "period", "outline",
    "x", "y", "lon", "lat", "point_no", "ring_no",
]  # fmt: skip
GEOMETRY_KINDS: Final = frozenset(("outline", "x", "y", "lon", "lat", "point_no", "ring_no"))


@dataclass(frozen=True)
class LedgerField:
    """A field that a column can fill.

    Parameters
    ----------
    name : str
        As the tables call it.
    kind : str
        How its cells are read: money in yuan, areas in m², shares as fractions; of a month the first or the last day.
    zh, en : str
        What it is called in messages.
    headers : tuple of str
        Headers it goes under, without blanks, brackets and units, in lower case.
    required : bool
    choices : mapping
        Words of the ledger → values of the table.
    """

    name: str
    kind: FieldKind
    zh: str
    en: str
    headers: tuple[str, ...]
    required: bool = False
    choices: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def _f(
    name: str, kind: FieldKind, zh: str, en: str, headers: str, *, required: bool = False,
    choices: Mapping[str, str] | None = None,
) -> LedgerField:  # fmt: skip
    return LedgerField(name, kind, zh, en, (zh.lower(), *headers.split()), required, choices or {})


_PURPOSES: Final = {
    "基础设施": "infrastructure", "基础设施类": "infrastructure", "民生": "livelihood", "民生保障": "livelihood",
    "民生类": "livelihood", "产业": "industry", "产业发展": "industry", "产业类": "industry",
}  # fmt: skip
_STAGES: Final = {
    "立项": "initiation", "设计": "design", "招标": "tender", "招投标": "tender", "施工": "construction",
    "验收": "acceptance", "竣工验收": "acceptance", "运营": "operation",
}  # fmt: skip
_LEVELS: Final = {
    "国家级": "national", "省级": "province", "市级": "city", "县级": "county", "区级": "county", "县区级": "county",
}  # fmt: skip
_PARCEL_KINDS: Final = {"储备": "reserve", "供应": "supplied", "已供": "supplied", "闲置": "idle"}
_PARCEL_STATES: Final = {
    "拟收储": "proposed", "入库": "stored", "已入库": "stored", "前期开发": "preparing", "净地可供": "ready", "净地": "ready",
    "预留": "held", "已供应": "supplied", "已供": "supplied", "已开工": "started", "已竣工": "completed",
}  # fmt: skip
_IDLE_STATES: Final = {
    "正常": "none", "未闲置": "none", "疑似闲置": "suspected", "疑似": "suspected", "已认定": "identified",
    "认定闲置": "identified", "已处置": "disposed",
}  # fmt: skip
_LAYERS: Final = {
    "地类图斑": "dltb", "三调图斑": "dltb", "永久基本农田": "farmland", "基本农田": "farmland", "生态保护红线": "ecology",
    "生态红线": "ecology", "城镇开发边界": "urban_boundary", "文物保护范围": "heritage", "文物保护": "heritage",
    "文物": "heritage", "河湖管理范围": "river", "河道管理范围": "river", "河道": "river",
}  # fmt: skip

_GEOMETRY: Final = (
    _f("outline", "outline", "图形", "geometry", "wkt geom geometry the_geom shape 坐标串 界址点坐标 拐点坐标 边界坐标 坐标"),
    _f("x", "x", "X坐标", "X", "x 纵坐标 纵坐标x x坐标纵 北坐标 坐标x x(北)"),
    _f("y", "y", "Y坐标", "Y", "y 横坐标 横坐标y y坐标横 东坐标 坐标y"),
    _f("lon", "lon", "经度", "longitude", "lon lng long longitude 东经 中心经度 中心点经度 坐标经度"),
    _f("lat", "lat", "纬度", "latitude", "lat latitude 北纬 中心纬度 中心点纬度 坐标纬度"),
    _f("point_no", "point_no", "界址点号", "point number", "点号 点名 拐点号 拐点编号 界址点 界址点编号 point_no"),
    _f("ring_no", "ring_no", "圈号", "ring number", "环号 地块圈号 ring ring_no"),
)  # fmt: skip

_PARCEL: Final = (
    _f("parcel_no", "text", "地块编号", "parcel number", "地块号 地块代码 宗地号 宗地编号 宗地代码 编号 储备地块编号 dkbh zddm parcel_no", required=True),
    _f("name", "text", "地块名称", "parcel name", "宗地名称 名称 储备地块名称 dkmc name"),
    _f("kind", "choice", "地块类型", "kind", "类型 储备类型 kind", choices=_PARCEL_KINDS),
    _f("planned_use", "text", "规划用途", "planned use", "土地用途 用途 规划用地性质 用地性质 规划用地用途 拟供用途 tdyt planned_use"),
    _f("land_class", "text", "地类编码", "land class", "地类代码 地类 土地分类代码 用地分类代码 dlbm land_class"),
    _f("state", "choice", "地块状态", "state", "状态 储备状态 供地状态 state", choices=_PARCEL_STATES),
    _f("idle_state", "choice", "闲置状态", "idle state", "闲置认定 闲置情况 idle_state", choices=_IDLE_STATES),
    _f("stated_area_m2", "area", "地块面积", "area", "面积 用地面积 土地面积 宗地面积 占地面积 净用地面积 总面积 储备面积 出让面积 供地面积 mj dkmj zdmj area stated_area"),
    _f("supply_date", "first_day", "供地日期", "date of supply", "供地时间 供应日期 供应时间 出让时间 出让日期 成交日期 成交时间 supply_date"),
    _f("agreed_start", "first_day", "约定开工日期", "agreed start", "约定开工时间 约定开工 合同约定开工时间 合同约定开工日期 约定动工时间 约定动工日期 agreed_start"),
    _f("started_on", "first_day", "实际开工日期", "start", "实际开工时间 实际开工 开工时间 开工日期 动工时间 动工日期 实际动工时间 started_on"),
    _f("stopped_on", "first_day", "停工日期", "stop", "停工时间 中止开发时间 中止开发日期 stopped_on"),
    _f("built_share", "share", "已建面积占比", "share built", "已动工面积占比 开发建设面积占比 建成比例 已建比例 built_share"),
    _f("invested_share", "share", "已投资占比", "share invested", "投资比例 已投资比例 已投资额占比 投资占比 invested_share"),
    _f("released_on", "first_day", "盘活日期", "date of release", "盘活时间 释放日期 释放时间 处置完成日期 released_on"),
)  # fmt: skip
_CONTROL: Final = (
    _f("layer", "choice", "管控类型", "layer", "图层 图层名称 控制线类型 管控线类型 管控要素 layer", choices=_LAYERS),
    _f("code", "text", "标识码", "code", "bsm 图斑编号 tbbh 图斑号 编号 代码 编码 管控区编号 红线编码 code", required=True),
    _f("name", "text", "管控区名称", "name", "名称 图斑名称 红线名称 保护区名称 区域名称 name"),
    _f("class_code", "text", "地类编码", "class code", "dlbm 地类代码 class_code"),
    _f("class_name", "text", "地类名称", "class name", "dlmc 地类 class_name"),
    _f("registered_area_m2", "area", "图斑面积", "registered area", "登记面积 面积 图斑地类面积 tbmj tbdlmj mj 管控面积 保护面积 registered_area"),
    _f("valid_from", "first_day", "生效日期", "valid from", "生效时间 起始日期 启用日期 划定日期 划定时间 valid_from"),
    _f("valid_to", "last_day", "失效日期", "valid to", "失效时间 截止日期 废止日期 valid_to"),
)  # fmt: skip
_PROJECT: Final = (
    _f("name", "text", "项目名称", "project name", "工程名称 项目 名称 建设项目名称 重点项目名称 项目(工程)名称 name project", required=True),
    _f("code", "archive_code", "档案编号", "archive number", "电子档案编号 项目档案编号 code"),
    _f("nat_code", "nat_code", "项目代码", "national code", "国家项目代码 投资项目代码 投资项目统一代码 项目统一代码 统一项目代码 在线平台代码 项目编码 立项代码 nat_code"),
    _f("category", "text", "项目类别", "category", "类别 项目分类 项目类型 所属类别 category"),
    _f("purpose", "choice", "建设用途", "purpose", "投向 投资方向 项目投向 purpose", choices=_PURPOSES),
    _f("level", "choice", "项目级别", "level", "级别 项目层级 level", choices=_LEVELS),
    _f("region_code", "text", "行政区划代码", "region code", "区划代码 行政区代码 xzqdm region_code"),
    _f("owner_unit", "text", "建设单位", "owner", "建设单位名称 业主单位 业主 项目单位 项目单位名称 项目业主 责任单位 牵头单位 owner_unit"),
    _f("lead_person", "text", "项目负责人", "lead person", "负责人 包保领导 牵头领导 责任领导 责任人 lead_person"),
    _f("stage", "choice", "项目阶段", "stage", "阶段 当前阶段 所处阶段 建设阶段 stage", choices=_STAGES),
    _f("delivery_mode", "text", "建设模式", "delivery mode", "发包模式 承发包模式 实施模式 delivery_mode"),
    _f("approved_estimate_yuan", "money", "批复概算", "approved estimate", "概算 概算投资 初步设计概算 概算批复 概算总投资 批复概算投资 approved_estimate"),
    _f("investment_total_yuan", "money", "总投资", "total investment", "总投资额 项目总投资 项目总投资额 计划总投资 投资总额 估算总投资 投资估算 总投资估算 investment_total"),
    _f("annual_plan_yuan", "money", "年度计划投资", "plan of the year", "年度投资计划 本年度计划投资 本年计划投资 今年计划投资 当年计划投资 年计划投资 年度计划 年计划完成投资 年度计划完成投资 annual_plan"),
    _f("plan_start", "first_day", "计划开工日期", "planned start", "计划开工 计划开工时间 开工 开工时间 开工日期 拟开工时间 计划开工年月 开工年月 plan_start"),
    _f("plan_finish", "last_day", "计划竣工日期", "planned finish", "计划竣工 计划竣工时间 竣工 竣工时间 竣工日期 完工 完工时间 计划完工时间 计划完工日期 计划完工 计划建成时间 建成时间 拟竣工时间 竣工年月 plan_finish"),
    _f("plan_period", "period", "建设起止年限", "span of works", "建设起止时间 起止年限 起止时间 建设年限 建设期限 计划工期 建设工期 建设周期 plan_period"),
    _f("actual_start", "first_day", "实际开工日期", "start", "实际开工 实际开工时间 actual_start"),
    _f("actual_finish", "last_day", "实际竣工日期", "finish", "实际竣工 实际竣工时间 实际完工 实际完工时间 实际完工日期 actual_finish"),
)  # fmt: skip

TARGETS: Final[Mapping[str, tuple[LedgerField, ...]]] = {
    "land_parcel": (*_PARCEL, *_GEOMETRY),
    "control_area": (*_CONTROL, *_GEOMETRY),
    "project": (*_PROJECT, *_GEOMETRY),
}
"""What a ledger can hold, with its fields."""

TARGET_NAMES: Final = {
    "land_parcel": ("land parcels", "土地储备地块"),
    "control_area": ("control areas", "管控区"),
    "project": ("projects", "项目"),
}
KEYS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "land_parcel": (("parcel_no",),),
    "control_area": (("layer", "code"),),
    "project": (("nat_code",), ("code",)),
}
"""Groups of fields that no two rows may share."""


def find_field(target: str, name: str) -> LedgerField | None:
    """Return a field of a target by its name, or None.

    Examples
    --------
    >>> find_field("project", "nat_code").zh, find_field("project", "parcel_no")
    ('项目代码', None)
    """
    return next((each for each in TARGETS[target] if each.name == name), None)
