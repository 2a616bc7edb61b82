#!/usr/bin/env python3
"""What dermc makes of models as exporters write them; scripts/wild-exports runs it.

usage: wild-exports.py DERMC FOLDER [--keras PYTHON] [--only TEXT] [--jobs N] [--no-int8] [--again]
       [--peer] [--page FILE]

Each model of the catalogue (torchvision, timm, transformers; both exporters of PyTorch; Keras, which has an
environment of its own) is built with seeded random weights, exported, computed by ONNX Runtime and by dermc, and
compiled to int8 with random images. FOLDER keeps the exports and results.json, so that a run goes on where another
ended. Printed is a table: whether dermc reads it, whether its outputs are ONNX Runtime's, and which part of its
multiply-accumulates is int8. --peer quantizes by ONNX Runtime too (static QDQ, per channel) and compares both with
float on inputs that calibrated neither. --page writes the table by architecture as the last section of
docs/supported.md.
"""

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import time
from pathlib import Path

TORCHVISION = """alexnet vgg11_bn resnet18 resnet50 resnext50_32x4d wide_resnet50_2 densenet121 googlenet inception_v3
squeezenet1_1 shufflenet_v2_x0_5 shufflenet_v2_x1_0 mnasnet0_5 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large
regnet_x_400mf regnet_y_400mf efficientnet_b0 efficientnet_v2_s convnext_tiny swin_t swin_v2_t vit_b_16 maxvit_t"""

TIMM = """resnet18 resnet50d resnetv2_50 resnet26t seresnet18 ecaresnet26t skresnet18 cspresnet50 darknet53 dla34
hrnet_w18_small densenet121 dpn68 vovnet39a ese_vovnet19b_dw rexnet_100 ghostnet_100 ghostnetv2_100 mixnet_s
mnasnet_small mobilenetv1_100 mobilenetv2_050 mobilenetv3_small_050 mobilenetv3_large_100 mobilenetv4_conv_small
mobilenetv4_hybrid_medium efficientnet_b0 efficientnet_lite0 efficientnetv2_rw_t tf_efficientnet_b0 tf_efficientnetv2_b0
tf_mobilenetv3_small_075 fbnetc_100 lcnet_050 tinynet_e semnasnet_075 regnety_002 regnetx_002 repvgg_a0 repghostnet_050
mobileone_s0 fastvit_t8 nf_regnet_b0 nfnet_f0 convnext_atto convnextv2_atto convmixer_768_32 edgenext_xx_small
efficientformer_l1 efficientformerv2_s0 efficientvit_b0 efficientvit_m0 mobilevit_xxs mobilevitv2_050
inception_next_atto poolformer_s12 pvt_v2_b0 levit_128s vit_tiny_patch16_224 deit_tiny_patch16_224 beit_base_patch16_224
eva02_tiny_patch14_224 swin_tiny_patch4_window7_224 swinv2_cr_tiny_224 mixer_s32_224 resmlp_12_224 gmixer_12_224
cait_xxs24_224 xcit_nano_12_p16_224 coat_tiny crossvit_tiny_240 visformer_tiny tnt_s_legacy_patch16_224
twins_pcpvt_small nest_tiny maxxvit_rmlp_nano_rw_256 coatnet_nano_rw_224 focalnet_tiny_srf starnet_s1 hgnetv2_b0
tiny_vit_5m_224 davit_tiny volo_d1_224 sequencer2d_s repvit_m0_9"""

