"""Every address of the Esri doors."""

from typing import Final

from api.arcgis import edits, query, services, tokens
from api.arcgis.doors import door

_S: Final = "/arcgis/rest/services"
_F: Final = f"{_S}/{{collection}}/FeatureServer"

ROUTES: Final = [
    door("/arcgis/rest/info", services.answer_info),
    door("/arcgis/rest/generateToken", tokens.answer_token, reads=False),
    door(_S, services.answer_catalogue),
    door(f"{_S}/", services.answer_catalogue),  # clients join paths to a base that ends so
    door(_F, services.answer_service),
    door(f"{_F}/layers", services.answer_layers),
    door(f"{_F}/applyEdits", edits.answer_apply_service, reads=False),
    door(f"{_F}/0", services.answer_layer),
    door(f"{_F}/0/query", query.answer_query),
    door(f"{_F}/0/addFeatures", edits.answer_add, reads=False),
    door(f"{_F}/0/updateFeatures", edits.answer_update, reads=False),
    door(f"{_F}/0/deleteFeatures", edits.answer_delete, reads=False),
    door(f"{_F}/0/applyEdits", edits.answer_apply, reads=False),
    door(f"{_F}/0/{{feature}}", query.answer_feature),
    door(f"{_F}/{{layer}}", services.answer_no_layer),
    door("/arcgis/rest/admin/{path:path}", services.answer_no_admin),
]
