"""Writes the images the tests decode and what Pillow and numpy make of them. Needs: numpy, pillow. Run in this folder."""
import io
import struct
import zlib

import numpy as np
from PIL import Image

random = np.random.default_rng(7)


def picture(width, height):
    """Smooth colours with an ellipse and some noise."""
    y, x = np.mgrid[0:height, 0:width]
    spot = ((x - 0.55 * width) / (0.3 * width)) ** 2 + ((y - 0.45 * height) / (0.35 * height)) ** 2 < 1
    layers = [40 + 180 * x / width, 200 - 120 * y / height, 90 + 60 * np.sin(0.4 * x + 0.3 * y)]
    image = np.stack(layers, -1) * np.where(spot, 0.45, 1)[..., None] + random.normal(0, 9, (height, width, 3))
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


rgb = picture(37, 29)
gray = rgb.convert("L")
rgb.save("ycc420.jpg", quality=85)
rgb.save("ycc422.jpg", quality=85, subsampling=1)
rgb.save("ycc444.jpg", quality=95, subsampling=0)
rgb.save("progressive.jpg", quality=85, progressive=True)
rgb.save("restarts.jpg", quality=85, restart_marker_blocks=2)
rgb.save("rgb.jpg", quality=85, keep_rgb=True)
gray.save("gray.jpg", quality=85)
rgb.convert("CMYK").save("cmyk.jpg", quality=85)
orientation = Image.Exif()
orientation[0x0112] = 6
rgb.save("rotated.jpg", quality=85, exif=orientation)

alpha = Image.fromarray(random.integers(0, 256, (29, 37), dtype=np.uint8))
rgb.save("rgb.png")
gray.save("gray.png")
rgb.quantize(13).save("palette4.png", bits=4)
rgb.quantize(200).save("palette8.png")
rgb.quantize(16).save("palette_alpha.png", transparency=3)
rgb.save("rgb_transparency.png", transparency=(1, 2, 3))
gray.convert("1").save("gray1.png")
Image.merge("RGBA", (*rgb.split(), alpha)).save("rgba.png")
Image.merge("LA", (gray, alpha)).save("gray_alpha.png")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(array, colours, bits, interlaced):
    """A PNG file of big-endian 16-bit or 8-bit samples, or 2-bit grays, that Pillow cannot write."""
    height, width = array.shape[:2]
    data = b""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    for y, x, down, right in passes if interlaced else [(0, 0, 1, 1)]:
        part = array[y::down, x::right]
        if part.size == 0:
            continue
        for row in part:
            if bits == 2:
                row = np.concatenate([row, np.zeros(-len(row) % 4, np.uint8)]).reshape(-1, 4)
                row = (row << np.array([6, 4, 2, 0], np.uint8)).sum(1).astype(np.uint8)
            data += b"\0" + row.astype(">u2" if bits == 16 else "u1").tobytes()
    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


fine = random.integers(0, 65536, (29, 37, 4), dtype=np.uint16)
open("rgb16.png", "wb").write(png(fine[..., :3], 2, 16, False))
open("gray16.png", "wb").write(png(fine[..., 0], 0, 16, False))
open("rgba16_interlaced.png", "wb").write(png(fine, 6, 16, True))
open("rgb_interlaced.png", "wb").write(png(np.asarray(rgb), 2, 8, True))
open("gray2.png", "wb").write(png(np.asarray(gray) >> 6, 0, 2, False))

decoded = {}
for name in ["ycc420.jpg", "ycc422.jpg", "ycc444.jpg", "progressive.jpg", "restarts.jpg", "rgb.jpg", "gray.jpg",
             "rotated.jpg", "rgb.png", "gray.png", "palette4.png", "palette8.png", "palette_alpha.png",
             "rgb_transparency.png", "gray1.png", "rgba.png", "gray_alpha.png", "rgb16.png", "rgba16_interlaced.png",
             "rgb_interlaced.png", "gray2.png"]:
    decoded[name] = np.asarray(Image.open(name).convert("RGB"))
# Pillow saturates 16-bit grays where it takes the upper byte of 16-bit colours.
decoded["gray16.png"] = np.repeat((fine[..., :1] >> 8).astype(np.uint8), 3, -1)
np.savez_compressed("decoded.npz", **decoded)

resized = {}
for width, height in [(37, 29), (96, 96), (28, 28), (12, 10), (1, 1), (3, 200), (200, 3), (37, 14), (18, 29), (36, 30), (30, 10),
                      (26, 6), (25, 5)]:
    resized[f"rgb {width}x{height}"] = np.asarray(rgb.resize((width, height), Image.BILINEAR))
    resized[f"gray {width}x{height}"] = np.asarray(gray.resize((width, height), Image.BILINEAR))
hard = Image.fromarray((random.integers(0, 2, (64, 71, 3)) * 255).astype(np.uint8))
hard.save("hard.png")
for width, height in [(96, 96), (28, 31), (9, 64), (71, 100), (5, 5)]:
    resized[f"hard {width}x{height}"] = np.asarray(hard.resize((width, height), Image.BILINEAR))
np.savez_compressed("resized.npz", **resized)


def center_crop(image, height, width):
    """torchvision's Resize(short), CenterCrop((height, width)), in its own arithmetic."""
    size = int(max(height, width) * 256 / 224)
    w, h = image.size
    short, long = (w, h) if w <= h else (h, w)
    new_short, new_long = size, int(size * long / short)
    image = image.resize((new_short, new_long) if w <= h else (new_long, new_short), Image.BILINEAR)
    top, left = int(round((image.height - height) / 2.0)), int(round((image.width - width) / 2.0))
    return image.crop((left, top, left + width, top + height))


cropped = {}
for name, image in {"rgb": rgb, "hard": hard, "tall": rgb.transpose(Image.ROTATE_90)}.items():
    for height, width in [(96, 96), (28, 28), (7, 7), (20, 24), (24, 20)]:
        cropped[f"{name} {width}x{height}"] = np.asarray(center_crop(image, height, width))
np.savez_compressed("cropped.npz", **cropped)

imagenet = (1 / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
inputs = {}
for name, (scale, mean, std) in {"imagenet": imagenet, "signed": (1 / 127.5, [1] * 3, [1] * 3),
                                 "raw": (1, [159.88402177] * 3, [46.45399133] * 3)}.items():
    mean, std = np.array(mean, np.float32), np.array(std, np.float32)
    small = np.asarray(rgb.resize((12, 10), Image.BILINEAR), np.float32)
    inputs[name] = (small * scale - mean) / std
    inputs[name + " bgr"] = (small[..., ::-1] * scale - mean) / std
    one = np.asarray(gray.resize((12, 10), Image.BILINEAR), np.float32)[..., None]
    inputs[name + " gray"] = (one * scale - mean[:1]) / std[:1]
    assert all(value.dtype == np.float32 for value in inputs.values())
np.savez_compressed("inputs.npz", **inputs)
