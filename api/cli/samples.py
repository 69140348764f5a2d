"""`twin samples`: make the sample set, and load it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.cli.bringing import bring_models, bring_tables
from api.cli.say import quiet_log, told
from api.site import open_site
from api.state import AppSettings
from twin.samples.files import SampleFolder
from twin.samples.generate import check_samples, write_samples

app = typer.Typer(help="The synthetic sample set. 样例数据（全部虚构）。", no_args_is_help=True)


@app.callback()
def samples() -> None:
    """The synthetic sample set. 样例数据（全部虚构）。"""


@app.command()
def generate(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("data/samples"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if the folder differs.")
    ] = False,
) -> None:
    """Write the sample set; the same bytes on every machine. 生成样例数据。"""
    if not check:
        changed = write_samples(out)
        typer.echo(f"{out}: {len(changed)} files changed")
        return
    wrong = check_samples(out)
    for name in wrong:
        typer.echo(f"{out / name} differs from what `twin samples generate` writes", err=True)
    if wrong:
        sys.exit(1)
    typer.echo(f"{out} holds exactly the sample set")


@app.command()
@told
def load(
    folder: Annotated[Path, typer.Option(help="Folder with the sample set.")] = Path("data/samples"),
    models: Annotated[bool, typer.Option(help="Ingest the IFC models too. 是否入库模型")] = True,
) -> None:
    """Load the sample set; what is there already is left alone. 装载样例数据。"""
    quiet_log()
    with open_site(AppSettings()) as site:
        bring_tables(site, SampleFolder(folder))
        if models:
            bring_models(site, SampleFolder(folder))
