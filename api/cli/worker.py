"""`twin worker`: background jobs until told to stop."""

import typer

from api.cli.say import told
from api.log import configure_log
from api.state import AppSettings
from twin.db.service import service_url
from twin.jobs.worker import run_worker


@told
def worker() -> None:
    """Run background jobs; `twin serve` starts this by itself. 运行后台任务（twin serve 会自动启动）

    Ends with exit code 1 when the database goes away: whoever started it starts it again.
    """
    configure_log()
    settings = AppSettings()
    url = service_url(settings.home, settings.database)
    raise typer.Exit(run_worker(url, settings.home, settings.jobs))
