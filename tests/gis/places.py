"""The layers of the small ground, as a catalogue would hold them."""

from gis.layer import Choice, Field, Layer

PLACES = Layer(
    id="places",
    title_zh="地点",
    title_en="Places",
    description="Ground of the tests.",
    relation="layer_places",
    geometry_type="polygon",
    fields=(
        Field("code", "string", "档案编号", "Archive number", in_tiles=True),
        Field("name", "string", "名称", "Name", in_tiles=True),
        Field("kind", "string", "类别", "Kind", choices=(Choice("工业", "工业", "industry"),)),
        Field("progress", "number", "进度", "Progress", unit="%", in_tiles=True),
        Field("level", "integer", "等级", "Level", in_tiles=True),
        Field("open", "boolean", "开放", "Open", in_tiles=True),
        Field("opened", "date", "开放日期", "Opened"),
        Field("updated_at", "date-time", "更新时间", "Updated at", in_tiles=True),
        Field("secret", "string", "内部", "Secret", public=False, queryable=False, sortable=False),
    ),
    time_field="updated_at",
    label_field="name",
)

PLACE_STATES = Layer(
    id="place_states",
    title_zh="地点状态",
    title_en="Place states",
    description="",
    relation="layer_place_states",
    geometry_type="polygon",
    fields=(Field("name", "string", "名称", "Name"), Field("progress", "number", "进度", "Progress")),
    temporal=True,
)
