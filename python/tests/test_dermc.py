"""The installed package, on the project's fixtures: scripts/check-python runs it."""

import concurrent.futures
import json
import pathlib
import pickle
import shutil
import subprocess
import sys
import tempfile
import unittest

import numpy

import dermc
from dermc import _program, reports

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"
IMAGES = sorted((FIXTURES / "images/eval").glob("*/00[0-3].jpg"))
PREPROCESS = FIXTURES / "preprocess.json"

try:
    import PIL.Image
except ImportError:
    PIL = None
try:
    import onnxruntime
except ImportError:
    onnxruntime = None


class Bundles(unittest.TestCase):
    """Bundles of the fixtures, compiled once for all tests."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.int8 = cls.folder / "int8.derm"
        cls.report = dermc.compile(
            FIXTURES / "lesion_mobilenet.onnx", cls.int8, calib=FIXTURES / "images/calib",
            eval=FIXTURES / "images/eval", preprocess=PREPROCESS, effort="fast",
        )
        cls.float = cls.folder / "float.derm"
        dermc.compile(FIXTURES / "lesion_cnn.onnx", cls.float, int8=False, preprocess=PREPROCESS)


class CertaintyTests(Bundles):
    def test_tells_how_sure_answers_are(self) -> None:
        path = self.folder / "certain.derm"
        dermc.compile(
            FIXTURES / "lesion_cnn.onnx", path, int8=False, preprocess=PREPROCESS,
            calibrate_probabilities=FIXTURES / "images/calib",
        )
        model = dermc.Model(path)
        self.assertTrue(model.tells_certainty)
        rows = _program.document(["run", path, IMAGES[0].parent])
        said = {row["input"]: row["certainty"] for row in rows}
        for image in (image for image in IMAGES if image.parent == IMAGES[0].parent):
            prediction = model.predict(image)
            found, expected = prediction.certainty, said[image.name]
            self.assertEqual(found.set, tuple(expected["set"]))
            self.assertEqual((found.abstains, found.why), (expected["abstains"], "; ".join(expected["why"])))
            self.assertEqual(found.probabilities, tuple(expected["probabilities"]))
            self.assertEqual((found.confidence, found.energy), (expected["confidence"], expected["energy"]))
            self.assertEqual(found.abstains, bool(found.why))
            self.assertIsNone(found.distance)
        distant = self.folder / "distant.derm"
        dermc.compile(
            FIXTURES / "lesion_cnn.onnx", distant, int8=False, preprocess=PREPROCESS,
            calibrate_probabilities=FIXTURES / "images/calib", unlike="mahalanobis",
        )
        (row,) = _program.document(["run", distant, IMAGES[0]])
        self.assertEqual(dermc.Model(distant).predict(IMAGES[0]).certainty.distance, row["certainty"]["distance"])
        plain = dermc.Model(self.float)
        self.assertFalse(plain.tells_certainty)
        self.assertIsNone(plain.predict(IMAGES[0]).certainty)


class ExplanationTests(Bundles):
    def test_maps_are_those_of_the_program(self) -> None:
        model = dermc.Model(self.int8)
        path, output = IMAGES[0], self.folder / "map.npy"
        for label in (None, "nv", 2):
            words = [] if label is None else ["--class", str(label)]
            (row,) = _program.document(["run", self.int8, path, "--explain", output, *words])
            said, found = row["explanation"], model.explain(path, label=label)
            self.assertEqual(numpy.load(output).tobytes(), found.map.tobytes())
            self.assertEqual(found.map.shape, (96, 96))
            self.assertEqual((found.label, found.index), (said["class"], said["index"]))
            self.assertEqual((found.method, list(found.grid)), (said["method"], said["grid"]))
            self.assertEqual(found.peak, said["peak"]["value"] if said["peak"] else 0)
        for label in ("eczema", 7, -1):
            with self.assertRaisesRegex(ValueError, "no class"):
                model.explain(path, label=label)


class ModelTests(Bundles):
    def setUp(self) -> None:
        self.model = dermc.Model(self.int8)

    def test_answers_are_those_of_the_program(self) -> None:
        images = self.folder / "images"
        images.mkdir()
        for path in IMAGES:
            shutil.copy(path, images / f"{path.parent.name}-{path.name}")
        paths = sorted(images.iterdir())
        for bundle in (self.int8, self.float):
            model = dermc.Model(bundle)
            output = self.folder / "outputs.npy"
            ran = _program.run(["run", bundle, images, "--json", "--output", output, "--quiet"])
            numbers = numpy.load(output)
            predictions, outputs = model.predict(paths), model.run(paths)
            answers = json.loads(ran.stdout)
            self.assertEqual([answer["input"] for answer in answers], [path.name for path in paths])
            for index, said in enumerate(answers):
                self.assertEqual([predictions[index].label], said["decided"])
                for top, scored in zip(said["top"], predictions[index].top(len(said["top"]))):
                    self.assertEqual(top["class"], scored.label)
                    self.assertEqual(top["probability"], scored.probability)
                (values,) = outputs[index].values()
                self.assertEqual(numbers[index].ravel().tobytes(), values.tobytes())

    def test_forms_of_an_image_agree(self) -> None:
        path = IMAGES[0]
        expected = self.model.predict(path)
        self.assertEqual(expected, self.model.predict(str(path)))
        self.assertEqual(expected, self.model.predict(path.read_bytes()))
        self.assertEqual([expected, expected], self.model.predict([path, str(path)]))
        if PIL is None:
            self.skipTest("Pillow is not there")
        image = PIL.Image.open(path)
        self.assertEqual(expected, self.model.predict(image))
        pixels = numpy.array(image.convert("RGB"))
        self.assertEqual(expected, self.model.predict(pixels))
        self.assertEqual(expected, self.model.predict(pixels[:, :, ::-1], format="bgr"))
        self.assertEqual(expected, self.model.predict(numpy.array(image.convert("RGBA"))))
        # Rows that lie apart, columns that lie apart, and the other way round.
        wide = numpy.zeros((pixels.shape[0], pixels.shape[1] + 5, 3), dtype=numpy.uint8)
        wide[:, 2:-3] = pixels
        self.assertEqual(expected, self.model.predict(wide[:, 2:-3]))
        self.assertEqual(expected, self.model.predict(numpy.asfortranarray(pixels)))
        self.assertEqual(expected, self.model.predict(numpy.ascontiguousarray(pixels[::-1])[::-1]))
        gray = numpy.array(image.convert("L"))
        self.assertEqual(self.model.predict(gray), self.model.predict(numpy.stack([gray] * 3, axis=2)))

    def test_numbers_are_taken_as_they_are(self) -> None:
        numbers = numpy.random.default_rng(7).normal(size=self.model.input_shape)
        (name,) = (tensor.name for tensor in self.model.outputs)
        expected = self.model.run(numbers.astype(numpy.float32))[name]
        self.assertEqual(expected.shape, self.model.outputs[0].shape)
        numpy.testing.assert_array_equal(expected, self.model.run(numbers)[name])
        numpy.testing.assert_array_equal(expected, self.model.run(numbers[0])[name])
        other = self.model.run(numpy.zeros(self.model.input_shape, dtype=numpy.float32))[name]
        self.assertFalse(numpy.array_equal(expected, other))

    def test_what_the_network_sees(self) -> None:
        """As dermc prepares it, and as a training does."""
        for bundle in (self.int8, self.float):
            model = dermc.Model(bundle)
            seen = model.preprocess(IMAGES[0])
            self.assertEqual((seen.shape, seen.dtype), (model.input_shape, numpy.float32))
            self.assertEqual(model.run(seen)["logits"].tobytes(), model.run(IMAGES[0])["logits"].tobytes())
            numpy.save(self.folder / "seen.npy", seen)
            answers = []
            for given in (IMAGES[0], self.folder / "seen.npy"):
                _program.run(["run", bundle, given, "--output", self.folder / "answer.npy", "--quiet"])
                answers.append(numpy.load(self.folder / "answer.npy").tobytes())
            self.assertEqual(answers, [model.run(seen)["logits"].tobytes()] * 2)
            numpy.testing.assert_array_equal(seen, model.preprocess(IMAGES[0].read_bytes()))
            both = model.preprocess(IMAGES[:2])
            numpy.testing.assert_array_equal(both, numpy.concatenate([seen, model.preprocess(str(IMAGES[1]))]))
        for wrong in (seen, 17):
            with self.assertRaises(TypeError):
                self.model.preprocess(wrong)
        with self.assertRaises(dermc.DermError) as caught:
            self.model.preprocess(b"nonsense")
        self.assertEqual(caught.exception.status, dermc.Status.UNREADABLE_IMAGE)
        if PIL is None:
            self.skipTest("Pillow is not there")
        image = PIL.Image.open(IMAGES[0])
        self.assertEqual(image.size, (96, 96))
        numpy.testing.assert_array_equal(seen, self.model.preprocess(image))
        numpy.testing.assert_array_equal(seen, self.model.preprocess(numpy.array(image)[:, :, ::-1], format="bgr"))
        stored = json.loads(PREPROCESS.read_text())
        expected = (numpy.array(image) / 255 - stored["mean"]) / stored["std"]
        numpy.testing.assert_allclose(seen[0], expected.transpose(2, 0, 1), rtol=1e-6, atol=1e-6)

    def test_threads_share_a_model(self) -> None:
        expected = self.model.predict(IMAGES)
        self.assertEqual(expected, self.model.predict(IMAGES, workers=4))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for answers in pool.map(lambda _: self.model.predict(IMAGES), range(8)):
                self.assertEqual(expected, answers)
        self.assertEqual(expected, dermc.Model(self.int8, threads=2).predict(IMAGES))

    def test_what_a_prediction_says(self) -> None:
        prediction = self.model.predict(IMAGES[0])
        self.assertEqual(self.model.labels, ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc"))
        self.assertAlmostEqual(prediction.probabilities.sum(), 1, places=6)
        self.assertEqual(prediction.probabilities.argmax(), prediction.decision.index)
        self.assertEqual(prediction.label, self.model.labels[prediction.decision.index])
        self.assertEqual(len(prediction.top(3)), 3)
        self.assertIn(f"<b>{prediction.label}</b>", prediction._repr_html_())
        self.assertIn("int8.derm", self.model._repr_html_())
        self.assertIn("multiclass", repr(self.model))

    def test_several_inputs(self) -> None:
        bundle = self.folder / "metadata.derm"
        dermc.compile(
            FIXTURES / "answers/metadata.onnx", bundle, int8=False, preprocess=FIXTURES / "answers/preprocess.json"
        )
        model = dermc.Model(bundle)
        ((name, count),) = model.other_inputs.items()
        some, others = ({name: numpy.full(count, value)} for value in (0.0, 1.0))
        self.assertNotEqual(model.predict(IMAGES[0], inputs=some), model.predict(IMAGES[0], inputs=others))
        both = model.predict([IMAGES[0]] * 2, inputs=[some, others])
        self.assertEqual(both, [model.predict(IMAGES[0], inputs=given) for given in (some, others)])
        for wrong in (None, {name: [1.0] * (count + 1)}, {"nonsense": [1.0]}):
            with self.assertRaises(dermc.DermError) as caught:
                model.predict(IMAGES[0], inputs=wrong)
            self.assertEqual(caught.exception.status, dermc.Status.INPUT_DOES_NOT_FIT)
        with self.assertRaises(ValueError):
            model.predict([IMAGES[0]] * 2, inputs=[some])

    def test_labels_that_are_decided_each_by_itself(self) -> None:
        bundle = self.folder / "traits.derm"
        dermc.compile(
            FIXTURES / "answers/traits_logits.onnx", bundle, int8=False, preprocess=FIXTURES / "answers/preprocess.json",
            task="multilabel",
        )
        prediction = dermc.Model(bundle).predict(IMAGES[0])
        self.assertIsNone(prediction.label)
        self.assertEqual(
            {scored.index for scored in prediction.decided}, set(numpy.flatnonzero(prediction.probabilities >= 0.5))
        )

    def test_errors_say_what_is_wrong(self) -> None:
        damaged = self.folder / "damaged.derm"
        content = bytearray(self.int8.read_bytes())
        content[len(content) // 2] ^= 1
        damaged.write_bytes(content)
        for path, options, status, words in (
            (self.folder / "missing.derm", {}, dermc.Status.UNREADABLE_FILE, "No such file"),
            (IMAGES[0], {}, dermc.Status.NOT_A_BUNDLE, "not a .derm bundle"),
            (damaged, {}, dermc.Status.DAMAGED, "SHA-256"),
            (self.int8, {"threads": 0}, dermc.Status.INVALID_THREADS, "1 to 256"),
            (self.int8, {"maximum_bytes": 1000}, dermc.Status.MEMORY_LIMIT, "1000"),
            (self.int8, {"public_keys": [IMAGES[0]]}, dermc.Status.INVALID_KEY, "key"),
        ):
            with self.subTest(path=path.name, **options), self.assertRaises(dermc.DermError) as caught:
                dermc.Model(path, **options)
            self.assertEqual(caught.exception.status, status, str(caught.exception))
            self.assertIn(words, str(caught.exception))
            again = pickle.loads(pickle.dumps(caught.exception))
            self.assertEqual((again.status, str(again)), (status, str(caught.exception)))
        for image, error, words in (
            (self.folder / "missing.jpg", dermc.DermError, "No such file"),
            (b"nonsense", dermc.DermError, "not an image"),
            (numpy.zeros((4, 4, 2), dtype=numpy.uint8), ValueError, "expected"),
            (numpy.zeros((0, 4, 3), dtype=numpy.uint8), dermc.DermError, "0"),
            (numpy.zeros((4, 4), dtype=numpy.int64), TypeError, "uint8"),
            (numpy.zeros((1, 3, 4, 4), dtype=numpy.float32), dermc.DermError, "the input is"),
            (numpy.full(self.model.input_shape, numpy.nan, dtype=numpy.float32), dermc.DermError, "nan"),
            (17, TypeError, "int"),
        ):
            with self.assertRaises(error) as caught:
                self.model.predict(image)
            self.assertIn(words, str(caught.exception))
        with self.assertRaises(ValueError):
            self.model.predict(numpy.zeros((4, 4, 3), dtype=numpy.uint8), format="rgba")
        # What failed leaves nothing behind.
        self.assertEqual(self.model.predict(IMAGES[0]), dermc.Model(self.int8).predict(IMAGES[0]))

    @unittest.skipUnless(onnxruntime, "ONNX Runtime is not there")
    def test_float_answers_are_those_of_onnx_runtime(self) -> None:
        session = onnxruntime.InferenceSession(FIXTURES / "lesion_cnn.onnx", providers=["CPUExecutionProvider"])
        model = dermc.Model(self.float)
        random = numpy.random.default_rng(11)
        for _ in range(8):
            numbers = random.normal(size=model.input_shape).astype(numpy.float32)
            (expected,) = session.run(None, {session.get_inputs()[0].name: numbers})
            (found,) = model.run(numbers).values()
            numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


class CommandTests(Bundles):
    def test_reports_are_the_files(self) -> None:
        written = json.loads(self.int8.with_suffix(".report.json").read_text())
        report = self.report
        self.assertEqual(report.json, written)
        self.assertEqual(report.bundle.bytes, self.int8.stat().st_size)
        self.assertEqual(sum(section.stored_bytes for section in report.bundle.sections) + report.bundle.container_bytes, report.bundle.bytes)
        self.assertEqual(report.accuracy.samples, 210)
        self.assertEqual(report.accuracy.deltas.per_class[4].name, "mel")
        self.assertEqual(report.accuracy.float_.top1, written["accuracy"]["float"]["top1"])
        self.assertGreater(report.ratio, 3)
        self.assertEqual(len(report.layers), len(written["layers"]))
        page = report._repr_html_()
        for words in ("lesion_mobilenet.onnx", "times smaller", "mel", "agreement"):
            self.assertIn(words, page)

    def test_evaluation(self) -> None:
        measured = dermc.evaluate(self.int8, FIXTURES / "images/eval", against=FIXTURES / "lesion_mobilenet.onnx")
        self.assertEqual(measured.samples, 210)
        self.assertEqual(measured.top1, self.report.accuracy.compiled.top1)
        self.assertEqual(measured.comparison.agreement, self.report.accuracy.agreement)
        self.assertIn("vasc", measured._repr_html_())

    def test_stats(self) -> None:
        counted = dermc.stats(FIXTURES / "lesion_cnn.onnx")
        self.assertEqual(counted.parameters, counted.json["parameters"])
        self.assertEqual(counted.inputs[0].shape, counted.json["inputs"][0]["shape"])
        self.assertEqual(sum(layer.macs for layer in counted.layers), counted.macs)

    def test_gate(self) -> None:
        kept = dermc.gate(self.report, {"min_agreement": 0.5})
        self.assertTrue(kept and kept.passed and kept.lines)
        broken = dermc.gate(self.int8.with_suffix(".report.json"), {"max_bundle_bytes": 1})
        self.assertFalse(broken)
        self.assertTrue(any("max_bundle_bytes" in line for line in broken.lines))
        with self.assertRaises(dermc.CommandError) as caught:
            dermc.gate(self.report, {"nonsense": 1})
        self.assertEqual(caught.exception.exit_code, 3)
        self.assertIn("nonsense", str(caught.exception))

    def test_gate_against_an_earlier_build(self) -> None:
        earlier = dermc.read_report(self.int8.with_suffix(".report.json"))
        budget = {"against_baseline": {"max_bundle_bytes": 0.01}}
        for baseline in (earlier, self.int8.with_suffix(".report.json")):
            self.assertTrue(dermc.gate(earlier, budget, baseline=baseline))
        larger = dict(earlier.json, bundle=dict(earlier.json["bundle"], bytes=2 * earlier.json["bundle"]["bytes"]))
        grown = dermc.gate(type(earlier).read(larger), budget, baseline=earlier)
        self.assertFalse(grown)
        self.assertTrue(any("against_baseline.max_bundle_bytes" in line for line in grown.lines))
        # Without a baseline the change is not known, which is no pass.
        self.assertFalse(dermc.gate(earlier, budget))
        other = dict(earlier.json, source=dict(earlier.json["source"], file="other.onnx"))
        with self.assertRaises(dermc.CommandError) as caught:
            dermc.gate(earlier, budget, baseline=type(earlier).read(other))
        self.assertEqual(caught.exception.exit_code, 3)
        self.assertTrue(dermc.gate(earlier, budget, baseline=type(earlier).read(other), other_model=True))

    def test_errors_are_the_program_s(self) -> None:
        with self.assertRaises(dermc.CommandError) as caught:
            dermc.compile(self.folder / "missing.onnx", self.folder / "out.derm", int8=False)
        self.assertIn("missing.onnx", str(caught.exception))
        with self.assertRaises(dermc.CommandError) as caught:
            dermc.compile(FIXTURES / "lesion_cnn.onnx", self.folder / "out.derm")
        self.assertIn("--calib", str(caught.exception))
        self.assertFalse((self.folder / "out.derm").exists())

    def test_the_command_is_the_program(self) -> None:
        by_name = subprocess.run([sys.executable, "-m", "dermc", "--version"], capture_output=True, text=True)
        direct = subprocess.run([_program.path(), "--version"], capture_output=True, text=True)
        self.assertEqual((by_name.stdout, by_name.returncode), (direct.stdout, 0))
        self.assertEqual(direct.stdout.strip(), dermc.__version__)

    def test_json_of_another_version_is_refused(self) -> None:
        document = {key: value for key, value in self.report.json.items() if key != "compiled"}
        with self.assertRaisesRegex(ValueError, "no compiled"):
            reports.Report.read(document)


if __name__ == "__main__":
    unittest.main()
