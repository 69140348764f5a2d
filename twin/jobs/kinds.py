"""Every kind of job and the function that runs it."""

from twin.jobs.check_model import check_model
from twin.jobs.execute import Handler
from twin.jobs.export_model import export_model
from twin.jobs.import_layer import import_layer
from twin.jobs.ingest_model import ingest_model
from twin.jobs.pack_scene import pack_scene
from twin.jobs.read_file import read_large_file
from twin.jobs.run_overlap import run_overlap

KINDS: dict[str, Handler] = {
    "check_model": check_model,
    "export_model": export_model,
    "import_layer": import_layer,
    "ingest_model": ingest_model,
    "pack_scene": pack_scene,
    "read_file": read_large_file,
    "run_overlap": run_overlap,
}
