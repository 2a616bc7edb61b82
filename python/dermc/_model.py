"""Running a bundle."""

import contextlib
import ctypes
import dataclasses
import math
import os
import pathlib
import threading
import weakref
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union, overload

import numpy

from . import _html, _library
from ._library import PIXEL_FORMATS, TASKS, Class, DermError, OpenOptions, Pixels, Status, library

if TYPE_CHECKING:
    import PIL.Image

    Path = Union[str, os.PathLike[str]]
    Array = numpy.ndarray[Any, Any]
    Image = Union[Array, PIL.Image.Image, Path, bytes]
    Images = Union[List[Image], Tuple[Image, ...]]


@dataclasses.dataclass(frozen=True)
class Scored:
    """A class and its probability."""

    label: str
    index: int
    probability: float
    #: Whether the model decides for it.
    is_decided: bool


@dataclasses.dataclass(frozen=True)
class Certainty:
    """How sure an answer is, fitted on labelled images when the bundle was compiled; it holds for images like those."""

    #: Whether the model had better not answer, so that someone else decides.
    abstains: bool
    #: Why, in a sentence; empty where nothing speaks against the answer.
    why: str
    #: The classes that the image may be of, the most probable first: the right one is among them as often as was asked
    #: for.
    set: Tuple[str, ...]
    #: How often such an answer is right: the calibrated probability of each class, in the model's order.
    probabilities: Tuple[float, ...]
    #: The model's own probability of the class decided for, which abstaining goes by.
    confidence: float
    #: High where the image is unlike those fitted on; None where the model's output cannot tell.
    energy: Optional[float]
    #: How far the image's features are from those fitted on; None where the bundle was not compiled with
    #: `unlike="mahalanobis"`.
    distance: Optional[float] = None


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    `classes` are all classes, the most probable first; empty for a model that decides nothing.
    """

    task: str
    classes: Tuple[Scored, ...]
    #: How sure it is; None where the bundle does not tell.
    certainty: Optional[Certainty] = None

    @property
    def decided(self) -> Tuple[Scored, ...]:
        """All classes decided for: of a multi-label model the labels that count as there, of others one."""
        return tuple(scored for scored in self.classes if scored.is_decided)

    @property
    def decision(self) -> Optional[Scored]:
        """The class decided for; None where a model decides on several labels, each on its own, or on nothing."""
        return self.decided[0] if self.task in ("multiclass", "binary") else None

    @property
    def label(self) -> Optional[str]:
        """The name of the class decided for."""
        return self.decision.label if self.decision else None

    @property
    def probability(self) -> Optional[float]:
        """The probability of the class decided for."""
        return self.decision.probability if self.decision else None

    @property
    def probabilities(self) -> "Array":
        """Of all classes, in the model's order (float64)."""
        result = numpy.empty(len(self.classes))
        for scored in self.classes:
            result[scored.index] = scored.probability
        return result

    def top(self, count: int = 5) -> Tuple[Scored, ...]:
        """The most probable classes."""
        return self.classes[:count]

    def _repr_html_(self) -> str:
        return _html.prediction(self)


@dataclasses.dataclass(frozen=True, eq=False)
class Explanation:
    """Where a model looked for a class in an image.

    It says which places, at the coarse grid of the last activation, raised the class's score; not why, and not what would
    have happened without them.
    """

    #: The class that is explained.
    label: str
    index: int
    #: How the map was made: "gradcam".
    method: str
    #: A number for each place of the model's view of the image, [H, W] of float32, rows from the top: 1 where most speaks
    #: for the class, 0 where nothing does.
    map: "Array"
    #: Rows and columns that the map really has; between these it is interpolated.
    grid: Tuple[int, int]
    #: The largest number before the map was scaled to 1; 0 where nothing speaks for the class, so that all are 0.
    peak: float


@dataclasses.dataclass(frozen=True)
class Tensor:
    """An output of a model: its name and shape."""

    name: str
    shape: Tuple[int, ...]


