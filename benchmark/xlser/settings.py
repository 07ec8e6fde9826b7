"""Where things lie: corpora, cache, weights; from options, `xlser.toml` and the environment.

`xlser.toml` in the working folder may hold

    [corpora]                     # where a corpus lies, by its name
    emodb = "/data/EmoDB"
    [exclude]                     # utterances to leave out, by name; every record lists them
    emodb = ["03a01Fa"]
    [corpora.mine]                # a corpus of one's own, from a table (docs/corpora.md)
    table = "mine.csv"
    language = "spanish"
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import BaseModel, ConfigDict

from xlser import registry
from xlser.errors import SettingsError, UnknownNameError
from xlser.system.files import is_folder, working_folder

CONFIG = "xlser.toml"


class OwnCorpus(BaseModel):
    """A corpus that `xlser.toml` makes of a table: a section `[corpora.<name>]`.

    Attributes:
        table: CSV, TSV or Parquet file of utterances.
        folder: what the table's paths are relative to; default: the table's folder.
        language: in lower case, English word; where the table has a column for it, which rows.
        labels: label of the table -> term for the emotion.
        drop: labels whose rows are left out.
        columns: "path", "speaker", ... -> the table's name for that column.
        encoding: of a text file that is not UTF-8.
        title: the name people use.
        licence: terms of use.
        citation: the publication that describes it.
        homepage: where it is from.
        naturalness: how the emotions came about.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Path
    folder: Path | None = None
    language: str | None = None
    labels: Mapping[str, str] = {}
    drop: tuple[str, ...] = ()
    columns: Mapping[str, str] = {}
    encoding: str | None = None
    title: str | None = None
    licence: str = "not stated"
    citation: str = "not stated"
    homepage: str = "not stated"
    naturalness: Literal["acted", "semi-natural"] = "acted"


class Settings(BaseModel):
    """Folders and weights on this machine, for one invocation.

    Attributes:
        corpora: folders of single corpora, by corpus name (`[corpora]`).
        own: corpora made of tables, by name (`[corpora.<name>]`).
        exclude: names or glob patterns of utterances to leave out, by corpus (`[exclude]`).
        data: folders that hold one folder per corpus, in the order searched (`--data`, XLSER_DATA).
        cache: where features, embeddings and shared checkpoints are kept (XLSER_CACHE).
        weights: file or folder of backbone weights (`--weights`, XLSER_WEIGHTS), or "random".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    corpora: Mapping[str, Path] = {}
    own: Mapping[str, OwnCorpus] = {}
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
            data: `--data`, searched before XLSER_DATA; both may be several folders, separated as
                PATH is (":", on Windows ";").
            weights: `--weights`, stronger than XLSER_WEIGHTS.
            exclude: `--exclude`, each `<corpus>/<utterance>`; added to `[exclude]`.
            folder: where `xlser.toml` is looked for.

        Raises:
            SettingsError: the file is not TOML or holds something unknown, an exclusion is not of
                the form `<corpus>/<utterance>`, or a folder of corpora does not exist.
            UnknownNameError: the file or an exclusion names a corpus that nothing registers.
        """
        written = read_config(folder)
        excluded = {corpus: list(names) for corpus, names in written.exclude.items()}
        for item in exclude:
            corpus, slash, name = item.partition("/")
            if not (corpus and slash and name):
                raise SettingsError(
                    f"--exclude {item!r} does not name an utterance.",
                    "Write <corpus>/<utterance>, for example emodb/03a01Fa.",
                )
            excluded.setdefault(corpus, []).append(name)
        known = [*registry.names("xlser.corpora"), *written.own]
        for corpus in (*written.folders, *excluded):
            if corpus not in known:
                raise UnknownNameError("corpus", corpus, known)
        folders = _folders(data) + _folders(os.environ.get("XLSER_DATA"))
        return cls(
            corpora=written.folders,
            own=written.own,
            exclude={corpus: tuple(names) for corpus, names in excluded.items()},
            data=folders,
            cache=_cache(),
            weights=weights or os.environ.get("XLSER_WEIGHTS") or None,
        )


