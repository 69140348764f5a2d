"""Each conformance class that is advertised names tests that prove it; without one it is not advertised."""

from importlib import import_module

import pytest

from api.maps.landing import CONFORMANCE
from tests.api.conftest import Doors
from tests.gis.cql2.questions import QUESTIONS

SPEC = "http://www.opengis.net/spec/"
MAPS = "tests.api.maps."
FILTERS = f"{MAPS}test_filters:"
FEATURES = f"{MAPS}test_features:"
DEFINITION = f"{MAPS}test_definition:"
TILES = f"{MAPS}test_tiles:"
STYLES = f"{MAPS}test_styles:"
EDITS = f"{MAPS}test_edits:"
QUESTION = "tests.gis.cql2.test_questions:test_text_and_json_give_the_rows_that_sql_gives"
QUERYABLES = f"{FILTERS}test_every_queryable_filters_by_parameter_and_by_cql2_and_nothing_else_does"
SAME_ROWS = f"{FILTERS}test_text_and_json_give_the_same_rows_as_sql_over_all_pages"

PROOFS = {
    "ogcapi-common-1/1.0/conf/core": f"{FEATURES}test_a_parameter_that_is_wrong_or_unknown_is_a_400_that_names_it",
    "ogcapi-common-1/1.0/conf/landing-page": f"{FEATURES}test_the_landing_page_has_the_links_that_clients_look_for",
    "ogcapi-common-1/1.0/conf/json": f"{FEATURES}test_a_browser_gets_pages_and_a_program_json",
    "ogcapi-common-1/1.0/conf/html": f"{FEATURES}test_a_browser_gets_pages_and_a_program_json",
    "ogcapi-common-1/1.0/conf/oas30": f"{DEFINITION}test_it_is_openapi_3_0_without_anything_of_3_1",
    "ogcapi-common-2/1.0/conf/collections": f"{FEATURES}test_a_collection_is_the_same_in_the_list_and_alone",
    "ogcapi-features-1/1.0/conf/core": f"{FEATURES}test_following_next_gives_every_feature_once",
    "ogcapi-features-1/1.0/conf/oas30": f"{DEFINITION}test_its_paths_are_those_of_the_routes_one_per_collection",
    "ogcapi-features-1/1.0/conf/html": f"{FEATURES}test_text_of_the_data_stays_text_in_a_page",
    "ogcapi-features-1/1.0/conf/geojson": f"{FEATURES}test_a_feature_carries_what_the_contract_promises",
    "ogcapi-features-2/1.0/conf/crs": "tests.gis.test_served_crs:"
    "test_coordinates_are_those_of_pyproj_within_a_millimetre_in_the_order_of_the_authority",
    "ogcapi-features-3/1.0/conf/queryables": QUERYABLES,
    "ogcapi-features-3/1.0/conf/queryables-query-parameters": f"{FEATURES}"
    "test_the_schema_names_fields_in_chinese_and_the_queryables_filter",
    "ogcapi-features-3/1.0/conf/filter": SAME_ROWS,
    "ogcapi-features-3/1.0/conf/features-filter": f"{FILTERS}test_a_filter_joins_the_other_parameters",
    "cql2/1.0/conf/cql2-text": SAME_ROWS,
    "cql2/1.0/conf/cql2-json": SAME_ROWS,
    "cql2/1.0/conf/basic-cql2": QUESTION,
    "cql2/1.0/conf/advanced-comparison-operators": QUESTION,
    "cql2/1.0/conf/case-insensitive-comparison": QUESTION,
    "cql2/1.0/conf/accent-insensitive-comparison": QUESTION,
    "cql2/1.0/conf/basic-spatial-functions": QUESTION,
    "cql2/1.0/conf/basic-spatial-functions-plus": QUESTION,
    "cql2/1.0/conf/basic-spatial-operators": f"{FILTERS}"
    "test_the_geometries_of_a_filter_are_read_in_its_crs_and_axis_order",
    "cql2/1.0/conf/spatial-functions": QUESTION,
    "cql2/1.0/conf/temporal-functions": QUESTION,
    "cql2/1.0/conf/arithmetic": QUESTION,
    "cql2/1.0/conf/property-property": QUESTION,
    "cql2/1.0/conf/functions": f"{FILTERS}test_the_functions_on_offer_are_listed_and_linked",
    "ogcapi-features-4/1.0/conf/create-replace-delete": f"{EDITS}"
    "test_a_replacement_empties_what_it_does_not_give_and_a_patch_does_not",
    "ogcapi-features-4/1.0/conf/update": f"{EDITS}test_a_patch_merges_the_geometry_too",
    "ogcapi-features-4/1.0/conf/optimistic-locking-etags": f"{EDITS}"
    "test_the_tag_of_every_representation_may_be_expected",
    "ogcapi-features-4/1.0/conf/features": f"{EDITS}"
    "test_coordinates_in_a_zone_stand_north_before_east_and_land_within_a_millimetre",
    "ogcapi-features-5/1.0/conf/schemas": f"{FILTERS}test_the_schema_is_what_features_return",
    "ogcapi-features-5/1.0/conf/core-roles-features": "tests.gis.test_describe:"
    "test_the_schema_has_the_roles_qgis_looks_for",
    "ogcapi-features-5/1.0/conf/returnables-and-receivables": f"{FILTERS}"
    "test_the_schema_marks_as_read_only_what_this_reader_may_not_write",
    "ogcapi-tiles-1/1.0/conf/core": f"{TILES}test_a_tile_holds_what_its_reader_may_see",
    "ogcapi-tiles-1/1.0/conf/tileset": f"{TILES}test_the_tile_set_names_its_template_in_the_order_of_the_standard",
    "ogcapi-tiles-1/1.0/conf/tilesets-list": f"{FEATURES}"
    "test_every_link_of_the_landing_page_and_collections_answers_with_its_type",
    "ogcapi-tiles-1/1.0/conf/geodata-tilesets": f"{TILES}"
    "test_row_and_column_stand_the_other_way_round_in_the_ogc_address",
    "ogcapi-tiles-1/1.0/conf/dataset-tilesets": f"{MAPS}test_dataset_tiles:"
    "test_the_landing_page_leads_to_a_tile_of_all_layers",
    "ogcapi-tiles-1/1.0/conf/oas30": f"{DEFINITION}test_its_paths_are_those_of_the_routes_one_per_collection",
    "ogcapi-tiles-1/1.0/conf/mvt": f"{TILES}test_the_layer_of_a_tile_is_called_like_the_collection",
    "ogcapi-styles-1/1.0/conf/core": f"{STYLES}test_the_styles_of_the_contract_are_offered_in_every_format",
    "ogcapi-styles-1/1.0/conf/mapbox-style": f"{STYLES}test_a_map_style_points_at_tiles_that_answer",
    "ogcapi-styles-1/1.0/conf/sld-10": f"{STYLES}test_the_styles_of_the_contract_are_offered_in_every_format",
    "ogcapi-styles-1/1.0/conf/sld-11": f"{STYLES}test_the_styles_of_the_contract_are_offered_in_every_format",
}


def test_what_is_advertised_is_what_has_a_proof(doors: Doors) -> None:
    advertised = doors.get("/ogc/conformance").json()["conformsTo"]
    assert advertised == list(CONFORMANCE)
    assert set(advertised) == {SPEC + name for name in PROOFS}


@pytest.mark.parametrize("proof", sorted(set(PROOFS.values())))
def test_every_proof_is_a_test_that_runs(proof: str) -> None:
    module, _, name = proof.partition(":")
    assert name.startswith("test_")
    assert callable(getattr(import_module(module), name))


def test_every_class_of_cql2_that_questions_prove_has_questions() -> None:
    asked = {f"cql2/1.0/conf/{question.conformance}" for question in QUESTIONS}
    assert {name for name, proof in PROOFS.items() if proof == QUESTION} <= asked
    assert asked <= set(PROOFS)
    for name in asked:
        assert sum(name.endswith(f"/{question.conformance}") for question in QUESTIONS) >= 3, name
