"""Which elements are drawn, and which together: those that share a representation."""

from collections import defaultdict

from bim.model import Instance, Model

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
        representation = model.value(product, "Representation")
        if representation is None:
            continue
        key = _shared(representation)
        if key is not None:
            groups[key].append(product)
    return [tuple(group) for group in groups.values()]


def expects_shape(model: Model, product: Instance) -> bool:
    """Say whether a product carries a body, so that the kernel drawing nothing is a fault.

    An axis, a plan symbol or a box alone is none.
    """
    representation = model.value(product, "Representation")
    shapes = representation.Representations if representation is not None else ()
    return any(
        each.RepresentationIdentifier in _BODIES and each.RepresentationType not in _NO_BODY
        for each in shapes
    )


def is_plot(product: Instance, parent: Instance | None) -> bool:
    """Say whether a product is drawn as a plot and not on the map."""
    return product.is_a() in _PLOTS or (parent is not None and parent.is_a() in _PLOTS)


def _shared(representation: Instance) -> int | None:
    """Number of the mapped representation where there is one, else of the representation itself."""
    first = None
    for shape in representation.Representations or ():
        items = shape.Items or ()
        if items and items[0].is_a("IfcMappedItem") and items[0].MappingSource is not None:
            return int(items[0].MappingSource.id())
        if items and first is None:
            first = int(shape.id())
    return first
