"""Who may edit which layer and which feature: the matrix of rights, never more."""

from sqlalchemy.orm import Session

from twin.editing.feature import Abilities
from twin.editing.rows import find_row, get_row
from twin.editing.rules import EDITABLE, EditableLayer
from twin.errors import NotOfferedError
from twin.identity import Caller
from twin.identity.rights import may, reach, require
from twin.layers import get_layer


def offered(layer_id: str) -> Abilities:
    """Return what the layer offers to anybody at all.

    Raises
    ------
    NotFoundError
        There is no such layer.
    """
    get_layer(layer_id)
    return EDITABLE[layer_id].offers if layer_id in EDITABLE else Abilities()


def abilities(caller: Caller, layer_id: str) -> Abilities:
    """Return what the caller may do in a layer: to all of its features, or to some that are their own.

    Raises
    ------
    NotFoundError
        There is no such layer.

    Examples
    --------
    >>> abilities(Caller(user_id=1, roles=frozenset({"planner"})), "land_parcels").delete
    True
    >>> abilities(Caller(user_id=2, own_roles=frozenset({"task_force"}), own_projects=(7,)), "projects")
    Abilities(create=False, replace=True, update=True, delete=True)
    """
    offers = offered(layer_id)
    if layer_id not in EDITABLE:
        return offers
    found = reach(caller, EDITABLE[layer_id].right)
    some = found != "public"
    return offers & Abilities(create=found == "all", replace=some, update=some, delete=some)


def feature_abilities(session: Session, caller: Caller, layer_id: str, feature_id: int) -> Abilities:
    """Return what the caller may do to one feature; for one they do not see, what holds for the layer."""
    found = abilities(caller, layer_id)
    if not found.update or reach(caller, EDITABLE[layer_id].right) == "all":
        return found
    row = find_row(session, caller, layer_id, feature_id)
    if row is None or may(caller, EDITABLE[layer_id].right, row.project_id):
        return found
    return Abilities(create=found.create)


def check_may_create(caller: Caller, layer_id: str) -> None:
    """Refuse a caller who may not create features in the layer.

    Raises
    ------
    NotFoundError, NotOfferedError, UnauthenticatedError, ForbiddenError
    """
    require(caller, get_editable(layer_id, "create").right)


def check_may_edit(session: Session, caller: Caller, layer_id: str, feature_id: int) -> None:
    """Refuse a caller who may not edit the feature.

    Raises
    ------
    UnauthenticatedError
        Nobody signed in.
    FeatureNotFoundError
        There is no such feature, or the caller may not see it.
    ForbiddenError
        The caller sees it and may not edit it.
    """
    right = EDITABLE[layer_id].right
    if caller.is_anonymous:
        require(caller, right)
    require(caller, right, get_row(session, caller, layer_id, feature_id).project_id)


def get_editable(layer_id: str, ability: str) -> EditableLayer:
    """Return how a layer is edited.

    Raises
    ------
    NotOfferedError
        Nobody may do this in the layer.
    NotFoundError
        There is no such layer.
    """
    if getattr(offered(layer_id), ability):
        return EDITABLE[layer_id]
    raise NotOfferedError(
        f"Features of {layer_id} cannot be {_DONE[ability][0]} here; {_INSTEAD.get(layer_id, _INSTEAD[''])[0]}",
        f"图层 {layer_id} 的要素不能在此{_DONE[ability][1]}；{_INSTEAD.get(layer_id, _INSTEAD[''])[1]}",
    )


_DONE = {
    "create": ("created", "新建"),
    "replace": ("replaced", "替换"),
    "update": ("changed", "修改"),
    "delete": ("deleted", "删除"),
}
_INSTEAD = {
    "": ("the layer is read only.", "该图层只读。"),
    "bim_models": ("upload the model's next revision.", "请上传模型的新版本。"),
    "bim_elements": (
        "elements come and go with the revisions of their model.",
        "构件随其模型的版本增减。",
    ),
    "project_points": ("edit the layer projects.", "请编辑图层 projects。"),
}
