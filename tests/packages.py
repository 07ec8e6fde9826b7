"""Installing packages, beside the suite and for as long as a test needs them."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

FAULTY = Path(__file__).parent / "plugins" / "faulty-methods"


def install(package: Path, site: Path) -> Path:
    """Let pip build `package` and install it into the folder `site`; it needs no network."""
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *offline]
    subprocess.run([*command, "--target", str(site), str(package)], check=True)
    return site


class Package:
    """An installed package that registers plugins: a module and its metadata on the path."""

    def __init__(self, site: Path) -> None:
        self.site = site

    def install(
        self,
        module: str,
        code: str,
        *,
        distribution: str = "strangers",
        version: str = "1.2.3",
        group: str = "xlser.methods",
        **points: str,
    ) -> None:
        """Write `code` as `module` and register each of `points` (name -> object) from it."""
        (self.site / f"{module}.py").write_text(dedent(code), encoding="utf-8")
        metadata = self.site / f"{distribution}-{version}.dist-info"
        metadata.mkdir()
        about = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        (metadata / "METADATA").write_text(about, encoding="utf-8")
        lines = [f"{name} = {module}:{kind}" for name, kind in points.items()]
        listing = "\n".join([f"[{group}]", *lines, ""])
        (metadata / "entry_points.txt").write_text(listing, encoding="utf-8")
