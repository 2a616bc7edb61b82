"""Image classifiers made small for phones and edge devices: compiling them, and running the bundles.

    import dermc

    report = dermc.compile("model.onnx", calib="data/calib", eval="data/val")
    model = dermc.Model("model.derm")
    model.predict("lesion.jpg").label

`Model` runs bundles with the library that phones use, to the same bits. `compile`, `evaluate`, `stats` and `gate` call the
program dermc, which is in the package, too.
"""

from ._commands import compile, evaluate, gate, read_report, stats
from ._library import DermError, Status
from ._model import Model, Prediction, Scored, Tensor
from ._program import CommandError

__all__ = [
    "CommandError",
    "DermError",
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


def __getattr__(name: str) -> str:
    if name == "__version__":
        import importlib.metadata

        return importlib.metadata.version("dermc")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
