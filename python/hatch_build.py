"""Puts the program and the library into the wheel, and says on which systems they run."""

import os
import pathlib
import subprocess
from typing import Any, Dict

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BinariesHook(BuildHookInterface[Any]):
    """Takes what scripts/build-wheel built into out/wheel, or into the folder that DERMC_WHEEL names; builds it where
    nothing was, which needs Swift."""

    def initialize(self, version: str, build_data: Dict[str, Any]) -> None:
        root = pathlib.Path(self.root)
        folder = root / os.environ.get("DERMC_WHEEL", "out/wheel")
        library = folder / "libderm.so.1"
        binaries = {folder / "dermc": "dermc/bin/dermc", library: "dermc/lib/libderm.so.1"}
        if not all(path.exists() for path in binaries):
            subprocess.run([root / "scripts/build-wheel", "--binaries"], check=True)
        build_data["force_include"].update({str(path): place for path, place in binaries.items()})
        # No part of it is compiled against Python, so one wheel serves all versions; auditwheel narrows the platform.
        build_data["tag"] = "py3-none-linux_" + machine(library)
        build_data["pure_python"] = False


def machine(library: pathlib.Path) -> str:
    """The processor that a library is for, as tags of wheels name it, by the field e_machine of its ELF header."""
    with library.open("rb") as file:
        header = file.read(20)
    return {62: "x86_64", 183: "aarch64"}[int.from_bytes(header[18:20], "little")]
