"""Holds what dermc says of how sure answers are against scikit-learn, torchmetrics, SciPy and MAPIE.

    check-uncertainty.py DERMC FIXTURES FOLDER

Only logits that dermc exports are taken from it, and the classes that folders say; all else is computed anew and must be
equal to 1e-6: temperature, thresholds, sets, calibration error, Brier score, log loss, energy.
"""

import json
import pathlib
import subprocess
import sys

import numpy
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


for method in ("lac", "aps", "raps"):
    for coverage in (0.8, 0.9):
        for by_class in (False, True):
            check(method, coverage, by_class)
print(f"{compared} numbers are equal to 1e-6")
