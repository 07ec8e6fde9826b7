"""Where things lie: corpora, cache, weights; from options, `xlser.toml` and the environment.

`xlser.toml` in the working folder may hold

    [corpora]                     # where a corpus lies, by its name
    emodb = "/data/EmoDB"
    [exclude]                     # utterances to leave out, by name; every record lists them
    emodb = ["03a01Fa"]
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import BaseModel, ConfigDict, ValidationError

from xlser import registry
from xlser.errors import SettingsError, UnknownNameError

CONFIG = "xlser.toml"


class Settings(BaseModel):
    """What this invocation was told about the machine it runs on.

    Attributes:
        corpora: folders of single corpora, by corpus name (`[corpora]`).
        exclude: names or glob patterns of utterances to leave out, by corpus (`[exclude]`).
        data: folders that hold a folder a corpus, in the order searched (`--data`, XLSER_DATA).
        cache: where features, embeddings and shared checkpoints are kept (XLSER_CACHE).
        weights: file or folder of backbone weights (`--weights`, XLSER_WEIGHTS), or "random".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    corpora: Mapping[str, Path] = {}
    exclude: Mapping[str, tuple[str, ...]] = {}
    data: tuple[Path, ...] = ()
    cache: Path
    weights: str | None = None

    @classmethod
    def gather(
        cls,
        data: Path | None = None,
        weights: str | None = None,
        exclude: Iterable[str] = (),
        folder: Path | None = None,
    ) -> "Settings":
        """Merge options, `xlser.toml` in `folder` (default: the working folder) and environment.

        Args:
            data: `--data`, searched before XLSER_DATA.
            weights: `--weights`, stronger than XLSER_WEIGHTS.
            exclude: `--exclude`, each `<corpus>/<utterance>`; added to `[exclude]`.
            folder: where `xlser.toml` is looked for.

        Raises:
            SettingsError: the file is not TOML or holds something unknown, or an exclusion is
                not of the form `<corpus>/<utterance>`.
            UnknownNameError: the file or an exclusion names a corpus that nothing registers.
        """
        written = _read_config((folder or Path.cwd()) / CONFIG)
        excluded = {corpus: list(names) for corpus, names in written.get("exclude", {}).items()}
        for item in exclude:
            corpus, slash, name = item.partition("/")
            if not (corpus and slash and name):
                raise SettingsError(
                    f"--exclude {item!r} does not name an utterance.",
                    "Write <corpus>/<utterance>, for example emodb/03a01Fa.",
                )
            excluded.setdefault(corpus, []).append(name)
        known = registry.names("xlser.corpora")
        for corpus in (*written.get("corpora", {}), *excluded):
            if corpus not in known:
                raise UnknownNameError("corpus", corpus, known)
        from_environment = os.environ.get("XLSER_DATA")
        folders = tuple(Path(d).expanduser() for d in (data, from_environment) if d)
        for place in folders:
            if not place.is_dir():
                raise SettingsError(
                    f"{place} (--data or XLSER_DATA) is not a folder.",
                    "Name the folder that holds emodb/, ravdess/, ... .",
                )
        return cls(
            corpora=written.get("corpora", {}),
            exclude={corpus: tuple(names) for corpus, names in excluded.items()},
            data=folders,
            cache=Path(
                os.environ.get("XLSER_CACHE") or platformdirs.user_cache_dir("xlser")
            ).expanduser(),
            weights=weights or os.environ.get("XLSER_WEIGHTS") or None,
        )


class _Config(BaseModel):
    """The form of `xlser.toml`."""

    model_config = ConfigDict(extra="forbid")

    corpora: dict[str, Path] = {}
    exclude: dict[str, list[str]] = {}


def _read_config(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        config = _Config.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as cause:
        raise SettingsError(
            f"{path} cannot be used: {cause}",
            "It may hold [corpora] (corpus = folder) and [exclude] (corpus = [utterances]).",
        ) from cause
    # A relative folder is relative to the file that names it.
    corpora = {name: path.parent / root.expanduser() for name, root in config.corpora.items()}
    return {"corpora": corpora, "exclude": config.exclude}


def cpu_count() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
