"""The model process: ``python -m bim.convert SPOOL`` converts the one model ordered in ``SPOOL/job.json``.

It ends when its standard input closes, tells progress on standard output and leaves ``model.json``,
``elements.jsonl`` and ``verdict.json`` in the spool.
"""

import dataclasses
import gc
import os
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bim.ahead import go_ahead
from bim.assemble import Extent, Row, list_outliers, robust_middle, robust_span, write_elements, write_preview
from bim.batches import BatchResults, BatchRunner
from bim.beside import ForkDiedError, beside
from bim.dealing import plan_batches
from bim.elements import iter_facts, list_duplicates, list_products, name_products
from bim.errors import BimError
from bim.georeference.facts import GeoFacts
from bim.georeference.read import read_geo_facts
from bim.georeference.resolve import resolve
from bim.groups import expects_shape, group_by_representation, is_plot, weigh_openings
from bim.job import ConversionJob, read_job
from bim.limits import MIB
from bim.model import Instance, Model, drop_writing, open_model
from bim.outline import counts_in_outline
from bim.placements import read_placements
from bim.preflight import preflight
from bim.prepare import Prepared, read_text, rewrite_header
from bim.process import apply_limits, end_by_signal, split_off_guard
from bim.progress import ProgressTeller
from bim.properties import PropertyReader, clean
from bim.quantities import find_volume_m3
from bim.relations import Relations, list_storeys, list_tree, read_relations
from bim.results import (
    LOG_FILE,
    ElementFacts,
    GeometryError,
    Georeference,
    ModelPreview,
    ModelResult,
    Verdict,
    write_model,
    write_preview_model,
    write_verdict,
)
from bim.scene.rows import write_scene
from bim.schedule import Schedule, read_schedule
from bim.units import Units, read_units
from bim.verdicts import MISREAD, failed_verdict, finished_verdict, internal_verdict, memory_verdict

# A text that is refused may ask for much memory until it is; a larger one is opened when it has passed.
_OPENED_EARLY_BYTES = 64 * MIB


