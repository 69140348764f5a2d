"""The questions that a compliance report must answer 合规性审查, and the words of its end.

The software answers with facts and never with a permission: what the law decides case by case is said to need
case review 需个案审查, and the absence of hits is called no more than that.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from gis.overlap import LayerOverlap, OverlapAnswer
from gis.overlap.render import areas_json
from twin.land.land_classes import GROUPS, RolledUp, roll_up

Said = Literal["yes", "no", "unknown"]
WHOLE_PERCENT: Final = 99.99
"""The land survey must cover this much of the subject before its silence means no."""

NOISE_M: Final = 0.001
"""A shorter length outside is the rounding of coordinates."""

WORDS: Final = {
    "cultivated": ("是否占用耕地？", "Does it occupy cultivated land?"),
    "permanent_farmland": ("是否占用永久基本农田？", "Does it occupy permanent basic farmland?"),
    "forest": ("是否占用林地？", "Does it occupy forest?"),
    "ecology": ("是否占用生态保护红线？", "Does it occupy the ecological red line?"),
    "outside_urban": ("是否超出城镇开发边界？", "Does it reach outside of the urban boundary?"),
    "make_up": ("是否需要补划永久基本农田？", "Is make-up of permanent farmland needed?"),
}
_CASE_REVIEW: Final = {"code": "needs_case_review", "en": "Needs case review.", "zh": "需个案审查。"}
_NO_HIT: Final = {
    "code": "no_restriction_found",
    "en": "No occupation of farmland or ecological red line was found in the data of the stated versions. "
    "This is no approval.",
    "zh": "按所列数据版本，未发现占用永久基本农田或生态保护红线。本结果不构成合规结论。",
}
_INCOMPLETE: Final = {
    "code": "incomplete",
    "en": "Farmland or ecological red line was not among the layers; nothing can be said of them.",
    "zh": "未对永久基本农田或生态保护红线进行分析，无法得出结论。",
}


@dataclass(frozen=True)
class Question:
    """One question with its answer; `review` marks what a person must decide."""

    code: str
    answer: Said
    area_m2: float | None = None
    review: bool = False
    length_m: float | None = None
    points: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the question as it is answered, in both languages."""
        zh, en = WORDS[self.code]
        body: dict[str, Any] = {"code": self.code, "zh": zh, "en": en, "answer": self.answer}
        if self.area_m2 is not None:
            body |= areas_json(self.area_m2)
        if self.length_m is not None:
            body["length_m"] = round(self.length_m, 4)
        if self.points is not None:
            body["points"] = self.points
        return {**body, "needs_case_review": True} if self.review else body


def review_json(answer: OverlapAnswer) -> dict[str, Any]:
    """Return questions, roll-up of land classes and conclusion, for the body of an overlap.

    Of lines the answers tell lengths, of points numbers, in place of areas.
    """
    layers = {layer.target.layer: layer for layer in answer.layers}
    body: dict[str, Any] = {
        "questions": [question.as_json() for question in _questions(layers)],
        "conclusion": _conclusion(layers),
    }
    if "dltb" in layers:
        body["land_use"] = _land_use(roll_up(layers["dltb"].by_class))
    return body


def _questions(layers: dict[str, LayerOverlap]) -> list[Question]:
    farmland = _hit("permanent_farmland", layers.get("farmland"))
    return [
        _class_question("cultivated", layers.get("dltb")),
        farmland,
        _class_question("forest", layers.get("dltb")),
        _hit("ecology", layers.get("ecology")),
        _outside(layers.get("urban_boundary")),
        replace(farmland, code="make_up"),
    ]


def _hit(code: str, layer: LayerOverlap | None) -> Question:
    if layer is None:
        return Question(code, "unknown")
    return replace(_sized(code, "yes" if layer.hit else "no", layer), review=layer.hit)


def _sized(code: str, answer: Said, layer: LayerOverlap) -> Question:
    """Return a question whose size is what of the subject lies in a layer."""
    if _is_thin(layer):
        return Question(code, answer, length_m=layer.length_m, points=layer.points)
    return Question(code, answer, layer.area_m2)


def _class_question(code: str, layer: LayerOverlap | None) -> Question:
    """Answer by class of the land survey; where it does not cover the subject, no hit means nothing."""
    if layer is None:
        return Question(code, "unknown")
    prefix = "01" if code == "cultivated" else "03"
    classes = [row for row in layer.by_class if (row.class_code or "").startswith(prefix)]
    silent: Said = "no" if layer.share_of_subject >= WHOLE_PERCENT else "unknown"
    answer: Said = "yes" if classes else silent
    if layer.length_m is not None:
        return Question(
            code, answer, length_m=min(layer.length_m, sum(row.length_m or 0.0 for row in classes))
        )
    if layer.points is not None:
        return Question(code, answer, points=min(layer.points, sum(row.points or 0 for row in classes)))
    rolled = roll_up(layer.by_class)
    return Question(code, answer, rolled.cultivated_m2 if code == "cultivated" else rolled.forest_m2)


def _outside(layer: LayerOverlap | None) -> Question:
    if layer is None:
        return Question("outside_urban", "unknown")
    if layer.remainder_points is not None:
        points = layer.remainder_points
        return Question("outside_urban", "yes" if points else "no", points=points)
    if layer.remainder_length_m is not None:
        length_m = layer.remainder_length_m
        return Question("outside_urban", "yes" if length_m >= NOISE_M else "no", length_m=length_m)
    area = layer.remainder_area_m2
    return Question("outside_urban", "yes" if area > 0 else "no", area)


def _is_thin(layer: LayerOverlap) -> bool:
    return layer.length_m is not None or layer.points is not None


def _conclusion(layers: dict[str, LayerOverlap]) -> dict[str, str]:
    judged = [layers.get(name) for name in ("farmland", "ecology")]
    if any(layer is not None and layer.hit for layer in judged):
        return _CASE_REVIEW
    return _INCOMPLETE if None in judged else _NO_HIT


def _land_use(rolled: RolledUp) -> dict[str, Any]:
    groups = [
        {"group": name, "zh": zh, "en": en, **areas_json(rolled.groups[name])}
        for name, (zh, en) in GROUPS.items()
        if rolled.groups[name] > 0
    ]
    return {
        "groups": groups,
        "cultivated": areas_json(rolled.cultivated_m2),
        "forest": areas_json(rolled.forest_m2),
    }
