"""Writes the .npy and .npz files the tests read. Needs: numpy. Run in this folder."""
import io
import struct
import zipfile

import numpy as np
from numpy.lib import format as npy

values = np.array([[0, 1, -2], [3.5, -4.25, 100]])

for descriptor in ["<f4", "<f8", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "|b1", ">f4", "<f2", "<c8", "<U3"]:
    np.save(f"{descriptor[1:] if descriptor[0] != '>' else 'big_' + descriptor[1:]}.npy",
            np.abs(values).astype(descriptor) if "u" in descriptor else values.astype(descriptor))
np.save("scalar.npy", np.float32(2.5))
np.save("empty.npy", np.zeros((0, 3), np.float32))
np.save("vector.npy", np.arange(5, dtype=np.int64))
np.save("four.npy", np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5))
np.save("fortran.npy", np.asfortranarray(values.astype("<f4")))
np.save("structured.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4", (2,))]))
for version in [(2, 0), (3, 0)]:
    with open(f"version{version[0]}.npy", "wb") as file:
        npy.write_array(file, values.astype("<f4"), version=version)

calibration = np.arange(4 * 8, dtype=np.float32).reshape(4, 8)
np.savez("stored.npz", x=calibration, y=np.arange(4))
np.savez_compressed("deflated.npz", x=calibration, y=np.arange(4))


def wide(name, content):
    """A zip file whose directory gives all sizes, offsets and counts in their zip64 form."""
    crc, size, wide32 = zipfile.crc32(content), len(content), 0xFFFFFFFF
    name = name.encode()
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 0, 0, 0, crc, wide32, wide32, len(name), 20)
    local += name + struct.pack("<HHQQ", 1, 16, size, size) + content
    extra = struct.pack("<HHI", 0x5455, 4, 0) + struct.pack("<HHQQQ", 1, 24, size, size, 0)
    central = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 0, 0, 0, crc, wide32, wide32, len(name),
                          len(extra), 0, 0, 0, 0, wide32) + name + extra
    record = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 1, 1, len(central), len(local))
    locator = struct.pack("<IIQI", 0x07064B50, 0, len(local) + len(central), 1)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, wide32, wide32, 5) + b"hello"
    return local + central + record + locator + end


buffer = io.BytesIO()
np.save(buffer, calibration)
data = wide("x.npy", buffer.getvalue())
assert np.array_equal(np.load(io.BytesIO(data))["x"], calibration)
open("wide.npz", "wb").write(data)
