"""Image classifiers made small for phones and edge devices: compiling them, and running the bundles.

    import dermc

    report = dermc.compile("model.onnx", calib="data/calib", eval="data/val")
    model = dermc.Model("model.derm")
    model.predict("lesion.jpg").label

`Model` runs bundles with the library that phones use, to the same bits. `compile`, `evaluate`, `stats` and `gate` call the
program dermc, which is in the package, too.
"""

from typing import TYPE_CHECKING, Any

from ._library import DermError, Status
from ._model import Certainty, Explanation, Model, Prediction, Scored, Tensor

if TYPE_CHECKING:
    from ._commands import compile, evaluate, gate, read_report, stats
    from ._program import CommandError

__all__ = [
    "Certainty",
    "CommandError",
    "DermError",
    "Explanation",
    "Model",
    "Prediction",
    "Scored",
    "Status",
    "Tensor",
    "compile",
    "evaluate",
    "gate",
    "read_report",
    "stats",
]


def __getattr__(name: str) -> Any:
    """What calls the program is loaded when it is asked for: what only runs bundles starts sooner without."""
    if name == "CommandError":
        from ._program import CommandError

        return CommandError
    if name in ("compile", "evaluate", "gate", "read_report", "stats"):
        from . import _commands

        return getattr(_commands, name)
    if name == "__version__":
        import importlib.metadata

        return importlib.metadata.version("dermc")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
