"""Compares dermc's class activation maps with pytorch-grad-cam's; see scripts/check-explain."""

import argparse
import contextlib
import copy
import io
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import numpy
import onnx
import torch
from PIL import Image

warnings.filterwarnings("ignore")
# torchvision is installed without its compiled operators, which no classifier uses.
library = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402
from onnx2torch import convert  # noqa: E402
from pytorch_grad_cam import GradCAM, ScoreCAM  # noqa: E402
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # noqa: E402

IMAGENET = dict(scale="1/255", mean="0.485,0.456,0.406", std="0.229,0.224,0.225")
# The maps of the least correlation that is still the same map.
LEAST = 0.999
# Maps are written as float32.
MOST_OFF = 1e-6


class Logits(torch.nn.Module):
    """A model that gives one tensor, [1, classes], whatever it was exported to give."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        y = self.model(x)
        return y.reshape(y.shape[0] if y.dim() > 1 else 1, -1)


def torchvision_model(name):
    """A seeded architecture whose BatchNorm has seen something, and the layer before its pooling."""
    torch.manual_seed(7)
    model = getattr(torchvision.models, name)(weights=None, num_classes=7).train()
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(4, 3, 224, 224) * 0.7 + 0.1)
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.6, 1.4)
                module.bias.normal_(0, 0.2)
    model.eval()
    return model, model.layer4[-1] if name.startswith("resnet") else model.features[-1]


def before_softmax(path, folder):
    """The model without its softmax, which hides the logits that a map is made of; and its input's shape."""
    model = onnx.load(path)
    graph = model.graph
    last = next(node for node in graph.node if graph.output[0].name in node.output)
    names = {value.name for value in graph.initializer}
    shape = [d.dim_value or 1 for d in next(i for i in graph.input if i.name not in names).type.tensor_type.shape.dim]
    if last.op_type == "Softmax":
        graph.output[0].name = last.input[0]
        graph.node.remove(last)
        stripped = f"{folder}/{pathlib.Path(path).stem}-logits.onnx"
        onnx.save(model, stripped)
        path = stripped
    return path, shape


def rebuilt_model(path, folder):
    """A model of an ONNX file in PyTorch, and the layer whose output is pooled or flattened."""
    path, shape = before_softmax(path, folder)
    model = convert(path).eval()
    # Layers without weights are one object for all that are alike: each gets one of its own, to be told apart.
    for name, module in list(model.named_modules(remove_duplicate=False)):
        if name and not list(module.children()):
            setattr(model.get_submodule(name.rpartition(".")[0]), name.rpartition(".")[2], copy.deepcopy(module))
    modules = dict(model.named_modules())
    layer = None
    for node in model.graph.nodes:
        kind = type(modules.get(str(node.target))).__name__ if node.op == "call_module" else ""
        if "GlobalAveragePool" in kind or kind.startswith("AvgPool") or "Reduce" in kind or "GlobalAvg" in kind:
            layer = modules[str(node.args[0].target)]
        elif "MaxPool" in kind or kind == "Sequential" and "MaxPool" in str(modules[str(node.target)]):
            # The last one counts, where what it gives is flattened.
            layer = modules[str(node.target)]
    return Logits(model), layer, shape


def numbers(text):
    if "/" in text:
        a, b = text.split("/")
        return numpy.float32(float(a) / float(b))
    return numpy.array([float(part) for part in text.split(",")], numpy.float32)


def inputs(files, shape, options):
    """The images as the model takes them, resized as Pillow does."""
    is_nhwc = shape[3] in (1, 3)
    height, width, channels = (shape[1], shape[2], shape[3]) if is_nhwc else (shape[2], shape[3], shape[1])
    for file in files:
        image = Image.open(file).convert("L" if channels == 1 else "RGB").resize((width, height), Image.BILINEAR)
        pixels = numpy.asarray(image, numpy.float32).reshape(height, width, channels)
        pixels = (pixels * numbers(options.get("scale", "1")) - numbers(options.get("mean", "0"))) / numbers(
            options.get("std", "1"))
        yield torch.from_numpy((pixels if is_nhwc else pixels.transpose(2, 0, 1))[None].astype(numpy.float32))


def most_decided(model, batches):
    """The class that most images are taken for: one whose maps are seldom empty."""
    with torch.no_grad():
        decided = [int(model(x).reshape(-1).argmax()) for x in batches]
    return max(sorted(set(decided)), key=decided.count)


