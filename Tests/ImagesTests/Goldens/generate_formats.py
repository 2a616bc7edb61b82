"""Writes WebP, TIFF, BMP and CMYK JPEG files and what Pillow makes of them (formats.npz), and turned images.

Needs: numpy, pillow, tifffile, imagecodecs. Run in this folder, after generate.py."""
import io
import struct

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageOps

random = np.random.default_rng(8)
rgb = Image.open("rgb.png")
gray = Image.open("gray.png")
alpha = Image.fromarray(random.integers(0, 256, (29, 37), dtype=np.uint8))
rgba = Image.merge("RGBA", (*rgb.split(), alpha))
palette = rgb.quantize(200)
fine = random.integers(0, 65536, (29, 37, 4), dtype=np.uint16)
pixels = np.asarray(rgb)
made = []


def name(text):
    made.append(text)
    return text


def turned(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


# WebP
rgb.save(name("lossy.webp"), quality=80)
rgb.save(name("lossless.webp"), lossless=True)
rgba.save(name("lossy_alpha.webp"), quality=80)
rgba.save(name("lossless_alpha.webp"), lossless=True, exact=True)
rgb.save(name("rotated.webp"), quality=80, exif=turned(6))
rgb.save("animated.webp", save_all=True, append_images=[rgb.transpose(Image.ROTATE_180)], duration=10)

# CMYK: inks, and luma and chroma of them; what Pillow writes is inverted, as Adobe's programs write it.
inks = np.asarray(rgb.convert("CMYK"))
made.append("cmyk.jpg")
open(name("ycck.jpg"), "wb").write(imagecodecs.jpeg8_encode(inks, level=90, colorspace="CMYK", outcolorspace="YCCK"))

# TIFF: what Pillow writes
rgb.save(name("rgb.tif"))
rgb.save(name("lzw.tif"), compression="tiff_lzw")
rgb.save(name("deflate.tif"), compression="tiff_adobe_deflate")
rgb.save(name("packbits.tif"), compression="packbits")
rgb.save(name("ycc.tif"), compression="jpeg", quality=85)
gray.save(name("gray.tif"))
gray.save(name("gray_white.tif"), tiffinfo={262: 0})
gray.convert("1").save(name("gray1.tif"))
gray.convert("1").save(name("gray1_lzw.tif"), compression="tiff_lzw")
gray.save(name("gray_jpeg.tif"), compression="jpeg")
palette.save(name("palette8.tif"), compression="tiff_lzw")
rgba.save(name("rgba.tif"), compression="tiff_deflate")
Image.merge("LA", (gray, alpha)).save(name("gray_alpha.tif"))
rgb.convert("CMYK").save(name("cmyk.tif"), compression="tiff_lzw")
rgb.save(name("pages.tif"), save_all=True, append_images=[gray])
for value in range(2, 9):
    rgb.crop((0, 0, 9, 5)).save(name(f"turned{value}.tif"), tiffinfo={274: value})


def write(file, array, **options):
    tifffile.imwrite(name(file), array, metadata=None, **options)


# and what it does not
write("predictor.tif", pixels, photometric="rgb", compression="lzw", predictor=True, rowsperstrip=7)
write("tiles.tif", pixels, photometric="rgb", compression="deflate", tile=(16, 16))
write("tiles_jpeg.tif", pixels, photometric="ycbcr", compression="jpeg", tile=(16, 32))
write("tiles_raw.tif", pixels, photometric="rgb", tile=(16, 16))
write("gray_tiles.tif", np.asarray(gray), photometric="minisblack", compression="packbits", tile=(32, 16))
write("planes.tif", np.moveaxis(pixels, -1, 0), photometric="rgb", planarconfig="separate", rowsperstrip=5)
write("planes_lzw.tif", np.moveaxis(pixels, -1, 0), photometric="rgb", planarconfig="separate", compression="lzw")
write("planes_tiles.tif", np.moveaxis(pixels, -1, 0), photometric="rgb", planarconfig="separate",
      compression="deflate", tile=(16, 16))
write("rgb_jpeg.tif", pixels, photometric="rgb", compression="jpeg", compressionargs={"outcolorspace": "rgb"})
write("big.tif", pixels, photometric="rgb", bigtiff=True, compression="deflate")
write("planes16_lzw.tif", np.moveaxis(fine[..., :3], -1, 0), photometric="rgb", planarconfig="separate",
      compression="lzw")
write("rgb16.tif", fine[..., :3], photometric="rgb", rowsperstrip=6)
write("rgb16_big_endian.tif", fine[..., :3], photometric="rgb", byteorder=">", compression="lzw", predictor=True)
write("rgba16.tif", fine, photometric="rgb", extrasamples=["unassalpha"], compression="deflate", tile=(16, 16))
write("premultiplied.tif", np.asarray(rgba), photometric="rgb", extrasamples=["assocalpha"], compression="lzw")
write("premultiplied16.tif", fine, photometric="rgb", extrasamples=["assocalpha"])
write("cmyk16.tif", fine, photometric="separated")


def tiff(width, height, tags, data, order="<"):
    """A TIFF file of one strip, with tags of short and long integers."""
    tags = {256: width, 257: height, 273: 8, 278: height, 279: len(data), **tags}
    body = data + b"\0" * (len(data) % 2)
    entries, extra = b"", b""
    end = 8 + len(body) + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        values = value if isinstance(value, list) else [value]
        kind, letter = (4, "I") if tag in (273, 279) else (3, "H")
        packed = struct.pack(f"{order}{len(values)}{letter}", *values)
        if len(packed) > 4:
            packed, extra = struct.pack(order + "I", end + len(extra)), extra + packed
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return (magic + struct.pack(order + "I", 8 + len(body)) + body + struct.pack(order + "H", len(tags)) + entries
            + bytes(4) + extra)


def packed(array, bits):
    """Rows of small integers, packed into bytes."""
    steps = np.array([(value >> shift) & 1 for value in array.flat for shift in range(bits - 1, -1, -1)], np.uint8)
    return np.packbits(steps.reshape(len(array), -1), axis=1).tobytes()


small = random.integers(0, 16, (9, 13), dtype=np.uint8)
colours = random.integers(0, 65536, 48).tolist()
for file, array, bits, meaning, more in [
        ("gray4.tif", small, 4, 1, {}), ("gray4_white.tif", small, 4, 0, {}), ("gray2.tif", small & 3, 2, 1, {}),
        ("gray2_reversed.tif", small & 3, 2, 1, {266: 2}), ("palette4.tif", small, 4, 3, {320: colours}),
        ("palette1.tif", small & 1, 1, 3, {320: colours[:6]})]:
    data = packed(array, bits)
    if 266 in more:
        data = bytes(int(f"{byte:08b}"[::-1], 2) for byte in data)
    open(name(file), "wb").write(tiff(13, 9, {258: bits, 259: 1, 262: meaning, 277: 1, **more}, data))
crop = pixels[:9, :13]
open(name("big_endian.tif"), "wb").write(
    tiff(13, 9, {258: [8, 8, 8], 259: 1, 262: 2, 277: 3}, crop.tobytes(), ">"))

# TIFF that is refused
tifffile.imwrite("16_bits.tif", fine[..., 0], metadata=None)
tifffile.imwrite("planes16.tif", np.moveaxis(fine[..., :3], -1, 0), photometric="rgb", planarconfig="separate",
                 metadata=None)
tifffile.imwrite("float.tif", pixels[..., 0].astype(np.float32), metadata=None)
tifffile.imwrite("zstd.tif", pixels, photometric="rgb", metadata=None, compression="zstd")

# BMP
rgb.save(name("rgb.bmp"))
gray.save(name("gray.bmp"))
palette.save(name("palette.bmp"))
rgba.save(name("rgba.bmp"))
gray.convert("1").save("one_bit.bmp")


def bmp(header, data):
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + len(data), 0, 0, 14 + len(header)) + header + data


