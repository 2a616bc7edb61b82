"""What every door to the runtime is asked, asked in Python: the cases of fixtures/doors, whose README says how they are read.

Turns and crops, which arrays have of their own, are numpy's here. Camera planes only the other doors take.
"""

import pathlib
import tempfile
import unittest
from typing import Any, Iterator, List, Tuple

import numpy

import dermc

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOORS = ROOT / "fixtures/doors"
CHANNELS = {"gray": 1, "rgb": 3, "bgr": 3, "rgba": 4, "bgra": 4}
RESULTS = ("input", "output", "decided", "refused", "sure", "set", "answers", "abstains")


def cases() -> Iterator[Tuple[str, List[List[str]], List[str]]]:
    """The name of each case, the words of its lines, and the lines that say what came of it."""
    for block in (DOORS / "cases.txt").read_text().split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            given = [line.split() for line in lines[1:]]
            yield (
                lines[0][len("case ") :],
                [words for words in given if words[0] not in RESULTS],
                [line for line, words in zip(lines[1:], given) if words[0] in RESULTS],
            )


def digest(arrays: Any) -> str:
    """FNV-1a of 64 bits over floats."""
    value = 14695981039346656037
    for array in arrays:
        for byte in numpy.ascontiguousarray(array, dtype="<f4").tobytes():
            value = (value ^ byte) * 1099511628211 % 2**64
    return f"{value:016x}"


def numbers(count: str, kind: str = "") -> Any:
    index = numpy.arange(int(count))
    if kind == "large":
        return numpy.where(index % 2, numpy.float32(-3e38), numpy.float32(3e38))
    values = ((index * 37 % 101 - 50) / 32).astype(numpy.float32)
    if kind == "nan":
        values[-1] = numpy.nan
    return values


def pixels(words: List[str]) -> Any:
    """An array of pixels, whose rows may lie apart."""
    channels, width, height = CHANNELS[words[0]], int(words[1]), int(words[2])
    stride, turn, crop = width * channels, 0, (slice(None), slice(None))
    rest = iter(words[3:])
    for word in rest:
        if word == "stride":
            stride = int(next(rest))
        elif word == "turn":
            turn = int(next(rest))
        else:
            x, y, crop_width, crop_height = (int(next(rest)) for _ in range(4))
            crop = (slice(y, y + crop_height), slice(x, x + crop_width))
    index = numpy.arange(stride * height, dtype=numpy.uint64)
    block = (index // numpy.uint64(7) + numpy.uint64(1)) * numpy.uint64(2654435761) >> numpy.uint64(9)
    shape, strides = ((height, width), (stride, 1)) if channels == 1 else ((height, width, channels), (stride, channels, 1))
    array = numpy.ndarray(shape, numpy.uint8, block.astype(numpy.uint8), strides=strides)
    return numpy.rot90(array[crop], -turn // 90)


class DoorTests(unittest.TestCase):
    def test_python_answers_as_every_door_does(self) -> None:
        answered = 0
        for name, given, expected in cases():
            # Arrays have no camera planes, and no pixels that they do not have.
            if any(words[0] == "pixels" and (words[1] not in CHANNELS or "refused" in expected[0]) for words in given):
                continue
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                try:
                    found = self.answer(given, pathlib.Path(folder))
                except dermc.DermError as error:
                    found = [f"refused {error.status.name.lower().replace('_', ' ')}"]
                self.assertEqual(found, expected)
            answered += 1
        self.assertGreater(answered, 40)

    def answer(self, given: List[List[str]], folder: pathlib.Path) -> List[str]:
        path, options = DOORS, {}
        images: List[Any] = []
        others, format = {}, None
        for word, *words in given:
            if word == "bundle":
                path = DOORS / words[0]
                if words[1:]:
                    content, place = bytearray(path.read_bytes()), int(words[2])
                    if words[1] == "cut":
                        del content[place:]
                    else:
                        content[place] ^= 1
                    path = folder / "changed.derm"
                    path.write_bytes(content)
            elif word == "limit":
                options["maximum_bytes"] = int(words[0])
            elif word == "threads":
                options["threads"] = int(words[0])
            elif word == "key":
                options["public_keys"] = [DOORS / words[0]]
            elif word == "other":
                others[words[0]] = numbers(*words[1:])
            elif word == "file":
                images.append(ROOT / words[0])
            elif word == "bytes":
                content = (ROOT / words[0]).read_bytes()
                images.append(content[: int(words[1])] if words[1:] else content)
            elif word == "pixels":
                images.append(pixels(words))
                format = words[0]
            else:
                images.append(numbers(*words))
        model = dermc.Model(path, **options)
        (image,) = images
        found = []
        if given[-1][0] != "numbers":
            seen = model.preprocess(image, format=format)
            found.append(f"input {digest([seen])}")
            # What the network sees is the image.
            self.assertEqual(model.predict(seen, inputs=others), model.predict(image, inputs=others, format=format))
        elif image.size == numpy.prod(model.input_shape):
            image = image.reshape(model.input_shape)
        outputs = model.run(image, inputs=others, format=format)
        predictions = model.predict(image, inputs=others, format=format)
        if model.batch == 1:
            outputs, predictions = [outputs], [predictions]
        tensors = [tensor.name for tensor in model.outputs]
        found.append("output " + digest(row[tensor] for tensor in tensors for row in outputs))
        for prediction in predictions:
            labels = [scored.label for scored in sorted(prediction.decided, key=lambda scored: scored.index)]
            found.append(f"decided {', '.join(labels) or 'none'}")
            certainty = prediction.certainty
            self.assertEqual(certainty is not None, model.tells_certainty)
            if certainty is None:
                continue
            rest = [number for number in (certainty.energy, certainty.distance) if number is not None]
            found.append(f"sure {digest([[*certainty.probabilities, certainty.confidence, *rest]])}")
            found.append(f"set {', '.join(certainty.set) or 'none'}")
            found.append(f"abstains {certainty.why}" if certainty.abstains else "answers it")
        return found


if __name__ == "__main__":
    unittest.main()