class Model:
    """A bundle, loaded once; any number of threads may use it at the same time.

    Each call borrows memory for one run (a session), so that calls on several threads run side by side; memory is kept
    for the next call. Every byte of the file is checked when it is read.

    Args:
        path: the bundle.
        threads: how many threads one run uses.
        public_keys: texts or paths of PEM files of whom one must have signed the bundle; none asks for no signature.
        maximum_bytes: the memory that reading and running may need; 0 is 1 GiB.

    Raises:
        DermError: the bundle cannot be used; `status` and the message say why.
    """

    def __init__(
        self,
        path: "Path",
        *,
        threads: int = 1,
        public_keys: "Sequence[Path]" = (),
        maximum_bytes: int = 0,
    ) -> None:
        self.path = pathlib.Path(os.fspath(path))
        self.threads = threads
        keys = [_key(key) for key in public_keys]
        texts = (ctypes.c_char_p * len(keys))(*keys) if keys else None
        options = OpenOptions(ctypes.sizeof(OpenOptions), maximum_bytes, texts, len(keys))
        handle = ctypes.c_void_p()
        library.model_open(os.fsencode(self.path), ctypes.byref(options), ctypes.byref(handle))
        self._handle = handle.value
        # Sessions keep what they need of the model, so either may go first.
        self._closing = weakref.finalize(self, library.model_close, self._handle)
        self.task: str = TASKS[library.model_task(self._handle)]
        self.labels: Tuple[str, ...] = tuple(
            library.model_class_name(self._handle, index).decode()
            for index in range(library.model_class_count(self._handle))
        )
        #: Whether the bundle tells how sure answers are: `Prediction.certainty`.
        self.tells_certainty = bool(library.model_tells_certainty(self._handle))
        #: Images that one run takes.
        self.batch: int = library.model_batch(self._handle)
        self.input_shape: Tuple[int, ...] = self._shape(library.model_input_shape)
        #: Inputs beside the image, and with how many numbers each.
        self.other_inputs: Dict[str, int] = {
            library.model_other_input_name(self._handle, index).decode(): library.model_other_input_size(
                self._handle, index
            )
            for index in range(library.model_other_input_count(self._handle))
        }
        self.outputs: Tuple[Tensor, ...] = tuple(
            Tensor(library.model_output_name(self._handle, index).decode(), self._shape(library.model_output_shape, index))
            for index in range(library.model_output_count(self._handle))
        )
        self._free: List[_Session] = []
        self._explaining: List[_Session] = []
        self._lock = threading.Lock()
        # One now, so that too many threads or too little memory show here and not at the first image.
        self._free.append(_Session(self))

    def _shape(self, function: Any, *index: int) -> Tuple[int, ...]:
        dimensions = (ctypes.c_size_t * 8)()
        count = function(self._handle, *index, dimensions, len(dimensions))
        return tuple(dimensions[:count])

    # -------------------------------------------------------------------------------------------- predictions

    @overload
    def predict(
        self, image: "Image", *, inputs: Optional[Mapping[str, Any]] = None, format: Optional[str] = None
    ) -> Prediction: ...

    @overload
    def predict(
        self,
        image: "Images",
        *,
        inputs: Optional[Sequence[Mapping[str, Any]]] = None,
        format: Optional[str] = None,
        workers: int = 1,
    ) -> List[Prediction]: ...

    def predict(
        self, image: Any, *, inputs: Any = None, format: Optional[str] = None, workers: int = 1
    ) -> Any:
        """What the model says of an image, or of each of a list.

        Args:
            image: a path of an image file; the bytes of one; a PIL image; an array of pixels, [H, W], [H, W, 3] or
                [H, W, 4] of uint8; or the input as numbers, an array of `input_shape` of floats. Pixels are prepared as
                the bundle says, numbers taken as they are. A list of these gives a list, and so do the numbers of all
                of a batch where a model has one of several.
            inputs: numbers of each input beside the image, by name; of a list one mapping for each.
            format: how the pixels of arrays lie: "rgb", "bgr", "rgba", "bgra" or "gray". Three channels are taken for
                RGB and four for RGBA unless it is given. Alpha is dropped.
            workers: how many runs of a list go on at the same time.

        Raises:
            DermError: an image cannot be read, or does not fit the model.
        """
        return self._each(image, inputs, format, workers, _Session.prediction)

    @overload
    def run(
        self, image: "Image", *, inputs: Optional[Mapping[str, Any]] = None, format: Optional[str] = None
    ) -> "Dict[str, Array]": ...

    @overload
    def run(
        self,
        image: "Images",
        *,
        inputs: Optional[Sequence[Mapping[str, Any]]] = None,
        format: Optional[str] = None,
        workers: int = 1,
    ) -> "List[Dict[str, Array]]": ...

    def run(
        self, image: Any, *, inputs: Any = None, format: Optional[str] = None, workers: int = 1
    ) -> Any:
        """The raw numbers of all outputs, by name (float32), of an image or each of a list, given as to `predict`."""
        return self._each(image, inputs, format, workers, _Session.outputs)

    def explain(
        self,
        image: "Image",
        *,
        label: Optional[Union[str, int]] = None,
        inputs: Optional[Mapping[str, Any]] = None,
        format: Optional[str] = None,
    ) -> Explanation:
        """Where the model looks for a class in an image: a map of its places (Grad-CAM).

        The first call reads the bundle again and takes more memory, which is kept.

        Args:
            image: as to `predict`.
            label: the class, by name or number; the one decided for unless given, of several labels the most probable.
            inputs: as to `predict`.
            format: as to `predict`.

        Raises:
            DermError: no map can be made of the model, or as `predict`.
            ValueError: there is no such class.
        """
        index = label if isinstance(label, int) else -1
        if isinstance(label, str):
            if label not in self.labels:
                raise ValueError(f"there is no class {label!r}; there are {', '.join(self.labels[:20])}")
            index = self.labels.index(label)
        elif label is not None and not 0 <= index < len(self.labels):
            raise ValueError(f"there is no class {label!r}; there are {len(self.labels)}")
        with self._session(explains=True) as session:
            session.write(image, 0, format)
            session.write_others([inputs or {}])
            library.session_run(session.handle)
            return session.explanation(index)

    def preprocess(self, image: "Union[Image, Images]", *, format: Optional[str] = None) -> "Array":
        """What the network sees of an image: float32, [1, ...] as `input_shape` says; of a list [n, ...].

        These are the numbers before they are quantized, where a model's input is int8. `run` and `predict` answer to
        them what they answer to the image, to the last bit; another framework can be given them, too.

        Args:
            image: as to `predict`, but no numbers.
            format: as to `predict`.

        Raises:
            DermError: an image cannot be read, or the bundle does not say how images become inputs.
        """
        images = list(image) if isinstance(image, (list, tuple)) else [image]
        result = numpy.empty((len(images), *self.input_shape[1:]), dtype=numpy.float32)
        for numbers, each in zip(result, images):
            given = _given(each, format)
            call = getattr(library, f"model_preprocess_{given.kind}")
            call(self._handle, *given.arguments, numbers.ctypes.data, numbers.size)
        return result

    def _each(self, image: Any, inputs: Any, format: Optional[str], workers: int, answer: Any) -> Any:
        if not isinstance(image, (list, tuple)):
            if self.batch > 1 and _is_numbers(image):
                return self._together([image] * self.batch, [inputs or {}], format, answer)
            return self._together([image], [inputs or {}], format, answer)[0]
        images = list(image)
        others = [{}] * len(images) if inputs is None else list(inputs)
        if len(others) != len(images):
            raise ValueError(f"{len(images)} images are given, but inputs of {len(others)}")
        groups = [slice(start, start + self.batch) for start in range(0, len(images), self.batch)]

        def results(group: slice) -> List[Any]:
            return self._together(images[group], others[group], format, answer)

        if workers > 1:
            import concurrent.futures

            with concurrent.futures.ThreadPoolExecutor(workers) as pool:
                found = list(pool.map(results, groups))
        else:
            found = [results(group) for group in groups]
        return [result for group in found for result in group]

    def _together(self, images: List[Any], others: List[Any], format: Optional[str], answer: Any) -> List[Any]:
        """Of at most as many images as one run takes. The rest of a batch are copies of the last."""
        with self._session() as session:
            for position in range(self.batch):
                session.write(images[min(position, len(images) - 1)], position, format)
            session.write_others(others)
            library.session_run(session.handle)
            return [answer(session, position) for position in range(len(images))]

    @contextlib.contextmanager
    def _session(self, explains: bool = False) -> "Iterator[_Session]":
        free = self._explaining if explains else self._free
        with self._lock:
            session = free.pop() if free else None
        session = session or _Session(self, explains)
        try:
            yield session
        finally:
            with self._lock:
                free.append(session)

    # ------------------------------------------------------------------------------------------------ display

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.input_shape))
        return f"<dermc.Model {self.path.name}: {self.task}, {len(self.labels)} classes, input {shape}>"

    def _repr_html_(self) -> str:
        return _html.model(self)


