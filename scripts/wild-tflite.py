"""Holds dermc against the TensorFlow Lite interpreter on Keras's networks; scripts/wild-tflite runs it.

Weights are random, statistics of BatchNormalization those of random images, so that values stay as large as in trained
networks. The last layer's weights are scaled up, so that scores tell classes apart. Of each network:

  float, float16   largest difference of a score, as a share of the largest score
  dynamic          int8 weights: the interpreter rounds activations as well, dermc does not
  int8, uint8      full integer: largest difference in steps of the output, share of equal scores; beside it the same
                   between the interpreter's own kernels and its XNNPACK delegate, which is what rounding alone can do
"""

import argparse
import contextlib
import io
import os
import pathlib
import subprocess

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf

A = keras.applications
NETWORKS = {
    "MobileNet": (A.MobileNet, 224, (-1, 1)),
    "MobileNetV2": (A.MobileNetV2, 224, (-1, 1)),
    "MobileNetV3Small": (A.MobileNetV3Small, 224, (0, 255)),
    "EfficientNetB0": (A.EfficientNetB0, 224, (0, 255)),
    "EfficientNetV2B0": (A.EfficientNetV2B0, 224, (0, 255)),
    "ResNet50": (A.ResNet50, 224, (-120, 130)),
    "DenseNet121": (A.DenseNet121, 224, (-2, 2)),
    "NASNetMobile": (A.NASNetMobile, 224, (-1, 1)),
    "InceptionV3": (A.InceptionV3, 299, (-1, 1)),
    "Xception": (A.Xception, 299, (-1, 1)),
}
FORMS = ["float", "float16", "dynamic", "int8", "uint8"]
CLASSES = 7


def images(count, size, bounds, seed):
    """Blocks of colours with noise on them."""
    random = np.random.default_rng(seed)
    x = random.uniform(0, 1, (count, size // 8 + 1, size // 8 + 1, 3))
    x = np.repeat(np.repeat(x, 8, 1), 8, 2)[:, :size, :size] * 0.8 + random.uniform(0, 0.2, (count, size, size, 3))
    return (bounds[0] + (bounds[1] - bounds[0]) * x).astype(np.float32)


def network(name):
    make, size, bounds = NETWORKS[name]
    keras.utils.set_random_seed(1)
    model = make(weights=None, classes=CLASSES, input_shape=(size, size, 3))
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(images(8, size, bounds, 3), training=True)
    last = [layer for layer in model.layers if isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D))][-1]
    last.kernel.assign(last.kernel * 12)
    return model


def converted(model, form, samples):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if form != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if form == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if form in ("int8", "uint8"):
        converter.representative_dataset = lambda: ([x[None]] for x in samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = getattr(tf, form)
    with contextlib.redirect_stdout(io.StringIO()):
        return converter.convert()


def interpreted(path, inputs, kernels):
    """Outputs as real numbers, and the size of a step."""
    interpreter = tf.lite.Interpreter(str(path), experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero = source["quantization"]
    step, offset = target["quantization"]
    rows = []
    for x in inputs:
        x = x[None]
        if scale:
            bounds = np.iinfo(source["dtype"])
            x = np.clip(np.round(x / np.float32(scale)) + zero, bounds.min, bounds.max).astype(source["dtype"])
        interpreter.set_tensor(source["index"], x)
        interpreter.invoke()
        y = interpreter.get_tensor(target["index"])[0]
        rows.append((y.astype(np.float32) - offset) * np.float32(step) if step else y)
    return np.stack(rows), step


def own(dermc, path, inputs, folder):
    """dermc's outputs, or in which words it refuses."""
    np.save(folder / "x.npy", inputs)
    run = subprocess.run(
        [dermc, "run", path, folder / "x.npy", "--output", folder / "y.npy", "--quiet", "--task", "none"],
        capture_output=True, text=True)
    return (np.load(folder / "y.npy"), "") if run.returncode == 0 else (None, run.stderr.strip())


def steps(a, b, step):
    apart = np.round(np.abs(a - b) / step)
    return f"{apart.max():.0f} steps, {np.mean(apart == 0):.0%} equal"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dermc", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    options = parser.parse_args()
    kernels = tf.lite.experimental.OpResolverType
    options.out.mkdir(parents=True, exist_ok=True)
    print("| network | form | largest score | dermc | top-1 | interpreter's kernels against each other |")
    print("|---|---|---|---|---|---|")
    for name in options.networks or NETWORKS:
        _, size, bounds = NETWORKS[name]
        model = None
        inputs = images(6, size, bounds, 5)
        for form in FORMS:
            path = options.out / f"{name}-{form}.tflite"
            if not path.exists():
                model = model or network(name)
                path.write_bytes(converted(model, form, images(20, size, bounds, 7)))
            expected, step = interpreted(path, inputs, kernels.AUTO)
            y, words = own(options.dermc, path, inputs, options.out)
            if y is None:
                print(f"| {name} | {form} | {expected.max():.3f} | {words} | | |", flush=True)
                continue
            found, among = f"{np.abs(y - expected).max() / np.abs(expected).max():.1e}", ""
            if step:
                other, _ = interpreted(path, inputs, kernels.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
                found, among = steps(y, expected, step), steps(other, expected, step)
            top = f"{np.sum(y.argmax(-1) == expected.argmax(-1))} of {len(y)}"
            print(f"| {name} | {form} | {expected.max():.3f} | {found} | {top} | {among} |", flush=True)


main()
