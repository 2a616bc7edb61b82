"""What dermc measures, as types: the fields of its JSON (docs/json.md) by the same names.

All measures are fractions and all sizes bytes, as there. None stands for a measure that is not defined or was not taken.
Fields that this version does not know stay in `json`, the object as it was written.
"""

import dataclasses
import typing
from typing import Any, Dict, List, Optional, Type, TypeVar

Record = TypeVar("Record", bound="_Record")


@dataclasses.dataclass
class _Record:
    #: The object as dermc wrote it.
    json: Dict[str, Any] = dataclasses.field(repr=False)

    @classmethod
    def read(cls: Type[Record], json: Dict[str, Any]) -> Record:
        """Makes it of an object."""
        types = typing.get_type_hints(cls)
        values = {
            field.name: _value(types[field.name], json.get(field.name), field.name)
            for field in dataclasses.fields(cls)
            if field.name != "json"
        }
        return cls(json=json, **values)


def _value(kind: Any, json: Any, name: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        return None if json is None else _value(arguments[0], json, name)
    if origin is list:
        return [] if json is None else [_value(arguments[0], element, name) for element in json]
    if origin is dict:
        return {} if json is None else json
    if json is None:
        raise ValueError(f"dermc's JSON has no {name}: it is of another version")
    if isinstance(kind, type) and issubclass(kind, _Record):
        return kind.read(json)
    return float(json) if kind is float else json


@dataclasses.dataclass
class Estimate(_Record):
    """A measure and its 95 % interval."""

    value: Optional[float]
    low: Optional[float]
    high: Optional[float]


@dataclasses.dataclass
class AtSpecificity(_Record):
    """The highest sensitivity with at least a specificity."""

    specificity: float
    sensitivity: Optional[float]


@dataclasses.dataclass
class ClassMeasures(_Record):
    """How well one class is told."""

    name: str
    support: int
    precision: Optional[float]
    recall: Optional[float]
    f1: Optional[float]
    auc: Optional[float]
    specificity: Optional[float]
    average_precision: Optional[float]
    sensitivity_at_specificity: Optional[AtSpecificity]


@dataclasses.dataclass
class Measures(_Record):
    """How well a model tells all classes."""

    top1: Optional[float]
    macro_f1: Optional[float]
    auc: Optional[float]
    ece: Optional[float]
    log_loss: Optional[float]
    brier: Optional[float]
    balanced_accuracy: Optional[float]
    per_class: List[ClassMeasures]
    confusion: List[List[int]]


@dataclasses.dataclass
class ClassDeltas(_Record):
    """What compiling changed for one class."""

    name: str
    precision: Optional[Estimate]
    recall: Optional[Estimate]
    auc: Optional[Estimate]
    specificity: Optional[Estimate]
    sensitivity_at_specificity: Optional[Estimate]


@dataclasses.dataclass
class Deltas(_Record):
    """Compiled minus float."""

    top1: Optional[Estimate]
    macro_f1: Optional[Estimate]
    auc: Optional[Estimate]
    balanced_accuracy: Optional[Estimate]
    per_class: List[ClassDeltas]


@dataclasses.dataclass
class Accuracy(_Record):
    """Two models on the same samples. `float_` is the member `float`."""

    data: str
    classes: List[str]
    samples: int
    task: str
    agreement: Optional[float]
    agreement_interval: Optional[Estimate]
    kl: Optional[float]
    sqnr_db: Optional[float]
    cosine: Optional[float]
    max_relative_error: Optional[float]
    compiled: Optional[Measures]
    deltas: Optional[Deltas]
    mcnemar_p: Optional[float]
    positive: Optional[str]
    thresholds: List[float]
    threshold_choice: Optional[str]
    binary: Dict[str, Any]
    multilabel: Dict[str, Any]
    groups: Dict[str, Any]
    subgroups: List[Dict[str, Any]]

    @property
    def float_(self) -> Optional[Measures]:
        """The float model against the labels."""
        measures = self.json.get("float")
        return Measures.read(measures) if measures else None


@dataclasses.dataclass
class Tensor(_Record):
    """An input or output of a model."""

    name: str
    type: str
    shape: List[int]
    free_batch: bool


@dataclasses.dataclass
class LayerCount(_Record):
    """A layer of a model, counted."""

    name: str
    op: str
    output: List[int]
    type: str
    parameters: int
    macs: int
    element_operations: int
    bytes: int


@dataclasses.dataclass
class Stats(_Record):
    """A model, counted, for one sample."""

    parameters: int
    running_statistics: int
    macs: int
    flops: int
    element_operations: int
    bytes: Dict[str, int]
    peak_activation_bytes: int
    inputs: List[Tensor]
    outputs: List[Tensor]
    layers: List[LayerCount]


@dataclasses.dataclass
class Source(_Record):
    """The model that was compiled."""

    file: str
    format: str
    bytes: int
    sha256: str


@dataclasses.dataclass
class Section(_Record):
    """A part of a bundle's file."""

    name: str
    codec: str
    raw_bytes: int
    stored_bytes: int


@dataclasses.dataclass
class Bundle(_Record):
    """A bundle's file."""

    file: str
    bytes: int
    sha256: str
    sections: List[Section]
    container_bytes: int
    #: The same bytes by what they are.
    account: Dict[str, int]


@dataclasses.dataclass
class Compiled(_Record):
    """The compiled model, counted."""

    parameters: int
    macs: int
    effective_macs: int
    bytes: int
    peak_activation_bytes: int
    arena_bytes: Optional[int]
    scratch_bytes: Optional[int]
    packed_bytes: Optional[int]
    memory_bytes: Optional[int]


@dataclasses.dataclass
class Layer(_Record):
    """A layer of the compiled model."""

    name: str
    op: str
    precision: str
    macs: int
    bits: Optional[int]
    weights: Optional[int]
    bytes: Optional[int]
    sparsity: Optional[float]
    output_sqnr_db: Optional[float]
    reason: Optional[str]
    #: What it takes in the file: bytes of weights, steps, biases and others.
    stored: Dict[str, int]
    stored_bits: Optional[float]


@dataclasses.dataclass
class Skipped(_Record):
    """A file that could not be used."""

    file: str
    reason: str


@dataclasses.dataclass
class Calibration(_Record):
    """The samples that ranges and weights were learned from."""

    samples: int
    held_back: int
    skipped: List[Skipped]
    range: str
    seed: int
    rounding: Optional[str]
    biases: Optional[str]
    range_search: Dict[str, Any]
    weight_search: Dict[str, Any]
    step_search: Dict[str, Any]
    precision_search: Dict[str, Any]


@dataclasses.dataclass
class Report(_Record):
    """What compiling a model changed: `model.report.json`."""

    schema: int
    dermc: str
    source: Source
    recipe: Dict[str, Any]
    bundle: Optional[Bundle]
    stats: Stats
    compiled: Compiled
    answer: Dict[str, Any]
    preprocessing: Dict[str, Any]
    calibration: Optional[Calibration]
    pruning: Dict[str, Any]
    channels: Dict[str, Any]
    data: Dict[str, Any]
    accuracy: Optional[Accuracy]
    passes: List[Dict[str, Any]]
    layers: List[Layer]
    warnings: List[str]

    @property
    def ratio(self) -> Optional[float]:
        """How many times smaller than the source the bundle is."""
        return self.source.bytes / self.bundle.bytes if self.bundle else None

    def _repr_html_(self) -> str:
        from . import _html

        return _html.report(self)


@dataclasses.dataclass
class Evaluation(Measures):
    """A model on labelled data."""

    samples: int
    task: Optional[str]
    agreement: Optional[float]
    comparison: Optional[Accuracy]
    answer: Dict[str, Any]
    data: Dict[str, Any]
    binary: Dict[str, Any]
    multilabel: Dict[str, Any]
    warnings: List[str]

    def _repr_html_(self) -> str:
        from . import _html

        return _html.evaluation(self)


@dataclasses.dataclass
class GateResult:
    """Whether a report keeps a budget, and a line for each limit."""

    passed: bool
    lines: List[str]

    def __bool__(self) -> bool:
        return self.passed