@dataclasses.dataclass(frozen=True)
class _Given:
    """An image as the library takes it: which of its functions, and with what."""

    kind: str
    arguments: Tuple[Any, ...]
    #: What the arguments point to.
    owner: Any = None


def _is_numbers(image: Any) -> bool:
    return isinstance(image, numpy.ndarray) and numpy.issubdtype(image.dtype, numpy.floating)


def _given(image: Any, format: Optional[str]) -> _Given:
    if isinstance(image, (str, os.PathLike)):
        return _Given("image_file", (os.fsencode(image),))
    if isinstance(image, (bytes, bytearray)):
        return _Given("image_bytes", (bytes(image), len(image)))
    if isinstance(image, numpy.ndarray):
        if image.dtype != numpy.uint8:
            raise TypeError(f"an array of {image.dtype}: pixels are uint8, inputs are floats")
        return _pixels(image, format)
    if hasattr(image, "convert") and hasattr(image, "mode"):
        if image.mode not in ("L", "RGB", "RGBA"):
            image = image.convert("RGB")
        return _pixels(numpy.asarray(image), None)
    raise TypeError(f"an image is a path, bytes, a PIL image or an array, not {type(image).__name__}")


def _pixels(image: "Array", format: Optional[str]) -> _Given:
    channels = 1 if image.ndim == 2 else image.shape[2] if image.ndim == 3 else 0
    if channels not in (1, 3, 4):
        raise ValueError(f"pixels of shape {image.shape}: expected [H, W], [H, W, 3] or [H, W, 4]")
    name = format or {1: "gray", 3: "rgb", 4: "rgba"}[channels]
    if name not in PIXEL_FORMATS or {"gray": 1}.get(name, len(name)) != channels:
        raise ValueError(f"format {name!r} of pixels of {channels} channels: one of {', '.join(PIXEL_FORMATS)}")
    # Rows may lie apart, what is in them may not.
    if image.strides[1] != channels or image.ndim == 3 and image.strides[2] != 1 or image.strides[0] < 0:
        image = numpy.ascontiguousarray(image)
    height, width = image.shape[:2]
    pixels = Pixels(format=PIXEL_FORMATS[name], width=width, height=height)
    pixels.planes[0] = image.ctypes.data
    pixels.strides[0] = image.strides[0] if height > 1 else 0
    return _Given("pixels", (ctypes.byref(pixels),), image)