# Class, side of the square input and a small configuration: what matters is the graph that the library's code exports.
TRANSFORMERS = {
    "vit": ("ViT", 224, {"hidden_size": 192, "num_attention_heads": 3, "intermediate_size": 768}),
    "deit": ("DeiT", 224, {"hidden_size": 192, "num_attention_heads": 3, "intermediate_size": 768}),
    "beit": ("Beit", 224, {
        "hidden_size": 192, "num_attention_heads": 3, "intermediate_size": 768, "num_hidden_layers": 6,
        "out_indices": [1, 2, 3, 5],
    }),
    "dinov2": ("Dinov2", 224, {
        "hidden_size": 192, "num_attention_heads": 3, "num_hidden_layers": 6, "image_size": 224, "patch_size": 14,
    }),
    "swin": ("Swin", 224, {}),
    "swinv2": ("Swinv2", 256, {"image_size": 256, "window_size": 8}),
    "convnext": ("ConvNext", 224, {"hidden_sizes": [40, 80, 160, 320], "depths": [2, 2, 6, 2]}),
    "convnextv2": ("ConvNextV2", 224, {"hidden_sizes": [40, 80, 160, 320], "depths": [2, 2, 6, 2]}),
    "mobilenet_v1": ("MobileNetV1", 224, {"depth_multiplier": 0.5}),
    "mobilenet_v2": ("MobileNetV2", 224, {"depth_multiplier": 0.5}),
    "mobilevit": ("MobileViT", 256, {"image_size": 256}),
    "mobilevitv2": ("MobileViTV2", 256, {"image_size": 256, "width_multiplier": 0.5}),
    "efficientnet": ("EfficientNet", 224, {
        "width_coefficient": 1.0, "depth_coefficient": 1.0, "image_size": 224, "hidden_dim": 1280,
    }),
    "resnet": ("ResNet", 224, {"layer_type": "basic", "hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2]}),
    "regnet": ("RegNet", 224, {"hidden_sizes": [48, 104, 208, 440], "depths": [1, 3, 6, 6], "groups_width": 8}),
    "levit": ("Levit", 224, {}),
    "poolformer": ("PoolFormer", 224, {}),
    "pvt": ("Pvt", 224, {}),
    "pvt_v2": ("PvtV2", 224, {}),
    "segformer": ("Segformer", 224, {}),
    "cvt": ("Cvt", 224, {}),
    "bit": ("Bit", 224, {"hidden_sizes": [64, 128, 256, 512], "depths": [2, 2, 2, 2], "num_groups": 8}),
    "focalnet": ("FocalNet", 224, {}),
    "swiftformer": ("SwiftFormer", 224, {}),
}

KERAS = """MobileNet MobileNetV2 MobileNetV3Small MobileNetV3Large EfficientNetB0 EfficientNetV2B0 ResNet50 ResNet50V2
DenseNet121 InceptionV3 Xception NASNetMobile VGG16 ConvNeXtTiny"""


def catalogue():
    """Every export: its name, which is library/model/exporter."""
    names = [f"torchvision/{m}/{e}" for m in TORCHVISION.split() for e in ("script", "dynamo")]
    names += [f"timm/{m}/dynamo" for m in TIMM.split()]
    names += [f"transformers/{m}/{e}" for m in TRANSFORMERS for e in ("script", "dynamo")]
    names += [f"keras/{m}/tf2onnx" for m in KERAS.split()]
    return names


# MARK: Exporting, in a process of its own


KEPT = []


def torch_model(library, name):
    """The module and the side of its square input."""
    import torch

    # A torchvision built for another torch lacks its own operators, which no classifier needs but its import does.
    detection = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operator):
            detection.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    KEPT.append(detection)
    torch.manual_seed(7)
    if library == "torchvision":
        import torchvision.models as models

        options = {"num_classes": 7}
        if name in ("inception_v3", "googlenet"):
            options |= {"aux_logits": False, "init_weights": False}
        side = {"inception_v3": 299, "swin_v2_t": 256}.get(name, 224)
        return getattr(models, name)(weights=None, **options), side
    if library == "timm":
        import timm

        model = timm.create_model(name, pretrained=False, num_classes=7, exportable=True)
        return model, timm.data.resolve_model_data_config(model)["input_size"][-1]
    import transformers

    kind, side, options = TRANSFORMERS[name]
    configuration = getattr(transformers, f"{kind}Config")(**options, num_labels=7)
    model = getattr(transformers, f"{kind}ForImageClassification")(configuration)

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, pixel_values):
            return self.model(pixel_values=pixel_values).logits

    return Logits(), side


def export_torch(library, name, exporter, path):
    import torch

    model, side = torch_model(library, name)
    # A few batches give BatchNorm statistics that fit what flows through it.
    model.train()
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    if norms:
        for norm in norms:
            norm.momentum = None
        with torch.no_grad():
            for _ in range(2):
                model(torch.randn(2, 3, side, side) * 0.7 + 0.1)
    model.eval()
    example = torch.randn(1, 3, side, side)
    if exporter == "script":
        torch.onnx.export(
            model, (example,), path, dynamo=False, opset_version=17, input_names=["x"], output_names=["y"],
            dynamic_axes={"x": {0: "N"}, "y": {0: "N"}})
    else:
        program = torch.onnx.export(
            model, (example,), dynamo=True, input_names=["x"], output_names=["y"], verbose=False)
        program.save(path)
    return [1, 3, side, side]


