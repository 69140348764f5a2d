"""Open a file and read its elements without drawing anything."""

from pathlib import Path

from bim.elements import iter_facts, list_products, name_products
from bim.model import Model, open_model
from bim.properties import PropertyReader
from bim.relations import read_relations
from bim.results import ElementFacts
from bim.schedule import read_schedule
from bim.units import read_units


def read_facts(path: Path) -> tuple[Model, dict[int, ElementFacts]]:
    """Return the open model and its rows by instance number."""
    model = open_model(path)
    units = read_units(model)
    products = list_products(model)
    names = name_products(products)
    rows = iter_facts(
        model,
        products,
        names,
        read_relations(model, units.length_m),
        PropertyReader(model, units),
        read_schedule(model, names),
    )
    return model, {row.step_id: row for row in rows}
