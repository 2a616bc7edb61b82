"""Puts the program and the library into the wheel, and says on which systems they run."""

import pathlib
import subprocess
import sysconfig
from typing import Any, Dict

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BinariesHook(BuildHookInterface[Any]):
    """Takes what scripts/build-wheel built into out/wheel; builds it where nothing was, which needs Swift."""

    def initialize(self, version: str, build_data: Dict[str, Any]) -> None:
        root = pathlib.Path(self.root)
        binaries = {
            root / "out/wheel/dermc": "dermc/bin/dermc",
            root / "out/wheel/libderm.so.1": "dermc/lib/libderm.so.1",
        }
        if not all(path.exists() for path in binaries):
            subprocess.run([root / "scripts/build-wheel", "--binaries"], check=True)
        build_data["force_include"].update({str(path): place for path, place in binaries.items()})
        # No part of it is compiled against Python, so one wheel serves all versions; auditwheel narrows the platform.
        build_data["tag"] = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
