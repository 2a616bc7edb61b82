"""Holds what dermc says of how sure answers are against scikit-learn, torchmetrics, SciPy and MAPIE.

    check-uncertainty.py DERMC FIXTURES FOLDER

Only logits that dermc exports are taken from it, and the classes that folders say; all else is computed anew and must be
equal to 1e-6: temperature, thresholds, sets, calibration error, Brier score, log loss, energy. Of distances, features
are computed of the activation that the model puts out beside its logits.
"""

import json
import pathlib
import subprocess
import sys

import numpy
import onnx
import scipy.optimize
import scipy.special
import sklearn.metrics
import torch
import torchmetrics.classification
from mapie.classification import SplitConformalClassifier
from mapie.conformity_scores.sets.aps import APSConformityScore
from mapie.conformity_scores.sets.raps import RAPSConformityScore
from mapie.utils import _compute_classification_quantile
from sklearn.calibration import calibration_curve
from sklearn.decomposition import PCA

DERMC, FIXTURES, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
FIT, REPORT = FIXTURES / "images/calib", FIXTURES / "images/eval"
CLASSES = sorted(path.name for path in FIT.iterdir() if path.is_dir())
MODEL = FOLDER / "model.derm"
compared = 0


def run(*arguments):
    return subprocess.run([DERMC, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def equal(name, found, expected):
    global compared
    found, expected = numpy.asarray(found, dtype=float), numpy.asarray(expected, dtype=float)
    compared += found.size
    if found.shape != expected.shape or not numpy.allclose(found, expected, rtol=1e-6, atol=1e-6):
        sys.exit(f"{name}: dermc has {found}, expected {expected}")


class Stated:
    """A classifier for MAPIE whose samples are their probabilities."""

    classes_ = numpy.arange(len(CLASSES))

    def fit(self, *_):
        return self

    def predict_proba(self, probabilities):
        return numpy.asarray(probabilities)

    def predict(self, probabilities):
        return numpy.argmax(probabilities, axis=1)

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression().__sklearn_tags__()

    def get_params(self, deep=True):
        return {}


def data(folder):
    rows = json.loads(run("run", MODEL, folder, "--json", "--output", FOLDER / "logits.npy"))
    logits = numpy.load(FOLDER / "logits.npy").astype(float)
    return logits, numpy.array([CLASSES.index(row["input"].split("/")[0]) for row in rows]), rows


def scores_of(method, sets, probabilities, labels):
    """The score of each right class, and of every class, by MAPIE's own functions."""
    if method == "lac":
        return 1 - probabilities[numpy.arange(len(labels)), labels], 1 - probabilities
    right, rank = APSConformityScore.get_true_label_cumsum_proba(labels, probabilities, Stated.classes_)
    every = numpy.empty_like(probabilities)
    for index in Stated.classes_:
        alike = numpy.full(len(labels), index)
        summed, ranks = APSConformityScore.get_true_label_cumsum_proba(alike, probabilities, Stated.classes_)
        if method == "raps":
            summed = RAPSConformityScore._regularize_conformity_score(
                numpy.array([sets["free_ranks"]]), sets["penalty"], summed, ranks
            )[:, :, 0]
        every[:, index] = summed[:, 0]
    if method == "raps":
        right = RAPSConformityScore._regularize_conformity_score(
            numpy.array([sets["free_ranks"]]), sets["penalty"], right, rank
        )[:, :, 0]
    return right[:, 0], every


def check(method, coverage, by_class):
    options = ["--coverage-by-class"] if by_class else []
    run(
        "compile", FIXTURES / "lesion_cnn.onnx", "--int8", "--calib", FIT, "--effort", "fast", "--preprocess",
        FIXTURES / "preprocess.json", "--calibrate-probabilities", FIT, "--eval", REPORT, "--conformal", method,
        "--coverage", coverage, "--max-risk", "0.3", "-o", MODEL, *options,
    )
    report = json.loads((FOLDER / "model.report.json").read_text())["uncertainty"]
    fitted, figures = report["fitted"], report["compiled"]
    logits, labels, _ = data(FIT)
    stated = scipy.special.softmax(logits, axis=1)

    def slope(inverse):
        expected = (scipy.special.softmax(inverse * logits, axis=1) * logits).sum(axis=1)
        return (expected - logits[numpy.arange(len(labels)), labels]).sum()

    temperature = 1 / scipy.optimize.brentq(slope, 1 / 64, 64, xtol=1e-14, rtol=1e-14)
    equal("temperature", fitted["temperature"], temperature)
    best = sklearn.metrics.log_loss(labels, scipy.special.softmax(logits / temperature, axis=1))
    for other in (0.98, 1.02):
        assert best < sklearn.metrics.log_loss(labels, scipy.special.softmax(logits / (other * temperature), axis=1))

    scores, _ = scores_of(method, fitted["sets"], stated, labels)
    alpha = numpy.array([1 - coverage])
    groups = [labels == index for index in Stated.classes_] if by_class else [numpy.full(len(labels), True)]
    thresholds = [_compute_classification_quantile(scores[group].reshape(-1, 1), alpha)[0] for group in groups]
    equal("thresholds", fitted["sets"]["thresholds"], thresholds)

    energies = -scipy.special.logsumexp(logits, axis=1)
    rank = int(numpy.ceil((len(labels) + 1) * 0.95 - 1e-9))
    equal("energy's threshold", fitted["energy"]["threshold"], numpy.sort(energies)[rank - 1])

    logits, labels, rows = data(REPORT)
    stated = scipy.special.softmax(logits, axis=1)
    calibrated = scipy.special.softmax(logits / fitted["temperature"], axis=1)
    equal("calibrated probabilities", [row["certainty"]["probabilities"] for row in rows], calibrated)
    equal("energies", [row["certainty"]["energy"] for row in rows], -scipy.special.logsumexp(logits, axis=1))
    _, every = scores_of(method, fitted["sets"], stated, labels)
    sets = every <= numpy.array(fitted["sets"]["thresholds"])
    own = numpy.array([[name in row["certainty"]["set"] for name in CLASSES] for row in rows])
    equal("sets", own, sets)
    if method == "lac" and not by_class:
        mapie = SplitConformalClassifier(Stated(), confidence_level=coverage, conformity_score="lac", prefit=True)
        fit_logits, fit_labels, _ = data(FIT)
        mapie.conformalize(scipy.special.softmax(fit_logits, axis=1), fit_labels)
        equal("MAPIE's sets", own, mapie.predict_set(stated)[1][:, :, 0])
    covered = sets[numpy.arange(len(labels)), labels]
    equal("coverage", figures["coverage"]["value"], covered.mean())
    equal("classes in a set", figures["mean_set_size"]["value"], sets.sum(axis=1).mean())
    equal(
        "coverage of classes", [entry["coverage"]["value"] for entry in figures["per_class"]],
        [covered[labels == index].mean() for index in Stated.classes_],
    )

    for prefix, probabilities in (("stated_", stated), ("", calibrated)):
        equal("log loss", figures[f"{prefix}log_loss"]["value"], sklearn.metrics.log_loss(labels, probabilities))
        brier = ((probabilities - numpy.eye(len(CLASSES))[labels]) ** 2).sum(axis=1).mean()
        equal("Brier score", figures[f"{prefix}brier"]["value"], brier)
        by_sklearn = sum(
            sklearn.metrics.brier_score_loss(labels == index, probabilities[:, index]) for index in Stated.classes_
        )
        equal("Brier score of scikit-learn", brier, by_sklearn)
        metric = torchmetrics.classification.MulticlassCalibrationError(len(CLASSES), n_bins=15, norm="l1")
        ece = metric(torch.from_numpy(probabilities), torch.from_numpy(labels)).item()
        equal("calibration error", figures[f"{prefix}ece"]["value"], ece)
        right = probabilities.argmax(axis=1) == labels
        true, said = calibration_curve(right, probabilities.max(axis=1), n_bins=15)
        bins = [bin for bin in figures[f"{prefix}reliability"] if bin["count"]]
        equal("reliability", [[bin["right"], bin["confidence"]] for bin in bins], numpy.stack([true, said], axis=1))

    confidence, wrong = stated.max(axis=1), stated.argmax(axis=1) != labels
    risks = numpy.cumsum(wrong[numpy.argsort(-confidence, kind="stable")]) / numpy.arange(1, len(labels) + 1)
    equal("AURC", figures["aurc"]["value"], risks.mean())
    bound = fitted["abstention"]["threshold"]
    answered = confidence >= (numpy.inf if bound is None else bound - 1e-9)
    unlike = -scipy.special.logsumexp(logits, axis=1) > fitted["energy"]["threshold"]
    equal("answered", figures["answered"]["value"], (answered & ~unlike).mean())


def reader():
    """The reader of bundles that docs/format.md shows."""
    page = (FIXTURES.parent / "docs/format.md").read_text()
    names = {"__name__": "reader"}
    exec(page.split("```python\n")[1].split("```")[0], names)
    return names["read"]


def shuffled(total, seed):
    """Fisher-Yates over SplitMix64."""
    mask, numbers = 2**64 - 1, list(range(total))
    for index in range(total):
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = ((seed ^ seed >> 30) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & mask
        other = index + (z ^ z >> 31) % (total - index)
        numbers[index], numbers[other] = numbers[other], numbers[index]
    return numbers


def two_outputs():
    """The fixture with its last activation as a further output; the names of that and of the logits."""
    model = onnx.load(FIXTURES / "lesion_cnn.onnx")
    head = [node for node in model.graph.node if node.op_type in ("GlobalAveragePool", "ReduceMean", "Flatten")][-1]
    model.graph.output.append(onnx.helper.make_tensor_value_info(head.input[0], onnx.TensorProto.FLOAT, None))
    onnx.save(model, FOLDER / "two.onnx")
    return head.input[0], model.graph.output[0].name


def features(folder, output):
    run("run", MODEL, folder, "--output-name", output, "--task", "none", "--json", "--output", FOLDER / "maps.npy")
    maps = numpy.load(FOLDER / "maps.npy").astype(float)
    return maps.mean(axis=(2, 3))


def check_distances(is_int8, alarms, seed):
    activation, logits = two_outputs()
    # Put out by an int8 model, it is what was made float again of what is measured.
    output = f"{activation}_dequantized" if is_int8 else activation
    options = ["--int8", "--calib", FIT, "--effort", "fast"] if is_int8 else []
    run(
        "compile", FOLDER / "two.onnx", *options, "--output-name", logits, "--preprocess", FIXTURES / "preprocess.json",
        "--calibrate-probabilities", FIT, "--unlike", "mahalanobis", "--false-alarms", alarms, "--seed", seed, "-o",
        MODEL,
    )
    stored = reader()(MODEL)["explanation"]["uncertainty"]["distance"]
    vectors = features(FIT, output)
    order = shuffled(len(vectors), seed)
    half = min(len(vectors) // 2, 512)
    first, second = vectors[order[:half]], vectors[order[half:]]
    count = min(8, half // 4, min(first.shape) - 1)
    expected = PCA(count, svd_solver="full").fit(first)

    # What is stored is nearest to scikit-learn's: within half a step of the integers.
    def near(name, found, exact):
        numbers = found["scale"] * numpy.array(found["numbers"])
        apart = numpy.abs(numbers - exact).max() / found["scale"]
        assert apart < 0.5 + 1e-3, f"{name}: {apart} steps from scikit-learn's"

    near("mean", stored["mean"], expected.mean_)
    assert len(stored["axes"]) == count
    for axis, exact in zip(stored["axes"], expected.components_):
        largest = exact[numpy.abs(exact).argmax()]
        near("axis", axis, exact * numpy.sign(largest))
    equal("variances", [axis["variance"] for axis in stored["axes"]], expected.explained_variance_)
    equal("variance of the rest", stored["variance"], expected.noise_variance_)

    # Distances are of the stored numbers, by scikit-learn's precision matrix of them.
    as_stored = PCA(count, svd_solver="full").fit(first)
    as_stored.components_ = numpy.array([axis["scale"] * numpy.array(axis["numbers"]) for axis in stored["axes"]])
    as_stored.explained_variance_ = numpy.array([axis["variance"] for axis in stored["axes"]])
    as_stored.noise_variance_ = stored["variance"]
    precision = as_stored.get_precision()

    def distances(vectors):
        difference = vectors - stored["mean"]["scale"] * numpy.array(stored["mean"]["numbers"])
        return numpy.sqrt(numpy.einsum("ij,jk,ik->i", difference, precision, difference))

    rank = int(numpy.ceil((len(second) + 1) * (1 - alarms) - 1e-9))
    equal("threshold of distances", stored["threshold"], numpy.sort(distances(second))[rank - 1])
    for folder in (FIT, REPORT):
        rows = json.loads(run("run", MODEL, folder, "--json"))
        wanted = distances(features(folder, output))
        equal("distances", [row["certainty"]["distance"] for row in rows], wanted)
        unlike = [any("unlike" in why for why in row["certainty"]["why"]) for row in rows]
        equal("unlike", unlike, numpy.float32(wanted) > stored["threshold"] * (1 + 1e-6))


for is_int8 in (False, True):
    for alarms, seed in ((0.05, 0), (0.2, 7)):
        check_distances(is_int8, alarms, seed)
for method in ("lac", "aps", "raps"):
    for coverage in (0.8, 0.9):
        for by_class in (False, True):
            check(method, coverage, by_class)
print(f"{compared} numbers are equal to 1e-6")