class Config(BaseModel):
    """The content of `xlser.toml`; paths in it are relative to the file."""

    model_config = ConfigDict(extra="forbid")

    corpora: dict[str, Path | OwnCorpus] = {}
    exclude: dict[str, list[str]] = {}

    @property
    def folders(self) -> dict[str, Path]:
        """Folders of named corpora."""
        return {name: entry for name, entry in self.corpora.items() if isinstance(entry, Path)}

    @property
    def own(self) -> dict[str, OwnCorpus]:
        """Corpora made of tables."""
        return {name: entry for name, entry in self.corpora.items() if isinstance(entry, OwnCorpus)}


def read_config(folder: Path | None = None) -> Config:
    """Return the content of `xlser.toml` in `folder` (default: the working folder).

    Raises:
        SettingsError: the file is not TOML or holds something unknown.
    """
    path = (folder or working_folder()) / CONFIG
    try:
        stat = path.stat()
    except OSError:
        return Config()
    return _read_config(path, (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size))


@lru_cache(maxsize=8)
def _read_config(path: Path, state: tuple[int, ...]) -> Config:
    """Return the content of a file; read anew when its `state` changes."""
    try:
        config = Config.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValueError, RecursionError) as cause:  # of TOML, of UTF-8, or of an entry
        raise SettingsError(
            f"{path} cannot be used: {cause}",
            "It may hold [corpora] (corpus = folder), [corpora.NAME] (table = file, language, ...) "
            "and [exclude] (corpus = [utterances]).",
        ) from cause
    return config.model_copy(
        update={"corpora": {n: _placed(entry, path.parent) for n, entry in config.corpora.items()}}
    )


def _placed(entry: Path | OwnCorpus, folder: Path) -> Path | OwnCorpus:
    """Return an entry with its relative paths made relative to the folder of the file."""
    if isinstance(entry, Path):
        return folder / expanded(entry, f"[corpora] in {CONFIG}")
    table = folder / expanded(entry.table, f"table in {CONFIG}")
    own = expanded(entry.folder, f"folder in {CONFIG}") if entry.folder else None
    of = table.parent if own is None else folder / own
    return entry.model_copy(update={"table": table, "folder": of})


def expanded(path: Path | str, where: str) -> Path:
    """Return a path with the user's folder in place of `~`, or of `~name` that of another user.

    Args:
        path: as it was written.
        where: it was written, for the message.

    Raises:
        SettingsError: there is no such user, or this one has no folder.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as cause:
        raise SettingsError(
            f"{path} ({where}) cannot be used: this system knows no home folder for it.",
            "Write the whole path, without ~.",
        ) from cause


def _folders(named: Path | str | None) -> tuple[Path, ...]:
    """Return the folders that `--data` or XLSER_DATA names.

    Raises:
        SettingsError: one is not a folder.
    """
    where = "--data or XLSER_DATA"
    if not named:
        return ()
    whole = expanded(named, where)
    if is_folder(whole):  # whatever its name holds
        return (whole,)
    folders = tuple(expanded(part, where) for part in str(named).split(os.pathsep) if part)
    for folder in folders:
        if not is_folder(folder):
            raise SettingsError(
                f"{folder} ({where}) is not a folder.",
                f"Name the folder that holds emodb/, ravdess/, ...; several with {os.pathsep!r} "
                "between them.",
            )
    return folders


def _cache() -> Path:
    """Return the folder of the cache; it is made when it is first needed.

    Raises:
        SettingsError: there is no home folder to put it into.
    """
    if named := os.environ.get("XLSER_CACHE"):
        return expanded(named, "XLSER_CACHE")
    try:
        return Path(platformdirs.user_cache_dir("xlser")).expanduser()
    except RuntimeError as cause:
        raise SettingsError(
            f"There is no home folder for the cache of features ({cause}).",
            "Set XLSER_CACHE to a folder that you can write.",
        ) from cause


def cpu_count() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