def export_keras(name, path):
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    import numpy as np
    import tensorflow as tf
    import tf2onnx

    tf.keras.utils.set_random_seed(7)
    options = {"include_preprocessing": False} if name.startswith(("MobileNetV3", "EfficientNetV2", "ConvNeXt")) else {}
    side = 299 if name in ("InceptionV3", "Xception") else 224
    model = getattr(tf.keras.applications, name)(weights=None, classes=7, classifier_activation=None, **options)
    for layer in model.layers:
        if isinstance(layer, tf.keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(np.random.default_rng(1).normal(0.1, 0.7, (2, side, side, 3)).astype("float32"), training=True)
    signature = [tf.TensorSpec([None, side, side, 3], tf.float32, name="x")]
    function = tf.function(lambda x: model(x, training=False), input_signature=signature)
    tf2onnx.convert.from_function(function, input_signature=signature, opset=17, output_path=path)
    return [1, side, side, 3]


def export(name, folder):
    """Writes model.onnx, an input with ONNX Runtime's output, and images to calibrate with."""
    import numpy as np

    library, model, exporter = name.split("/")
    path = str(folder / "model.onnx")
    shape = export_keras(model, path) if library == "keras" else export_torch(library, model, exporter, path)
    import onnxruntime

    random = np.random.default_rng(7)
    x = random.normal(0.1, 0.7, shape).astype(np.float32)
    np.save(folder / "x.npy", x)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    np.save(folder / "y.npy", session.run(None, {session.get_inputs()[0].name: x})[0])
    (folder / "calib").mkdir(exist_ok=True)
    for index in range(8):
        np.save(folder / "calib" / f"{index}.npy", random.normal(0.1, 0.7, shape).astype(np.float32))


# MARK: ONNX Runtime's int8, in a process of its own

HELD_OUT = 16


def quantize_by_peer(folder):
    """Writes held-out inputs, and for each the outputs of float and of ONNX Runtime's static QDQ."""
    import numpy as np
    import onnxruntime
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    model, prepared, quantized = (str(folder / name) for name in ("model.onnx", "prepared.onnx", "qdq.onnx"))
    quant_pre_process(model, prepared, skip_symbolic_shape=True)
    floats = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = floats.get_inputs()[0].name

    class Images(quantization.CalibrationDataReader):
        def __init__(self):
            self.images = iter(sorted((folder / "calib").iterdir()))

        def get_next(self):
            path = next(self.images, None)
            return None if path is None else {name: np.load(path)}

    quantization.quantize_static(
        prepared, quantized, Images(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8)
    integers = onnxruntime.InferenceSession(quantized, providers=["CPUExecutionProvider"])
    shape = np.load(folder / "x.npy").shape
    random = np.random.default_rng(11)
    (folder / "held").mkdir(exist_ok=True)
    for index in range(HELD_OUT):
        x = random.normal(0.1, 0.7, shape).astype(np.float32)
        np.save(folder / "held" / f"{index}.npy", x)
        np.savez(folder / "held" / f"{index}.outputs.npz", float=floats.run(None, {name: x})[0],
                 peer=integers.run(None, {name: x})[0])


def compare_with_peer(folder, dermc):
    """Agreement of the first class with float, and SQNR: of dermc's int8 and of ONNX Runtime's."""
    import numpy as np

    code, _, error = run([sys.executable, __file__, "--export-peer", str(folder)], 1800)
    if code != 0:
        return {"peer": last_line(error)}
    rows = []
    for index in range(HELD_OUT):
        outputs = np.load(folder / "held" / f"{index}.outputs.npz")
        code, _, error = run(
            [dermc, "run", str(folder / "m.derm"), str(folder / "held" / f"{index}.npy"), "--output",
             str(folder / "out.npy"), "--quiet"], 600)
        if code != 0:
            return {"peer": last_line(error)}
        rows.append([outputs["float"].ravel(), np.load(folder / "out.npy").ravel(), outputs["peer"].ravel()])
    wanted, ours, peers = (np.array([row[i] for row in rows]) for i in range(3))

    def figures(got):
        noise = ((got - wanted) ** 2).sum()
        return {
            "agreement": float((got.argmax(1) == wanted.argmax(1)).mean()),
            "sqnr_db": float(10 * np.log10((wanted**2).sum() / noise)) if noise else float("inf"),
        }

    return {"ours": figures(ours), "peer": figures(peers)}


# MARK: Judging


def run(command, seconds):
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds)
        return done.returncode, done.stdout, done.stderr.strip()
    except subprocess.TimeoutExpired:
        return -1, "", f"took more than {seconds} s"


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:1000] if lines else ""


