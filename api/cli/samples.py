"""`twin samples`: make the sample set."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from twin.samples.generate import check_samples, write_samples

app = typer.Typer(help="The synthetic sample set. 样例数据（全部虚构）。", no_args_is_help=True)


@app.callback()
def samples() -> None:
    """The synthetic sample set. 样例数据（全部虚构）。"""


@app.command()
def generate(
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("data/samples"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if the folder differs.")] = False,
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
