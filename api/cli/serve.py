"""`twin serve`: the whole service until Ctrl-C."""

from typing import Annotated

import typer

from api.cli.say import told
from api.service import base_url, prepare, supervised
from api.site import open_site
from api.state import AppSettings


@told
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (TWIN_HOST). 监听地址")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (TWIN_PORT). 端口")] = None,
    ogc_classic: Annotated[
        bool,
        typer.Option(
            "--ogc-classic", help="Offer WMS, WFS and WMTS too, with MapServer. 同时提供 WMS/WFS/WMTS"
        ),
    ] = False,
) -> None:
    """Run database, API and worker until Ctrl-C. 启动数据库、接口与后台任务，直到 Ctrl-C。

    A process that dies is started again; when this command ends, so do they.
    """
    settings = AppSettings()
    settings.server.host = host or settings.server.host
    settings.server.port = port or settings.server.port
    settings.server.ogc_classic = ogc_classic or settings.server.ogc_classic
    prepare(settings, lambda line: typer.echo(line, err=True))
    with open_site(settings) as site, supervised(site) as supervisor:
        supervisor.run(
            on_ready=lambda: typer.echo(f"Ready 已就绪: {base_url(settings)}/  (Ctrl-C stops 停止)")
        )
