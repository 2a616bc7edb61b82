#!/usr/bin/env python3
"""Runs the export lines of docs/from-pytorch.md or docs/from-keras.md and compares what dermc computes.

usage: wild-docs.py DERMC pytorch|keras        in an environment with torch or with tensorflow and tf2onnx
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = {"pytorch": "from-pytorch.md", "keras": "from-keras.md"}


def blocks(page):
    """The page's Python that writes a model."""
    block, found = [], []
    for line in page.read_text().splitlines() + ["end"]:
        if line.startswith("    ") or (not line and block):
            block.append(line[4:])
        else:
            text = "\n".join(block).strip()
            if ".export(" in text:
                found.append(text)
            block = []
    return found


def torch_model():
    import torch

    torch.manual_seed(7)
    layers = torch.nn
    return layers.Sequential(
        layers.Conv2d(3, 8, 3, stride=4), layers.BatchNorm2d(8), layers.ReLU(), layers.AdaptiveAvgPool2d(1),
        layers.Flatten(), layers.Linear(8, 7)).eval()


def keras_model():
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    import tensorflow as tf

    tf.keras.utils.set_random_seed(7)
    layers = tf.keras.layers
    return tf.keras.Sequential([
        tf.keras.Input((224, 224, 3)), layers.Conv2D(8, 3, strides=4), layers.BatchNormalization(), layers.ReLU(),
        layers.GlobalAveragePooling2D(), layers.Dense(7)])


def main():
    dermc, library = str(Path(sys.argv[1]).resolve()), sys.argv[2]
    shape = [3, 3, 224, 224] if library == "pytorch" else [3, 224, 224, 3]
    images = np.random.default_rng(7).normal(size=shape).astype(np.float32)
    failed = 0
    for number, block in enumerate(blocks(DOCS / PAGES[library]), start=1):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            np.save("images.npy", images)
            if library == "pytorch":
                import torch

                names = {"model": torch_model(), "torch": torch}
                exec(block, names)
                with torch.no_grad():
                    wanted = names["model"](torch.from_numpy(images)).numpy()
            else:
                model = keras_model()
                model.save("model.keras")
                exec(block, {})
                wanted = model(images).numpy()
            subprocess.run([dermc, "run", "model.onnx", "images.npy", "--output", "out.npy", "--quiet"], check=True)
            difference = np.abs(np.load("out.npy") - wanted).max() / np.abs(wanted).max()
            print(f"{PAGES[library]}, export {number}: relative difference {difference:.1e}")
            failed += not difference < 1e-5
            os.chdir("/")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
