"""dermc on a cluster, by Dask: `pip install dermc[distributed]`.

    from dermc import distributed

    report = distributed.compile("model.onnx", "/data/calib", eval="data/val", scheduler="tcp://head:8786")
    measured = distributed.evaluate("model.derm", "s3://bucket/val", against="model.onnx", scheduler="tcp://head:8786")

What comes out has the bytes, and the figures the digits, of one run on one machine.
"""

from .._program import CommandError
from ._cluster import ClusterError, Progress
from ._jobs import compile, evaluate
from ._sweep import sweep

__all__ = ["ClusterError", "CommandError", "Progress", "compile", "evaluate", "sweep"]