rows = np.zeros((9, 40), np.uint8)
rows[:, :39] = crop[..., ::-1].reshape(9, 39)
wide = np.concatenate([crop[..., ::-1], np.full((9, 13, 1), 77, np.uint8)], -1)
info = [2835, 2835, 0, 0]
open(name("from_top.bmp"), "wb").write(bmp(struct.pack("<IiiHHIIIIII", 40, 13, -9, 1, 24, 0, 0, *info), rows.tobytes()))
open(name("core.bmp"), "wb").write(bmp(struct.pack("<IHHHH", 12, 13, 9, 1, 24), rows[::-1].tobytes()))
open(name("masks.bmp"), "wb").write(
    bmp(struct.pack("<IiiHHIIIIIIIII", 40, 13, 9, 1, 32, 3, 0, *info, 0xFF0000, 0xFF00, 0xFF), wide[::-1].tobytes()))
entries = random.integers(0, 256, (16, 4), dtype=np.uint8).tobytes()
indexes = np.zeros((9, 16), np.uint8)
indexes[:, :13] = small
open(name("palette16.bmp"), "wb").write(
    bmp(struct.pack("<IiiHHIIIIII", 40, 13, 9, 1, 8, 0, 0, 2835, 2835, 16, 0) + entries, indexes.tobytes()))

decoded = {}
for file in made:
    image = Image.open(file)
    decoded[file] = np.asarray(image.convert("RGB"))
    assert file.startswith("gray") == (image.mode in ("1", "L", "LA")), (file, image.mode)

# Orientation: rotated.jpg with other values, as the tests change it; in XMP; and other formats
source = open("rotated.jpg", "rb").read()
tag = source.index(bytes.fromhex("011200030000000100"))
for value in range(10):
    patched = source[:tag + 9] + bytes([value]) + source[tag + 10:]
    decoded[f"orientation {value}"] = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(patched))))
rgb.save("rotated.png", exif=turned(8))
xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="5"/></x:xmpmeta>'
rgb.save("xmp.jpg", xmp=xmp)
rgb.save("xmp.webp", xmp=xmp)
for file in ["rotated.png", "rotated.webp", "xmp.jpg", "xmp.webp"]:
    decoded["upright " + file] = np.asarray(ImageOps.exif_transpose(Image.open(file)))
np.savez_compressed("formats.npz", **decoded)
