"""Take property sets out of an open model."""

from bim.model import Model, list_instances


def remove_sets(model: Model, set_names: tuple[str, ...], holders: tuple[str, ...] = ()) -> int:
    """Remove property sets by name (lower case), with their relations and their own properties; return how many.

    Parameters
    ----------
    holders : tuple of str
        Classes of what carries them; of everything by default.
    """
    removed = 0
    for relation in model.by_type("IfcRelDefinesByProperties"):
        for definition in list_instances(relation.RelatingPropertyDefinition):
            if not definition.is_a("IfcPropertySet") or (definition.Name or "").lower() not in set_names:
                continue
            related = list_instances(relation.RelatedObjects)
            if holders and not any(each.is_a(kind) for each in related for kind in holders):
                continue
            properties = list_instances(definition.HasProperties)
            model.file.remove(relation)
            if model.file.get_total_inverses(definition) == 0:
                model.file.remove(definition)
                removed += 1
                for each in properties:
                    if model.file.get_total_inverses(each) == 0:
                        model.file.remove(each)
    return removed
