"""The `twin` command. Each group lives in a file of its own and is imported only when it is called."""

import importlib
import importlib.util
import sys
from dataclasses import dataclass
from typing import Final

import typer


@dataclass(frozen=True)
class Entry:
    """A command: where it lives and what `twin --help` says of it."""

    module: str
    help: str


COMMANDS: Final = {
    "up": Entry("up", "Set everything up with the sample data, and serve. 一键启动（含示例数据）"),
    "serve": Entry("serve", "Run database, API and worker until Ctrl-C. 启动服务"),
    "worker": Entry("worker", "Run background jobs alone. 仅运行后台任务"),
    "db": Entry("db", "The database: start, stop, migrate, dump, upgrade. 数据库"),
    "samples": Entry("samples", "Generate and load the sample district. 示例数据"),
    "ingest": Entry("ingest", "Take in an IFC model. 模型入库"),
    "import": Entry("import_", "Bring a planner's file into a layer. 规划文件入库"),
    "model": Entry("model", "Where a model lies, and placing it by hand. 模型定位"),
    "schedule": Entry("schedule", "Work schedules: import. 进度计划"),
    "progress": Entry("progress", "Element progress as a table: import, export. 构件进度表"),
    "jobs": Entry("jobs", "Background jobs. 后台任务"),
    "objects": Entry("objects", "Stored files: clear away what nothing needs. 对象存储"),
    "overlap": Entry("overlap", "Lay a project or a shape over land and control layers. 压占分析"),
    "spatial": Entry("spatial", "Spatial questions to the layers. 空间问答"),
    "land": Entry("land", "The reserve pool: states, reservations, idle land, matching. 储备台账与选址"),
    "export": Entry("export", "Write layers and their tiles to files. 导出图层与瓦片"),
    "token": Entry("token", "Bearer tokens: create, list, revoke. 令牌"),
    "user": Entry("user", "Users and their roles. 用户与角色"),
    "doctor": Entry("doctor", "Check this machine and installation. 自检"),
}


def find_entries() -> dict[str, Entry]:
    """Return the commands whose file is there, in the order of the help."""
    return {
        name: entry
        for name, entry in COMMANDS.items()
        if importlib.util.find_spec(f"{__name__}.{entry.module}")
    }


def make_app(called: str | None = None) -> typer.Typer:
    """Return the whole command; of its parts only the one called is imported, the others stand by their help.

    Parameters
    ----------
    called : str, optional
        Name of the command that will be run.
    """
    root = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="worktwin 重点工程数字孪生: key construction works on one map, coloured by progress.",
    )
    root.callback()(_root)
    for name, entry in find_entries().items():
        if name == called:
            _add(root, name, entry)
        else:
            root.command(name, help=entry.help)(_not_called)
    return root


def _add(root: typer.Typer, name: str, entry: Entry) -> None:
    """Import a command's file: it offers a group as `app`, or one command as the function of the file's name."""
    module = importlib.import_module(f"{__name__}.{entry.module}")
    if hasattr(module, "app"):
        root.add_typer(module.app, name=name)
    else:
        root.command(name)(getattr(module, entry.module))


def _root() -> None:
    """Hold the group together: without a callback Typer would make a lone command the program."""


def _not_called() -> None:
    raise AssertionError("a command that is called has been imported")


def main() -> None:
    """Run the `twin` command."""
    called = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
    make_app(called)()
