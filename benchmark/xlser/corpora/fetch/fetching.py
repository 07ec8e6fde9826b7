"""Fetching a corpus: download all files, unpack them into the official layout, state the source."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xlser.corpora.corpus import Corpus
from xlser.corpora.fetch.download import Downloaded, download
from xlser.corpora.fetch.unpack import unpack
from xlser.corpora.survey import survey
from xlser.errors import FetchError
from xlser.system.files import folder_written_atomically, locked

SOURCE = "source.json"

Watch = Callable[[str, int, int], None]
"""Called with (file, bytes here, bytes in all or 0)."""


@dataclass(frozen=True)
class Fetched:
    """A corpus that was fetched.

    Attributes:
        root: its folder.
        found: usable utterances.
        missing: published utterances that the download does not hold.
    """

    root: Path
    found: int
    missing: int


def fetch(
    corpus: Corpus,
    accepted: str | None,
    into: Path,
    cache: Path,
    watch: Watch = lambda file, done, n: None,
    pause: float = 1.0,
) -> Fetched:
    """Download a corpus into `into/<name>`.

    Args:
        corpus: which; its licence must allow it (`corpus.download`).
        accepted: name of the corpus, as the user's consent to its licence.
        into: folder of corpora.
        cache: where archives are kept until they are unpacked.
        watch: called as bytes arrive.
        pause: seconds before an address is tried again.

    Raises:
        FetchError: the licence was not accepted, the corpus cannot be fetched, or its folder is
            there already.
    """
    if corpus.download is None:
        raise FetchError(
            f"{corpus.title} cannot be fetched: its licence is {corpus.licence}.",
            f"Ask for it at {corpus.homepage}, lay it out as {corpus.tree}, and see "
            f"`xlser corpora check {corpus.name}`.",
        )
    if accepted != corpus.name:
        raise FetchError(
            f"The licence of {corpus.title} ({corpus.licence}) is not accepted"
            + (f": {accepted!r} is another name." if accepted else "."),
            f"Read it at {corpus.homepage}; if you accept it, add --accept-licence {corpus.name}.",
        )
    root, work = into / corpus.name, cache / "downloads" / corpus.name
    with locked(cache / "downloads" / f"{corpus.name}.lock"):
        if root.exists():
            raise FetchError(
                f"{root} exists.",
                f"See `xlser corpora check {corpus.name}`; to fetch anew, move that folder.",
            )
        files = [
            download(remote, work, _watching(watch, remote.path), pause)
            for remote in corpus.download.files
        ]
        with folder_written_atomically(root) as partial:
            for remote, file in zip(corpus.download.files, files, strict=True):
                if remote.is_archive:
                    unpack(file.path, partial, remote.strip)
                else:
                    target = partial / remote.path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file.path, target)
            source = json.dumps(_source(corpus, files), indent=1, ensure_ascii=False)
            (partial / SOURCE).write_text(source + "\n", encoding="utf-8")
        shutil.rmtree(work, ignore_errors=True)
    found = survey(corpus, root)
    return Fetched(root, len(found.files), len(found.missing()))


def _watching(watch: Watch, file: str) -> Callable[[int, int], None]:
    return lambda done, total: watch(file, done, total)


def _source(corpus: Corpus, files: list[Downloaded]) -> dict[str, object]:
    """Return what was fetched, from where, under which licence."""
    return {
        "corpus": corpus.name,
        "title": corpus.title,
        "licence": corpus.licence,
        "licence accepted": True,
        "citation": corpus.citation,
        "homepage": corpus.homepage,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": [
            {"url": f.url, "file": f.path.name, "size": f.size, "sha256": f.sha256} for f in files
        ],
    }
