"""How notebooks show models, predictions and reports."""

import html
from typing import TYPE_CHECKING, Any, Iterable, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from ._model import Model, Prediction
    from .reports import Evaluation, Measures, Report


def model(shown: "Model") -> str:
    rows = [
        ("task", shown.task),
        ("classes", ", ".join(shown.labels[:20]) + (", ..." if len(shown.labels) > 20 else "")),
        ("input", " x ".join(map(str, shown.input_shape))),
        *((f"input {name}", f"{count} numbers") for name, count in shown.other_inputs.items()),
        *((f"output {tensor.name}", " x ".join(map(str, tensor.shape))) for tensor in shown.outputs),
    ]
    return _table(shown.path.name, rows)


def prediction(shown: "Prediction") -> str:
    rows = []
    for scored in shown.top(10):
        label = f"<b>{html.escape(scored.label)}</b>" if scored.is_decided else html.escape(scored.label)
        bar = f'<progress max="1" value="{scored.probability:.4f}"></progress> {100 * scored.probability:.1f} %'
        rows.append(f"<tr><th scope='row' style='text-align:left'>{label}</th><td style='text-align:left'>{bar}</td></tr>")
    if not rows:
        return "<p>The model decides nothing.</p>"
    return f"<table>{''.join(rows)}</table>"


def report(shown: "Report") -> str:
    rows = []
    if shown.bundle and shown.ratio:
        rows.append(("size", f"{_bytes(shown.source.bytes)} to {_bytes(shown.bundle.bytes)}, {shown.ratio:.1f} times smaller"))
    rows.append(("work", f"{shown.compiled.macs / 1e6:.1f} M MACs"))
    accuracy = shown.accuracy
    if accuracy:
        agreement = accuracy.agreement_interval
        if agreement and agreement.value is not None:
            rows.append(("agreement", f"{_percent(agreement.value)}{_interval(agreement)} on {accuracy.samples} images ({accuracy.data})"))
        if accuracy.kl is not None:
            rows.append(("KL(float || compiled)", f"{accuracy.kl:.5f}"))
    result = _table(f"{shown.source.file}, compiled", rows)
    if accuracy and accuracy.compiled and accuracy.compiled.per_class:
        result += _classes(accuracy.compiled, accuracy.float_)
    return result + _warnings(shown.warnings)


def evaluation(shown: "Evaluation") -> str:
    rows = [
        (name, _percent(value))
        for name, value in (
            ("top-1", shown.top1), ("macro-F1", shown.macro_f1), ("balanced accuracy", shown.balanced_accuracy),
            ("AUC", shown.auc), ("agreement", shown.agreement),
        )
        if value is not None
    ]
    result = _table(f"{shown.samples} images", rows)
    if shown.per_class:
        result += _classes(shown, None)
    return result + _warnings(shown.warnings)


def _classes(measures: "Measures", before: "Optional[Measures]") -> str:
    """Recall of each class, since a missed one is the error that counts."""
    recalls = {entry.name: entry.recall for entry in before.per_class} if before else {}
    head = "<tr><th>class</th><th>images</th><th>recall</th>" + ("<th>float model's</th>" if before else "") + "</tr>"
    rows = "".join(
        f"<tr><td>{html.escape(entry.name)}</td><td>{entry.support}</td><td>{_percent(entry.recall)}</td>"
        + (f"<td>{_percent(recalls.get(entry.name))}</td>" if before else "")
        + "</tr>"
        for entry in measures.per_class
    )
    return f"<table>{head}{rows}</table>"


def _table(title: str, rows: Iterable[Tuple[str, str]]) -> str:
    body = "".join(
        f"<tr><th scope='row' style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
        for name, value in rows
    )
    return f"<table><caption>{html.escape(title)}</caption>{body}</table>"


def _warnings(warnings: Sequence[str]) -> str:
    if not warnings:
        return ""
    return "<p><b>To know first:</b></p><ul>" + "".join(f"<li>{html.escape(text)}</li>" for text in warnings) + "</ul>"


def _percent(value: Optional[float]) -> str:
    return "not defined" if value is None else f"{100 * value:.1f} %"


def _interval(estimate: Any) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f" ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"


def _bytes(count: int) -> str:
    for unit, size in (("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