class _Session:
    """The memory of one run, used by one thread at a time."""

    def __init__(self, model: Model, explains: bool = False) -> None:
        handle = ctypes.c_void_p()
        opening = library.session_open_explaining if explains else library.session_open
        opening(model._handle, model.threads, ctypes.byref(handle))
        self.handle = handle.value
        self._closing = weakref.finalize(self, library.session_close, self.handle)
        self.task, self.labels, self.batch = model.task, model.labels, model.batch
        self.tells_certainty = model.tells_certainty
        self.input_shape, self.other_inputs, self.tensors = model.input_shape, model.other_inputs, model.outputs

    def write(self, image: Any, position: int, format: Optional[str]) -> None:
        if _is_numbers(image):
            self._write_numbers(image)
        else:
            given = _given(image, format)
            getattr(library, f"session_write_{given.kind}")(self.handle, position, *given.arguments)

    def _write_numbers(self, numbers: "Array") -> None:
        if self.batch > 1 and numbers.shape != self.input_shape:
            raise ValueError(f"an array of shape {numbers.shape}: the input is {self.input_shape}, all of a batch")
        if tuple(numbers.shape) not in (self.input_shape, self.input_shape[1:]):
            raise DermError(
                Status.INPUT_DOES_NOT_FIT, f"an array of shape {numbers.shape}, the input is {self.input_shape}"
            )
        numbers = numpy.ascontiguousarray(numbers, dtype=numpy.float32)
        library.session_write_numbers(self.handle, numbers.ctypes.data, numbers.size)

    def write_others(self, others: Sequence[Mapping[str, Any]]) -> None:
        """Of a batch one after the other; where there are fewer than it has, copies of the last."""
        names = {name: None for mapping in others for name in mapping}
        for name in names:
            rows = [numpy.asarray(mapping.get(name, ()), dtype=numpy.float32).ravel() for mapping in others]
            rows += [rows[-1]] * (self.batch - len(rows))
            numbers = numpy.ascontiguousarray(numpy.concatenate(rows))
            library.session_write_input(self.handle, name.encode(), numbers.ctypes.data, numbers.size)

    def prediction(self, position: int) -> Prediction:
        if not self.labels:
            return Prediction(self.task, ())
        classes = (Class * len(self.labels))()
        count = ctypes.c_size_t()
        library.session_top(self.handle, position, classes, len(classes), ctypes.byref(count))
        return Prediction(
            self.task,
            tuple(
                Scored(self.labels[scored.index], scored.index, scored.probability, bool(scored.is_decided))
                for scored in classes[: count.value]
            ),
            self._certainty(position) if self.tells_certainty else None,
        )

    def _certainty(self, position: int) -> Certainty:
        found, count, distance = _library.Certainty(), ctypes.c_size_t(), ctypes.c_double()
        library.session_certainty(self.handle, position, ctypes.byref(found))
        library.session_distance(self.handle, position, ctypes.byref(distance))
        indices = (ctypes.c_int32 * len(self.labels))()
        library.session_set(self.handle, position, indices, len(indices), ctypes.byref(count))
        probabilities = (ctypes.c_double * len(self.labels))()
        library.session_calibrated_probabilities(self.handle, position, probabilities, len(probabilities))
        return Certainty(
            bool(found.abstains),
            found.why.decode(errors="replace"),
            tuple(self.labels[index] for index in indices[: count.value]),
            tuple(probabilities),
            found.confidence,
            None if math.isnan(found.energy) else found.energy,
            None if math.isnan(distance.value) else distance.value,
        )

    def explanation(self, index: int) -> Explanation:
        found = _library.Explanation()
        library.session_explain(self.handle, index, None, 0, ctypes.byref(found))
        values = numpy.empty((found.height, found.width), dtype=numpy.float32)
        library.session_explain(self.handle, found.index, values.ctypes.data, values.size, ctypes.byref(found))
        return Explanation(
            self.labels[found.index],
            found.index,
            found.method.decode(),
            values,
            (found.grid_height, found.grid_width),
            found.peak,
        )

    def outputs(self, position: int) -> "Dict[str, Array]":
        return {tensor.name: self._output(index, tensor, position) for index, tensor in enumerate(self.tensors)}

    def _output(self, index: int, tensor: Tensor, position: int) -> "Array":
        numbers, count = ctypes.POINTER(ctypes.c_float)(), ctypes.c_size_t()
        library.session_output(self.handle, index, ctypes.byref(numbers), ctypes.byref(count))
        if not count.value:
            return numpy.empty(tensor.shape, dtype=numpy.float32)
        array = numpy.ctypeslib.as_array(numbers, (count.value,)).reshape(tensor.shape)
        # A copy: the memory is the session's, and written again by the next run.
        return (array[position : position + 1] if self.batch > 1 else array).copy()


def _key(key: "Path") -> bytes:
    """The text of a PEM file."""
    if isinstance(key, str) and key.lstrip().startswith("-----BEGIN"):
        return key.encode()
    return pathlib.Path(key).read_bytes()