def dermc_maps(dermc, model, folder, options, extra):
    """The map of each image of a folder, in the order of their names."""
    with tempfile.TemporaryDirectory() as place:
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        subprocess.run(
            [dermc, "run", model, folder, "--explain", f"{place}/maps.npy", "--quiet", *extra, *words], check=True)
        return numpy.load(f"{place}/maps.npy")


def correlations(ours, theirs):
    """Of each pair of maps; none where both are zero everywhere, and 0 where one is."""
    for a, b in zip(ours, theirs):
        if a.std() == 0 and b.std() == 0:
            continue
        yield 0.0 if a.std() == 0 or b.std() == 0 else numpy.corrcoef(a.ravel(), b.ravel())[0, 1]


def ranks(values):
    """From 1, equal numbers with the mean of theirs."""
    _, inverse, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    last = numpy.cumsum(counts)
    return ((last - counts + 1 + last) / 2)[inverse.ravel()]


def alike(a, b):
    """Rank correlation, overlap of the top 20 %, shift of the centre of two maps at the same places."""
    if a.max() == 0 and b.max() == 0:
        return None
    if a.max() == 0 or b.max() == 0:
        return 0.0, 0.0, None
    count = round(0.2 * a.size)
    top = [(m >= numpy.sort(m.ravel())[-count]) & (m > 0) for m in (a, b)]
    rows, columns = numpy.mgrid[0 : a.shape[0], 0 : a.shape[1]]
    centres = [numpy.array([(m * rows).sum(), (m * columns).sum()]) / m.sum() / a.shape for m in (a, b)]
    correlation = numpy.corrcoef(ranks(a.ravel()), ranks(b.ravel()))[0, 1]
    return correlation, (top[0] & top[1]).sum() / (top[0] | top[1]).sum(), numpy.hypot(*(centres[0] - centres[1])) / 2**0.5


