"""The commands of dermc as functions. Keyword arguments are its options: `target_ratio=10` is `--target-ratio 10`."""

import json
import os
import pathlib
import tempfile
from typing import Any, Mapping, Optional, Union

from . import _program
from .reports import Evaluation, GateResult, Report, Stats

Path = Union[str, "os.PathLike[str]"]


def compile(
    model: Path,
    output: Optional[Path] = None,
    *,
    int8: bool = True,
    calib: Optional[Path] = None,
    eval: Optional[Path] = None,
    target_ratio: Optional[float] = None,
    target_size: Optional[Union[int, str]] = None,
    max_kl: Optional[float] = None,
    strict: bool = False,
    **options: Any,
) -> Report:
    """Compiles a model into a bundle, `dermc compile`.

    Writes the bundle to `output` (`model.derm` beside the model unless given) and the report beside it.

    Args:
        model: .onnx, .tflite or .derm.
        int8: whether to quantize, which needs `calib` unless the model is quantized already.
        calib: a folder of images like those the model will see.
        eval: a folder of labelled images to measure on.
        strict: refuse what there is to warn of.
        options: all other options of the command, as `mean="0.485,0.456,0.406"` or `labels="a,b,c"`.

    Raises:
        CommandError: the model cannot be compiled; the message says why.
    """
    output = output if output is not None else pathlib.Path(model).with_suffix(".derm")
    given = dict(
        int8=int8, calib=calib, eval=eval, target_ratio=target_ratio, target_size=target_size, max_kl=max_kl,
        strict=strict, output=output, quiet=True, **options,
    )
    _program.run(["compile", model, *_program.options(given)])
    return read_report(_program.report_path(model, output))


def evaluate(model: Path, data: Path, *, against: Optional[Path] = None, **options: Any) -> Evaluation:
    """Measures a model on labelled data, `dermc eval`; with `against` beside another model.

    Raises:
        CommandError: the model or the data cannot be used.
    """
    given = dict(against=against, quiet=True, **options)
    return Evaluation.read(_program.document(["eval", model, data, *_program.options(given)]))


def stats(model: Path, **options: Any) -> Stats:
    """Counts a model's parameters, operations and bytes, `dermc stats`."""
    return Stats.read(_program.document(["stats", model, *_program.options(options)]))


def gate(
    report: Union[Path, Report],
    budget: Union[Path, Mapping[str, Any]],
    *,
    baseline: Optional[Union[Path, Report]] = None,
    **options: Any,
) -> GateResult:
    """Checks a report against a budget, `dermc gate`: a file, or its limits, as `{"min_agreement": 0.97}`.

    With `baseline`, the report of an earlier build, its `against_baseline` says how much worse figures may be than
    those. Other options have the names of the program's (`other_model=True`).

    Raises:
        CommandError: the budget is no budget, or the baseline is of other images or another model; a broken budget is
            an answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        if isinstance(report, Report):
            report = _written(folder, "model.report.json", report.json)
        if isinstance(baseline, Report):
            baseline = _written(folder, "baseline.report.json", baseline.json)
        if isinstance(budget, Mapping):
            budget = _written(folder, "budget.json", budget)
        given = _program.options(dict(baseline=baseline, **options))
        finished = _program.run(["gate", report, "--budget", budget, *given], allowed=1)
    return GateResult(finished.returncode == 0, finished.stdout.splitlines())


def read_report(path: Path) -> Report:
    """Reads a report that `dermc compile` wrote."""
    return Report.read(json.loads(pathlib.Path(path).read_text(encoding="utf-8")))


def _written(folder: str, name: str, content: Any) -> str:
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(content, file)
    return path
