"""Installing packages for real, beside the suite and for as long as a test needs them."""

import subprocess
import sys
from pathlib import Path

FAULTY = Path(__file__).parent / "plugins" / "faulty-methods"


def install(package: Path, site: Path) -> Path:
    """Let pip build `package` and install it into the folder `site`; it needs no network."""
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *offline]
    subprocess.run([*command, "--target", str(site), str(package)], check=True)
    return site
