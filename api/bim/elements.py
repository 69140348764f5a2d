"""`/api/v1/models/{id}/elements` and `…/tree`: the elements of a model and where each hangs."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from pydantic import BaseModel

from api.bim.asked import After, AskedElements, AskedRevision, Limit, ModelId
from api.deps import CallerDep, SessionDep
from twin.elements.queries import get_element, get_model, list_elements, list_project_elements, list_tree
from twin.projects.queries import get_project

router: Final = APIRouter(prefix="/api/v1/models", tags=["models"])
in_project: Final = APIRouter(prefix="/api/v1/projects", tags=["models"])


class ElementsAnswer(BaseModel):
    """A page of elements in file order; `next` continues where it ends, null at the end."""

    model_id: int
    project_code: str
    revision: int | None
    matched: int
    elements: list[dict[str, Any]]
    next: int | None


class ProjectElementsAnswer(BaseModel):
    """A page of the elements of a project's models, each with its `model_id`; `next` as in a model's own list."""

    project_code: str
    matched: int
    elements: list[dict[str, Any]]
    next: int | None


class TreeNode(BaseModel):
    """A node of the spatial tree with the elements below it."""

    global_id: str
    ifc_class: str
    name: str | None
    children: list["TreeNode"] = []


class TreeAnswer(BaseModel):
    """The spatial structure of a revision."""

    model_id: int
    revision: int | None
    roots: list[TreeNode]


@router.get("/{model_id}/elements", summary="构件列表 Elements")
def read_elements(
    model_id: ModelId,
    caller: CallerDep,
    session: SessionDep,
    asked: AskedElements,
    revision: AskedRevision = None,
    after: After = 0,
    limit: Limit = 100,
) -> ElementsAnswer:
    """List the elements of the current or the asked revision, by key."""
    seen = get_model(session, caller, model_id, revision)
    page = list_elements(session, seen, asked, after, limit)
    return ElementsAnswer(
        model_id=model_id,
        project_code=seen.row["project_code"],
        revision=seen.row["revision"],
        matched=page.matched,
        elements=[_element(row) for row in page.rows],
        next=page.next_key,
    )


@in_project.get("/{code}/elements", summary="项目构件 Elements of a project")
def read_project_elements(
    code: Annotated[str, Path(max_length=64)],
    caller: CallerDep,
    session: SessionDep,
    asked: AskedElements,
    after: After = 0,
    limit: Limit = 100,
) -> ProjectElementsAnswer:
    """List the elements of the current revisions of all models of a project, by key."""
    project = get_project(session, caller, code, right="bim:read")
    page = list_project_elements(session, caller, project.id, asked, after, limit)
    return ProjectElementsAnswer(
        project_code=project.code,
        matched=page.matched,
        elements=[_element(row) for row in page.rows],
        next=page.next_key,
    )


@router.get("/{model_id}/elements/{global_id}", summary="构件 An element")
def read_element(
    model_id: ModelId,
    global_id: Annotated[str, Path(max_length=64)],
    caller: CallerDep,
    session: SessionDep,
    revision: AskedRevision = None,
) -> dict[str, Any]:
    """Return an element: to insiders with property sets, quantities, classification and shape."""
    seen = get_model(session, caller, model_id, revision)
    row = dict(get_element(session, seen, global_id))
    relations = {name: row.pop(name) for name in ("container", "parent", "type", "parts", "host", "hosted")}
    head = {"model_id": model_id, "project_code": seen.row["project_code"], "revision": seen.row["revision"]}
    return {**head, **_element(row), "relations": relations}


@router.get("/{model_id}/tree", summary="空间结构 Spatial tree")
def read_tree(
    model_id: ModelId, caller: CallerDep, session: SessionDep, revision: AskedRevision = None
) -> TreeAnswer:
    """Return the spatial structure with every element below its container or whole."""
    seen = get_model(session, caller, model_id, revision)
    nodes: dict[str, TreeNode] = {}
    parents: dict[str, str | None] = {}
    for row in list_tree(session, seen):
        nodes[row["global_id"]] = TreeNode(
            global_id=row["global_id"], ifc_class=row["ifc_class"], name=row["name"]
        )
        parents[row["global_id"]] = row["parent"]
    return TreeAnswer(model_id=model_id, revision=seen.row["revision"], roots=_grown(nodes, parents))


def _element(row: Any) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "row_key"}


def _grown(nodes: dict[str, TreeNode], parents: dict[str, str | None]) -> list[TreeNode]:
    """Hang every node under its parent; one whose parent is unknown, or that would hang in itself, is a root."""
    roots: list[TreeNode] = []
    for global_id, node in nodes.items():
        parent = parents[global_id]
        if parent is None or parent not in nodes or _hangs_below(parent, global_id, parents):
            parents[global_id] = None
            roots.append(node)
        else:
            nodes[parent].children.append(node)
    return roots


def _hangs_below(node: str | None, ancestor: str, parents: dict[str, str | None]) -> bool:
    met: set[str] = set()
    while node is not None and node not in met:
        if node == ancestor:
            return True
        met.add(node)
        node = parents.get(node)
    return False
