"""Legends of the styles, as data and as pictures."""

from typing import Final

import anyio.to_thread
import orjson
from starlette.requests import Request
from starlette.responses import Response

from api.deps import identify
from api.errors import lang_of
from api.maps.answers import answer_bytes
from api.maps.asked import JSON, choose_format, read_parameters
from api.maps.styles import load_theme
from gis.style import legend, render_legend
from gis.style.legend_image import parse_scale

PNG: Final = "image/png"


async def answer_legend(request: Request) -> Response:
    """Answer the legend of a style; as a picture in the language of the request, `scale` times as large.

    `Content-Language` says which language the picture has: English where the machine has no Chinese font.
    """
    caller = await identify(request)
    given = read_parameters(request, ("scale",))
    scale = parse_scale(given.get("scale"))
    chosen = choose_format(request, {"json": JSON, "png": PNG})
    rule = await load_theme(request)
    if chosen == "json":
        return answer_bytes(request, caller, orjson.dumps(legend(rule)), JSON)
    image = await anyio.to_thread.run_sync(render_legend, rule, lang_of(request), scale)
    return answer_bytes(request, caller, image.png, PNG, headers={"Content-Language": image.language})