class Conversion:
    """One conversion from prepared text to written results.

    Parameters
    ----------
    job : ConversionJob
        The order.
    progress : ProgressTeller
        Where to tell progress.
    """

    def __init__(self, job: ConversionJob, progress: ProgressTeller) -> None:
        self._job, self._progress = job, progress

    def run(self) -> Verdict:
        """Run all phases and return the verdict.

        Raises
        ------
        BimError
            The model cannot be taken in.
        """
        prepared, model = self._open()
        products = list_products(model)
        groups = group_by_representation(model, products)
        limits = self._job.limits.process
        with self._make_runner(model) as runner:
            runner.begin(plan_batches(groups, limits, self._job.processes, partial(weigh_openings, model)))
            rows, result = self._read_attributes(model, products)
            self._write_preview(model, prepared, rows, result)
            drawn = self._draw(model, groups, runner)
        with self._drawing_scene(rows, drawn) as finish_scene:
            place = self._resolve(model, result, rows, drawn, prepared)
            self._progress.enter("placing", len(rows))
            extent = write_elements(self._job.spool, rows, drawn, place, result.placements)
            self._progress.advance(len(rows))
            self._progress.enter("scene")
            finish_scene()
        full = _model_result(model, prepared, result, rows, place, extent)
        write_model(self._job.spool, full)
        self._progress.enter("done")
        return finished_verdict(full, rows, drawn)

    @contextmanager
    def _drawing_scene(self, rows: list[Row], drawn: BatchResults) -> Iterator[Callable[[], object]]:
        """Write the scene beside the elements, which do not need it, where there is a core for both; else when told."""

        def draw() -> None:
            write_scene(self._job.spool, rows, drawn, list_outliers(rows, drawn))

        if self._job.processes == 1:
            yield draw
            return
        with beside(draw) as errand:
            yield errand.wait

    def _open(self) -> tuple[Prepared, Model]:
        """Look the text over and open it; with a second core both at once, and what is open counts if the text is sound."""
        self._progress.enter("preflight")
        job = self._job
        text = read_text(job.source, job.spool, job.limits.file, job.expected_bytes)
        early = job.processes > 1 and text.path.stat().st_size <= _OPENED_EARLY_BYTES
        read: Callable[[], tuple[Path, Model]] = partial(_read_model, text.path, job.spool)
        if early:
            check = partial(preflight, text.path, job.limits.file, job.processes - 1)
            report, read = go_ahead(read, check, lifeline=0)
        else:
            report = preflight(text.path, job.limits.file, job.processes)
        self._progress.enter("open")
        path, model = read()
        return text.prepared(report, path), model

    def _make_runner(self, model: Model) -> BatchRunner:
        job = self._job
        return BatchRunner(
            model.file, job.limits.process, job.processes, self._progress.advance, model.log, job.spool
        )

    def _read_attributes(self, model: Model, products: list[Instance]) -> tuple[list[Row], "_Attributes"]:
        self._progress.enter("attributes", len(products))
        result = _Attributes(model, products)
        known: dict[str, bool] = {}
        rows = []
        facts = iter_facts(
            model, products, result.names, result.relations, result.properties, result.schedule
        )
        written = write_preview(self._job.spool, facts, result.placements)
        for product, row in zip(products, written, strict=True):
            rows.append(_row(model, product, row, result, known))
            self._progress.advance(1)
        return rows, result

    def _write_preview(
        self, model: Model, prepared: Prepared, rows: list[Row], result: "_Attributes"
    ) -> None:
        """Leave for the worker what can be shown while geometry is made."""
        counts = _count_classes(rows)
        preview = ModelPreview(
            schema_name=prepared.report.header.schema,
            units=result.units.factors,
            elements=len(rows),
            counts_by_class=counts,
            storeys=result.storeys,
            tree=result.tree,
            warnings=[*prepared.warnings, *_lost_classes(model, prepared, counts)],
        )
        write_preview_model(self._job.spool, preview)

    def _draw(self, model: Model, groups: list[tuple[Instance, ...]], runner: BatchRunner) -> BatchResults:
        self._progress.enter("geometry", sum(len(group) for group in groups))
        drawn = runner.finish()
        for each in (each for group in groups for each in group if _is_missing(each, drawn)):
            if expects_shape(model, each):
                drawn.errors[each.id()] = GeometryError(
                    kind="empty", signal=None, seconds=0.0, reason="neither kernel draws anything for it"
                )
        starved = sum(error["kind"] == "out_of_memory" for error in drawn.errors.values())
        if starved > len(drawn.records):
            raise MemoryError
        return drawn

    def _resolve(
        self,
        model: Model,
        result: "_Attributes",
        rows: list[Row],
        drawn: BatchResults,
        prepared: Prepared,
    ) -> Georeference:
        self._progress.enter("georeference")
        middle = robust_middle(rows, drawn)
        raw = prepared.report.long_map_conversions
        try:
            facts = read_geo_facts(model, result.units, result.properties, raw, middle)
            facts = dataclasses.replace(facts, span_m=robust_span(rows, drawn))
        except MISREAD as error:
            # A value of the wrong type costs the model its place, not its elements.
            note = f"what the file says about its position cannot be read ({error})"
            facts = GeoFacts(unit_m=result.units.length_m, middle=middle, notes=(note[:300],))
        return resolve(facts, self._job.project, self._job.correction)


def _read_model(text: Path, spool: Path) -> tuple[Path, Model]:
    path = rewrite_header(text, spool)
    return path, open_model(path)


class _Attributes:
    """What pass A reads besides the rows."""

    def __init__(self, model: Model, products: list[Instance]) -> None:
        self.units: Units = read_units(model)
        self.relations: Relations = read_relations(model, self.units.length_m)
        self.names: dict[int, str] = name_products(products)
        self.properties = PropertyReader(model, self.units)
        self.schedule: Schedule = read_schedule(model, self.names)
        self.placements = read_placements(model, products, self.units.length_m)
        self.storeys = list_storeys(model, self.units.length_m)
        self.tree = list_tree(model, self.relations)


