"""The functions that a filter may call (CQL2, 21-065r2, class functions)."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify
from api.maps.asked import read_parameters
from api.maps.documents import answer_linked
from gis.cql2 import FUNCTIONS, Function

_TYPES: Final = {"text": "string", "date": "datetime"}


async def answer_functions(request: Request) -> Response:
    """Answer the closed list of functions."""
    caller = await identify(request)
    read_parameters(request, ())
    found = [_described(function) for function in FUNCTIONS]
    return answer_linked(request, caller, "函数 Functions", {"functions": found})


def _described(function: Function) -> dict[str, Any]:
    return {
        "name": function.name,
        "title": function.title_zh,
        "description": function.title_en,
        "arguments": [{"type": [_TYPES.get(function.argument, function.argument)]}],
        "returns": [_TYPES.get(function.returns, function.returns)],
    }