def fidelity(dermc, path, bundle, image_folder, options):
    """How far dermc's figures of how alike both models' maps are lie from those computed here of the maps themselves;
    None where the places that are compared are not among those of the input."""

    def document(*command):
        return json.loads(subprocess.run([dermc, *command, "--json"], check=True, capture_output=True).stdout)

    words = [word for key, value in options.items() for word in (f"--{key}", value)]
    decided = [row["top"][0]["index"] for row in document("run", path, image_folder, *words)]
    maps = {
        index: [dermc_maps(dermc, model, image_folder, given, ["--class", str(index)])
                for model, given in ((path, options), (bundle, {}))]
        for index in set(decided)
    }
    step = maps[decided[0]][0].shape[1] / 32
    if step % 2 != 1 or maps[decided[0]][0].shape[1] != maps[decided[0]][0].shape[2]:
        return None
    # Each 32nd part of the input has a pixel in its middle.
    places = slice(int(step) // 2, None, int(step))
    found = [
        alike(*(maps[index][model][number][places, places].astype(float) for model in (0, 1)))
        for number, index in enumerate(decided)
    ]
    found = [figures for figures in found if figures]
    with tempfile.TemporaryDirectory() as place:
        # What is right does not matter here: all are of one class.
        name = document("run", bundle, image_folder)[0]["top"][0]["class"]
        shutil.copytree(image_folder, f"{place}/{name}")
        report = document("eval", bundle, place, "--against", path, "--explanations")["explanations"]
    assert report["images"] == len(found), (report["images"], len(found))
    columns = [numpy.array([row[i] for row in found if row[i] is not None]) for i in range(3)]
    return max(
        abs(middle(column) - report[prefix + name]["value"])
        for name, column in zip(("correlation", "overlap", "shift"), columns)
        for prefix, middle in (("", numpy.mean), ("median_", numpy.median)))


def compare(name, arguments, model, layer, shape, path, options, method, image_folder):
    """Whether all maps are the package's, and enough of them show something."""
    files = sorted(pathlib.Path(image_folder).iterdir())
    cam = (GradCAM if method == "gradcam" else ScoreCAM)(model=model, target_layers=[layer])
    index = most_decided(model, inputs(files, shape, options))
    theirs = []
    for x in inputs(files, shape, options):
        # The package expects the picture's size in the last two dimensions, which NHWC inputs have elsewhere.
        cam.get_target_width_height = lambda _: (x.shape[2], x.shape[1]) if shape[3] in (1, 3) else (
            x.shape[3], x.shape[2])
        with contextlib.redirect_stderr(io.StringIO()):
            theirs.append(cam(input_tensor=x, targets=[ClassifierOutputTarget(index)])[0])
    extra = ["--class", str(index), "--method", method]
    ours = dermc_maps(arguments.dermc, path, image_folder, options, extra)
    found = numpy.array(list(correlations(ours, theirs)))
    if len(found) < len(files) / 2:
        print(f"{name:32} {method:8} class {index:3}: only {len(found)} of {len(files)} maps show something", flush=True)
        return False
    line = f"{name:32} {method:8} class {index:3}: {len(found)} of {len(files)} maps that show something, correlation "
    line += f"{found.min():.6f} at least, {found.mean():.6f} on average"
    if method == "gradcam":
        with tempfile.TemporaryDirectory() as place:
            words = [word for key, value in options.items() for word in (f"--{key}", value)]
            subprocess.run(
                [arguments.dermc, "compile", path, "--int8", "--calib", image_folder, "-o", f"{place}/m.derm",
                 "--quiet", *words], check=True, capture_output=True)
            int8 = dermc_maps(arguments.dermc, f"{place}/m.derm", image_folder, {}, extra)
            off = fidelity(arguments.dermc, path, f"{place}/m.derm", image_folder, options)
        changed = numpy.array(list(correlations(int8, ours)))
        line += f"; int8 against float {numpy.median(changed):.4f} (median), {changed.min():.4f} at least"
        if off is not None:
            line += f"; dermc's own figures of that are off by {off:.1e}"
            if off > MOST_OFF:
                print(line, flush=True)
                return False
    print(line, flush=True)
    return found.min() >= LEAST


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dermc", required=True)
    parser.add_argument("--images", default="fixtures/images/eval", help="a folder that is searched for images")
    parser.add_argument("--models", help="a folder of ONNX models to rebuild in PyTorch")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    found = sorted(p for p in pathlib.Path(arguments.images).rglob("*") if p.suffix.lower() in (".jpg", ".png"))
    chosen = [found[i * len(found) // min(arguments.count, len(found))] for i in range(min(arguments.count, len(found)))]
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        images = f"{folder}/images"
        pathlib.Path(images).mkdir()
        for number, file in enumerate(chosen):
            (pathlib.Path(images) / f"{number:03}{file.suffix.lower()}").write_bytes(file.read_bytes())
        for name in ("mobilenet_v2", "efficientnet_b0", "resnet50"):
            if arguments.only not in name:
                continue
            model, layer = torchvision_model(name)
            path = f"{folder}/{name}.onnx"
            torch.onnx.export(
                model, torch.randn(1, 3, 224, 224), path, opset_version=17, dynamo=False,
                training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False, input_names=["input"],
                output_names=["logits"])
            model.eval()
            is_good &= compare(
                name, arguments, model, layer, [1, 3, 224, 224], path, IMAGENET, "gradcam", images)
        settings = {
            "mobilenet_v2_isic7": IMAGENET,
            "efficientnet_b0_isic7": IMAGENET,
            "skin_cnn_28_ham10000": dict(scale="1", mean="159.88", std="46.45"),
            "resnet8_cifar10": dict(scale="1"),
            "mobilenetv1_025_224_imagenet": dict(scale="1/127.5", mean="1"),
            "vww_96_bn_opset12": dict(scale="1/255"),
        }
        for name, options in settings.items():
            path = pathlib.Path(arguments.models or "") / f"{name}.onnx"
            if not arguments.models or arguments.only not in name or not path.exists():
                continue
            model, layer, shape = rebuilt_model(str(path), folder)
            is_good &= compare(
                name, arguments, model, layer, shape, str(path), options, "gradcam", images)
            if name.startswith("mobilenet_v2"):
                # The network runs 1,280 times for each of these.
                few = f"{folder}/few"
                pathlib.Path(few).mkdir()
                for file in sorted(pathlib.Path(images).iterdir())[:2]:
                    (pathlib.Path(few) / file.name).write_bytes(file.read_bytes())
                is_good &= compare(
                    name, arguments, model, layer, shape, str(path), options, "scorecam", few)
    sys.exit(0 if is_good else f"a correlation is below {LEAST}, too few maps show something, or figures are off")


if __name__ == "__main__":
    main()