def _row(
    model: Model, product: Instance, facts: ElementFacts, result: _Attributes, known: dict[str, bool]
) -> Row:
    flags = []
    if not counts_in_outline(model, facts.ifc_class, known):
        flags.append("no_outline")
    if is_plot(product, result.relations.parent.get(facts.step_id)):
        flags.append("not_map_geometry")
    if "#" in facts.global_id:
        flags.append("duplicate_global_id")
    return Row(
        facts.step_id,
        facts.ifc_class,
        find_volume_m3(facts.quantities),
        tuple(flags),
        facts.global_id,
        facts.storey if facts.storey_name is None else facts.storey_name,
    )


def _is_missing(instance: Instance, drawn: BatchResults) -> bool:
    return instance.id() not in drawn.records and instance.id() not in drawn.errors


def _model_result(
    model: Model,
    prepared: Prepared,
    result: _Attributes,
    rows: list[Row],
    place: Georeference,
    extent: Extent,
) -> ModelResult:
    model.log.collect()
    counts = _count_classes(rows)
    project = next(iter(model.by_type("IfcProject")), None)
    warnings = [*prepared.warnings, *_lost_classes(model, prepared, counts)]
    if extent.outliers:
        shown = ", ".join(f"#{number}" for number in extent.outliers[:20])
        warnings.append(f"{len(extent.outliers)} elements lie far from the rest: {shown}")
    if "AREAUNIT" in result.units.guessed or "VOLUMEUNIT" in result.units.guessed:
        warnings.append("area or volume unit is missing and derived from the length unit")
    return ModelResult(
        name=str(clean(project.Name)) if project is not None and project.Name is not None else None,
        schema=prepared.report.header.schema,
        opened_as=prepared.report.header.open_as,
        encoding=prepared.encoding,
        units=result.units.factors,
        georeference=place,
        storeys=result.storeys,
        tree=result.tree,
        counts_by_class=counts,
        bbox=extent.bbox,
        z_range=extent.z_range,
        outline_lonlat_wkb=extent.outline_lonlat.hex() if extent.outline_lonlat else None,
        outline_survey_wkb=extent.outline_survey.hex() if extent.outline_survey else None,
        outline_local_wkb=extent.outline_local.hex() if extent.outline_local else None,
        tasks=result.schedule.tasks,
        duplicates=list_duplicates(model),
        library_log=dict(model.log.counts),
        library_messages=model.log.messages,
        warnings=warnings,
    )


def _count_classes(rows: list[Row]) -> dict[str, int]:
    return dict(sorted(Counter(row.ifc_class for row in rows).items()))


def _lost_classes(model: Model, prepared: Prepared, counts: dict[str, int]) -> list[str]:
    """Compare the text with the open model: a wrong schema drops whole classes without an error."""
    read = {name.upper(): count for name, count in counts.items()}
    warnings = []
    for name, count in prepared.report.counts_by_class.items():
        if not model.knows(name):
            warnings.append(f"{count} {name} are unknown to {prepared.report.header.open_as} and left out")
        elif model.is_kind(name, "IfcProduct") and read.get(name, 0) != count:
            warnings.append(f"{count} {name} stand in the text, {read.get(name, 0)} were read")
    return warnings


def main(arguments: list[str]) -> int:
    """Convert the model ordered in a spool folder; the exit code is 0 whenever a verdict was written."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m bim.convert SPOOL\n")
        return 2
    spool = Path(arguments[0])
    progress = ProgressTeller(own_standard_output(spool))
    split_off_guard(lifeline=0)
    drop_writing()
    gc.disable()  # this process does one thing and ends; looking for rings of garbage costs a tenth of it
    verdict = _convert(spool, progress)
    write_verdict(spool, verdict)
    return 0


def _convert(spool: Path, progress: ProgressTeller) -> Verdict:
    try:
        job = read_job(spool)
        apply_limits(job.limits.process)
        return Conversion(job, progress).run()
    except BimError as error:
        return failed_verdict(error)
    except ForkDiedError as error:  # what ended the fork might as well have ended this process
        end_by_signal(error.number)
    except MemoryError:
        return memory_verdict(progress.phase)
    except Exception as error:  # noqa: BLE001  whatever the library throws, the sender gets a verdict
        traceback.print_exc()
        return internal_verdict(error, progress.phase)


def own_standard_output(spool: Path) -> int:
    """Keep standard output for progress; what the library prints goes to the log file."""
    own = os.dup(1)
    log = os.open(spool / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    return own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
