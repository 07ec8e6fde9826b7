"""Addresses of results on the Hub: `hf://datasets/OWNER/NAME`, with `@REVISION` if need be."""

import re
from dataclasses import dataclass
from pathlib import Path

from xlser.errors import HubNotFoundError, SettingsError

_ADDRESS = re.compile(r"hf:/{1,2}(?P<path>.*)")  # a Path has one slash of the two
_DATASET = re.compile(r"(?:datasets/)?(?P<name>[^/@]+/[^/@]+?)(?:@(?P<revision>.+))?/?")
_READ = ("*/results/*.json", "*/results/*.parquet", "*/protocol.json", "*/encoders.json")


@dataclass(frozen=True)
class Address:
    """A dataset of the Hub that holds results.

    Attributes:
        repository: `OWNER/NAME`.
        revision: commit, tag or branch; None for the newest.
    """

    repository: str
    revision: str | None = None

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"hf://datasets/{self.repository}" + (f"@{self.revision}" if self.revision else "")


def address_of(given: str | Path) -> Address | None:
    """Return the dataset that an address names; None if it names a folder of this machine.

    >>> address_of("hf://datasets/owner/name@v1")
    Address(repository='owner/name', revision='v1')
    >>> address_of("leaderboards") is None
    True

    Raises:
        SettingsError: it is an address of the Hub, but not of a dataset.
    """
    found = _ADDRESS.fullmatch(str(given))
    if not found:
        return None
    dataset = _DATASET.fullmatch(found["path"])
    if not dataset:
        raise SettingsError(
            f"{given} is not the address of a dataset of the Hub.",
            "Write hf://datasets/OWNER/NAME, or hf://datasets/OWNER/NAME@REVISION.",
        )
    return Address(dataset["name"], dataset["revision"])


def require_folder(given: object) -> object:
    """Return the path of a folder that results are written into.

    Raises:
        SettingsError: it is an address of the Hub.
    """
    address = address_of(given) if isinstance(given, str | Path) else None
    if address:
        raise SettingsError(
            f"{address} is on the Hub: results are written into a folder of this machine.",
            f"Get it as a folder: hf download --repo-type dataset {address.repository} "
            "--local-dir leaderboards. Results go to the Hub by xlser publish.",
        )
    return given


def local_folder(given: str | Path) -> Path:
    """Return a folder of leaderboards on this machine: that of a path, or a download.

    What is downloaded are files of records and of facts beside them, into the cache of
    huggingface_hub. What a commit holds is downloaded once. Without network the cache is used.

    Args:
        given: path, or address of a dataset.

    Raises:
        SettingsError: it is an address of the Hub, but not of a dataset.
        HubError: the dataset cannot be had, or holds no results.
    """
    address = address_of(given)
    if address is None:
        return Path(given)
    from huggingface_hub import snapshot_download

    from xlser.hub.asking import asking

    with asking(address.repository):
        found = snapshot_download(
            address.repository,
            repo_type="dataset",
            revision=address.revision,
            allow_patterns=list(_READ),
        )
    folder = Path(found)
    if not any(folder.glob("*/results")):
        raise HubNotFoundError(
            f"The dataset {address.repository} holds no results of xlser.",
            "Name a dataset that xlser publish made, with records in PROTOCOL/results.",
        )
    return folder