def judge(name, folder, dermc, int8, keras, peer):
    """One row of the table."""
    import numpy as np

    row = {"name": name}
    if not (folder / "y.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        python = keras if name.startswith("keras/") else sys.executable
        code, _, error = run([python, __file__, "--export", name, str(folder)], 900)
        if code != 0:
            return row | {"state": "not exported", "detail": last_line(error)}
    model = str(folder / "model.onnx")
    start = time.monotonic()
    code, _, error = run(
        [dermc, "run", model, str(folder / "x.npy"), "--output", str(folder / "out.npy"), "--quiet"], 600)
    row["seconds"] = round(time.monotonic() - start, 2)
    if code != 0:
        return row | {"state": "refused" if code == 3 else "failed", "detail": last_line(error)}
    wanted, got = np.load(folder / "y.npy"), np.load(folder / "out.npy")
    difference = float(np.abs(wanted.ravel() - got.ravel()).max() / max(np.abs(wanted).max(), 1e-9)) \
        if wanted.size == got.size else float("inf")
    row["difference"] = difference
    row["state"] = "right" if difference <= 1e-3 else "wrong"
    if not int8:
        return row
    report = folder / "m.report.json"
    code, _, error = run(
        [dermc, "compile", model, "--int8", "--calib", str(folder / "calib"), "-o", str(folder / "m.derm"),
         "--report", str(report), "--quiet"], 1800)
    if code != 0:
        return row | {"int8": "failed", "detail": last_line(error)}
    compiled = json.loads(report.read_text())
    layers = compiled["layers"]
    total = sum(layer["macs"] for layer in layers)
    row["int8"] = sum(layer["macs"] for layer in layers if layer["precision"] == "int8") / max(total, 1)
    row["ratio"] = compiled["source"]["bytes"] / compiled["bundle"]["bytes"]
    row["sqnr_db"] = compiled["accuracy"]["sqnr_db"]
    reasons = {}
    for layer in layers:
        if layer["precision"] == "float32" and layer["macs"]:
            key = f"{layer['op']}: {layer['reason']}"
            reasons[key] = reasons.get(key, 0) + layer["macs"]
    row["float"] = [[reason, macs / max(total, 1)] for reason, macs in sorted(reasons.items(), key=lambda r: -r[1])[:3]]
    return row | compare_with_peer(folder, dermc) if peer else row


def show(rows):
    print(f"{'export':48} {'outputs':>12} {'int8':>7} {'smaller':>8} {'SQNR':>8}")
    for row in rows:
        share, said = row.get("int8"), row.get("detail", "")[:160]
        numbers = f"{share or '':>7}"
        if isinstance(share, float):
            numbers = f"{share:7.1%} {row['ratio']:7.2f}x {row['sqnr_db'] or 0:5.1f} dB"
            if share < 0.9:
                said = "; ".join(f"{reason} ({part:.0%})" for reason, part in row["float"][:2])
        if isinstance(row.get("peer"), dict):
            figures = [f"{row[who]['agreement']:4.0%} {row[who]['sqnr_db']:5.1f} dB" for who in ("ours", "peer")]
            numbers += f"  held out: {figures[0]}, ONNX Runtime: {figures[1]}"
        print(f"{row['name']:48} {row['state']:>12} {numbers}  {said}".rstrip())
    exported = [row for row in rows if row["state"] != "not exported"]
    print(
        f"\n{len(exported)} exports: {sum(is_right(row) for row in exported)} right, "
        f"{sum(row['state'] == 'wrong' for row in rows)} wrong, "
        f"{sum(row['state'] in ('refused', 'failed') for row in rows)} refused; "
        f"{sum(is_mostly_int8(row) for row in exported)} of those right have at least 90 % of their "
        "multiply-accumulates in int8")


def is_right(row):
    return row["state"] == "right"


def is_mostly_int8(row):
    return is_right(row) and isinstance(row.get("int8"), float) and row["int8"] >= 0.9


# MARK: The page

SECTION = "## Exports\n"
EXPORTERS = {"script": "TorchScript", "dynamo": "torch.export", "tf2onnx": "tf2onnx"}


def section(rows):
    """The table by architecture, in Markdown. An architecture's share is that of its worst export."""
    lines = [
        SECTION,
        "Written by `make wild`, which exports each of these with random weights and compares it with ONNX Runtime.",
        "*Right* have outputs within 0.1 % of the largest; *int8* is the part of the multiply-accumulates that",
        "`dermc compile --int8` computes in int8, 99 % and more where nothing is said.",
        "",
        "| library | exporters | right | smaller, median | architectures |",
        "|---|---|---|---|---|",
    ]
    libraries = list(dict.fromkeys(row["name"].split("/")[0] for row in rows))
    for library in libraries:
        own = [row for row in rows if row["name"].startswith(f"{library}/") and row["state"] != "not exported"]
        if not own:
            continue
        exporters = dict.fromkeys(EXPORTERS[row["name"].split("/")[2]] for row in own)
        ratios = sorted(row["ratio"] for row in own if "ratio" in row)
        models = dict.fromkeys(row["name"].split("/")[1] for row in own)
        names = [architecture(model, [row for row in own if row["name"].split("/")[1] == model]) for model in models]
        smaller = f"{ratios[len(ratios) // 2]:.1f}x" if ratios else ""
        lines.append(
            f"| {library} | {', '.join(exporters)} | {sum(map(is_right, own))} of {len(own)} | {smaller} | "
            f"{', '.join(names)} |")
    return "\n".join(lines) + "\n"


def architecture(model, rows):
    """A model's name, and what of it is not as one would wish."""
    if not all(map(is_right, rows)):
        return f"{model} ({', '.join(sorted({row['state'] for row in rows if not is_right(row)}))})"
    shares = [row["int8"] for row in rows if "int8" in row]
    if not all(isinstance(share, float) for share in shares):
        return f"{model} (int8 failed)"
    return model if not shares or min(shares) >= 0.99 else f"{model} ({min(shares):.0%})"


def write_section(path, rows):
    page = path.read_text()
    path.write_text(page.split(SECTION)[0].rstrip("\n") + "\n\n" + section(rows))


def main():
    if sys.argv[1:2] == ["--export"]:
        return export(sys.argv[2], Path(sys.argv[3]))
    if sys.argv[1:2] == ["--export-peer"]:
        return quantize_by_peer(Path(sys.argv[2]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dermc")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keras", default=sys.executable, help="a Python with tensorflow and tf2onnx")
    parser.add_argument("--only", default="", help="exports whose names contain this")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--no-int8", action="store_true")
    parser.add_argument("--peer", action="store_true", help="compare with ONNX Runtime's int8")
    parser.add_argument("--page", type=Path, help="write the table by architecture into this page")
    parser.add_argument("--again", action="store_true", help="judge anew what is in results.json")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    record = arguments.folder / "results.json"
    known = json.loads(record.read_text()) if record.exists() else {}
    names = [name for name in catalogue() if arguments.only in name]
    missing = [name for name in names if arguments.again or name not in known]

    def work(name):
        return judge(name, arguments.folder / name.replace("/", "-"), arguments.dermc, not arguments.no_int8,
                     arguments.keras, arguments.peer)

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        for name, row in zip(missing, pool.map(work, missing)):
            known[name] = row
            record.write_text(json.dumps(known, indent=1))
            said = f"{row['state']} {row.get('int8', '')} {row.get('detail', '')[:200]}"
            print(f"{name}: {said}", file=sys.stderr, flush=True)
    rows = [known[name] for name in names if name in known]
    show(rows)
    # A table of some of them would take the place of one of all.
    if arguments.page and all(name in known for name in catalogue()):
        write_section(arguments.page, [known[name] for name in catalogue()])


if __name__ == "__main__":
    sys.exit(main())
