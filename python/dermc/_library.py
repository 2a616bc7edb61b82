"""libderm, as its header derm.h declares it, called through ctypes, which releases the GIL during each call."""

import ctypes
import enum
import os
import pathlib
from ctypes import POINTER, Structure, c_char, c_char_p, c_double, c_float, c_int, c_int32, c_size_t, c_uint32, c_uint64
from ctypes import c_void_p
from typing import Any, Callable, Dict, List, Tuple, Type

ABI_VERSION = 1


class Status(enum.IntEnum):
    """What went wrong, as derm.h numbers it."""

    INVALID_ARGUMENT = 1
    UNREADABLE_FILE = 2
    NOT_A_BUNDLE = 3
    UNSUPPORTED_VERSION = 4
    DAMAGED = 5
    UNTRUSTED = 6
    INVALID_KEY = 7
    UNSUPPORTED_MODEL = 8
    UNSUPPORTED_PROCESSOR = 9
    MEMORY_LIMIT = 10
    OUT_OF_MEMORY = 11
    INVALID_THREADS = 12
    INPUT_DOES_NOT_FIT = 13
    UNREADABLE_IMAGE = 14
    NOT_FINITE = 15
    IN_USE = 16


class DermError(RuntimeError):
    """A bundle, an image or an input that cannot be used; the message names it and says why."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> Tuple[Type["DermError"], Tuple[Status, str]]:
        return type(self), (self.status, str(self))


class Error(Structure):
    _fields_ = [("status", c_int), ("message", c_char * 1020)]


class OpenOptions(Structure):
    _fields_ = [
        ("size", c_size_t),
        ("maximum_bytes", c_uint64),
        ("public_keys", POINTER(c_char_p)),
        ("public_key_count", c_size_t),
    ]


class Pixels(Structure):
    _fields_ = [
        ("format", c_int),
        ("matrix", c_int),
        ("width", c_int32),
        ("height", c_int32),
        ("rotation", c_int32),
        ("crop_x", c_int32),
        ("crop_y", c_int32),
        ("crop_width", c_int32),
        ("crop_height", c_int32),
        ("planes", c_void_p * 3),
        ("strides", c_size_t * 3),
    ]


class Class(Structure):
    _fields_ = [("index", c_int32), ("is_decided", c_int32), ("probability", c_double), ("name", c_char_p)]


class Certainty(Structure):
    _fields_ = [("abstains", c_int32), ("confidence", c_double), ("energy", c_double), ("why", c_char * 488)]


class Explanation(Structure):
    _fields_ = [
        ("index", c_int32),
        ("height", c_int32),
        ("width", c_int32),
        ("grid_height", c_int32),
        ("grid_width", c_int32),
        ("peak", c_float),
        ("method", c_char * 16),
    ]


PIXEL_FORMATS = {"gray": 1, "rgb": 2, "bgr": 3, "rgba": 4, "bgra": 5}
TASKS = ("none", "multiclass", "binary", "multilabel")

# The result and the arguments of each function that does not fail.
_PLAIN: Dict[str, Tuple[Any, List[Any]]] = {
    "derm_abi_version": (c_uint32, []),
    "derm_model_close": (None, [c_void_p]),
    "derm_model_task": (c_int, [c_void_p]),
    "derm_model_class_count": (c_size_t, [c_void_p]),
    "derm_model_class_name": (c_char_p, [c_void_p, c_size_t]),
    "derm_model_batch": (c_size_t, [c_void_p]),
    "derm_model_input_shape": (c_size_t, [c_void_p, POINTER(c_size_t), c_size_t]),
    "derm_model_other_input_count": (c_size_t, [c_void_p]),
    "derm_model_other_input_name": (c_char_p, [c_void_p, c_size_t]),
    "derm_model_other_input_size": (c_size_t, [c_void_p, c_size_t]),
    "derm_model_output_count": (c_size_t, [c_void_p]),
    "derm_model_output_name": (c_char_p, [c_void_p, c_size_t]),
    "derm_model_output_shape": (c_size_t, [c_void_p, c_size_t, POINTER(c_size_t), c_size_t]),
    "derm_model_tells_certainty": (c_int32, [c_void_p]),
    "derm_session_close": (None, [c_void_p]),
}

# The arguments of each function that answers with a status; a pointer to an error comes last.
_FALLIBLE: Dict[str, List[Any]] = {
    "derm_model_open": [c_char_p, POINTER(OpenOptions), POINTER(c_void_p)],
    "derm_session_open": [c_void_p, c_int32, POINTER(c_void_p)],
    "derm_session_open_explaining": [c_void_p, c_int32, POINTER(c_void_p)],
    "derm_session_explain": [c_void_p, c_int32, c_void_p, c_size_t, POINTER(Explanation)],
    "derm_session_write_image_file": [c_void_p, c_size_t, c_char_p],
    "derm_session_write_image_bytes": [c_void_p, c_size_t, c_char_p, c_size_t],
    "derm_session_write_pixels": [c_void_p, c_size_t, POINTER(Pixels)],
    "derm_session_write_numbers": [c_void_p, c_void_p, c_size_t],
    "derm_session_write_input": [c_void_p, c_char_p, c_void_p, c_size_t],
    "derm_session_run": [c_void_p],
    "derm_session_top": [c_void_p, c_size_t, POINTER(Class), c_size_t, POINTER(c_size_t)],
    "derm_session_probabilities": [c_void_p, c_size_t, c_void_p, c_size_t],
    "derm_session_certainty": [c_void_p, c_size_t, POINTER(Certainty)],
    "derm_session_distance": [c_void_p, c_size_t, POINTER(c_double)],
    "derm_session_set": [c_void_p, c_size_t, POINTER(c_int32), c_size_t, POINTER(c_size_t)],
    "derm_session_calibrated_probabilities": [c_void_p, c_size_t, POINTER(c_double), c_size_t],
    "derm_session_output": [c_void_p, c_size_t, POINTER(POINTER(c_float)), POINTER(c_size_t)],
    "derm_model_preprocess_image_file": [c_void_p, c_char_p, c_void_p, c_size_t],
    "derm_model_preprocess_image_bytes": [c_void_p, c_char_p, c_size_t, c_void_p, c_size_t],
    "derm_model_preprocess_pixels": [c_void_p, POINTER(Pixels), c_void_p, c_size_t],
}


def _find() -> str:
    """The library in this package, or the one that DERM_LIBRARY names."""
    inside = pathlib.Path(__file__).with_name("lib") / f"libderm.so.{ABI_VERSION}"
    return os.environ.get("DERM_LIBRARY") or os.fspath(inside)


class _Library:
    """The functions of derm.h without their prefix. Those that can fail raise DermError instead."""

    def __init__(self) -> None:
        path = _find()
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            raise ImportError(
                f"libderm cannot be loaded: {error}; install a dermc wheel, or name the library in DERM_LIBRARY"
            ) from error
        self._functions: Dict[str, Callable[..., Any]] = {}
        for name, (result, arguments) in _PLAIN.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
            self._functions[name] = function
        found = self.abi_version()
        if found != ABI_VERSION:
            raise ImportError(f"{path} has version {found} of derm.h, dermc needs {ABI_VERSION}")
        for name, arguments in _FALLIBLE.items():
            function = getattr(library, name)
            function.restype, function.argtypes = c_int, [*arguments, POINTER(Error)]
            self._functions[name] = _raising(function)

    def __getattr__(self, name: str) -> Any:
        return self._functions[f"derm_{name}"]


def _raising(function: Callable[..., int]) -> Callable[..., None]:
    def call(*arguments: Any) -> None:
        error = Error()
        if function(*arguments, ctypes.byref(error)):
            raise DermError(Status(error.status), error.message.decode(errors="replace"))

    return call


library = _Library()
