"""Which elements are drawn, and which together: those that share a representation."""

from collections import defaultdict

from bim.model import Instance, Model, list_instances

# Distance-against-height plots and cant diagrams are drawn near zero; they are no map geometry.
_BODIES = ("Body", "Facetation", "Body-FallBack", "Tessellation", None)
_NO_BODY = (
    "Curve2D",
    "Curve3D",
    "Curve",
    "GeometricCurveSet",
    "Annotation2D",
    "BoundingBox",
    "Point",
    "PointCloud",
)
_PLOTS = ("IfcAlignmentVertical", "IfcAlignmentCant")


def group_by_representation(model: Model, products: list[Instance]) -> list[tuple[Instance, ...]]:
    """Group the products that have a representation by the one they share, in order of instance numbers."""
    groups: dict[int, list[Instance]] = defaultdict(list)
    for product in products:
        key = _shared(model, product)
        if key is not None:
            groups[key].append(product)
    return [tuple(group) for group in groups.values()]


def weigh_openings(model: Model) -> dict[int, int]:
    """Count the instances that the openings of each cut element are made of: what cutting will cost, roughly.

    Returns
    -------
    dict of int to int
        Number of the element → instances; elements without an opening are not in it.
    """
    weights: dict[int, int] = defaultdict(int)
    for void in model.by_type("IfcRelVoidsElement"):
        for element in list_instances(model.value(void, "RelatingBuildingElement")):
            for opening in list_instances(model.value(void, "RelatedOpeningElement")):
                for shape in list_instances(model.value(opening, "Representation")):
                    weights[element.id()] += len(model.file.traverse(shape))
    return dict(weights)


def expects_shape(model: Model, product: Instance) -> bool:
    """Say whether a product carries a body, so that the kernel drawing nothing is a fault.

    An axis, a plan symbol or a box alone is none.
    """
    return any(
        model.value(each, "RepresentationIdentifier") in _BODIES
        and model.value(each, "RepresentationType") not in _NO_BODY
        for each in _representations(model, product)
    )


def is_plot(product: Instance, parent: Instance | None) -> bool:
    """Say whether a product is drawn as a plot and not on the map."""
    return product.is_a() in _PLOTS or (parent is not None and parent.is_a() in _PLOTS)


def _representations(model: Model, product: Instance) -> list[Instance]:
    shapes = []
    for representation in list_instances(model.value(product, "Representation")):
        shapes += list_instances(model.value(representation, "Representations"))
    return shapes


def _shared(model: Model, product: Instance) -> int | None:
    """Number of the mapped representation where there is one, else of the first with any item."""
    first = None
    for shape in _representations(model, product):
        items = list_instances(model.value(shape, "Items"))
        if not items:
            continue
        for source in list_instances(model.value(items[0], "MappingSource")):
            return int(source.id())
        if first is None:
            first = int(shape.id())
    return first
