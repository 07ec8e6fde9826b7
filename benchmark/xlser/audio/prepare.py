"""From recordings to a feature store: on all cores, atomic, and only once."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from xlser.audio.decode import Samples, load
from xlser.audio.frontend import FrontEnd
from xlser.audio.input import Input
from xlser.audio.logmel import Extractor, LogMel
from xlser.audio.store import VERSION, FeatureStore, writing
from xlser.audio.waveform import quantised
from xlser.corpora import Inventory, Utterance
from xlser.errors import AudioError, StoreError
from xlser.settings import cpu_count
from xlser.system.files import (
    digest_file,
    digest_json,
    folder_written_atomically,
    sweep,
    write_atomically,
)
from xlser.system.threads import single_threads

Progress = Callable[[int, int], None]
"""Called with (utterances done, utterances in all)."""

_BATCH = 64  # utterances a record batch


def prepare(
    inventory: Inventory, input_: Input, cache: Path, progress: Progress = lambda done, n: None
) -> FeatureStore:
    """Return the feature store of `inventory`, making it if it is not there.

    Args:
        inventory: the utterances of a corpus.
        input_: what a backbone reads: log-mels of a front-end, or waveforms.
        cache: folder under which stores are kept, keyed by content and input.
        progress: called with (utterances done, utterances in all) while a store is made.

    Raises:
        AudioError: recordings that cannot be used; all of them are listed.
        StoreError: the folder cannot be written.
    """
    try:
        content = content_digest(inventory, cache)
        folder = store_folder(inventory, input_, content, cache)
        if not folder.is_dir():
            sweep(folder.parent)
            with folder_written_atomically(folder) as partial:
                _fill(partial, inventory, input_, content, progress)
    except OSError as cause:
        raise StoreError(
            f"No feature store of {inventory.corpus.title} can be written under {cache}: {cause}.",
            "Free some space, or set XLSER_CACHE to a folder you can write.",
        ) from cause
    return FeatureStore(folder)


def store_folder(inventory: Inventory, input_: Input, content: str, cache: Path) -> Path:
    """Return where the store of this content and input lies, made or not.

    Args:
        inventory: utterances of a corpus.
        input_: of a backbone.
        content: digest of the recordings (`content_digest`).
        cache: folder of stores.
    """
    key = digest_json([VERSION, content, input_.digest()])
    return cache / "features" / f"{inventory.corpus.name}-{key[:16]}"


def content_digest(inventory: Inventory, cache: Path) -> str:
    """Return `Inventory.digest` by way of `file_digests`."""
    return digest_json([list(item) for item in file_digests(inventory, cache).items()])


def file_digests(inventory: Inventory, cache: Path) -> dict[str, str]:
    """Return the SHA-256 of each utterance's file, by id, in the order of the inventory.

    Only files that changed since the last call are read. A file counts as unchanged while path,
    size and both times of change are (as git holds it): an intact copy put in place of a bad one
    may bring the bad one's modification time along.

    Raises:
        AudioError: recordings that cannot be read; all of them are listed.
        OSError: the cache cannot be written.
    """
    memo = cache / "digests" / f"{digest_json(str(inventory.root.resolve()))[:16]}.json"
    known = _read_memo(memo)
    current: dict[str, list[object]] = {}
    faults: list[str] = []

    def remember(batch: Sequence[Utterance]) -> None:
        for utterance in batch:
            try:
                current[str(utterance.path)] = _remember(utterance.path, known)
            except OSError as cause:
                fault = f"{utterance.path} cannot be read ({cause.strerror})"
                faults.append(f"  {utterance.id}: {fault}.")

    with ThreadPoolExecutor(cpu_count()) as pool:  # reading and hashing release Python's lock
        list(pool.map(remember, _batches(inventory)))
    if faults:
        raise _unusable(inventory, sorted(faults))
    if current != known:
        sweep(memo.parent)
        write_atomically(memo, json.dumps(current).encode())
    return {u.id: str(current[str(u.path)][-1]) for u in inventory.utterances}


def _remember(path: Path, known: dict[str, list[object]]) -> list[object]:
    """Return size, times of change and digest of a file; the digest from `known` where it may."""
    stat = path.stat()
    stamp: list[object] = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    remembered = known.get(str(path), [])
    return remembered if remembered[:-1] == stamp else [*stamp, digest_file(path)]


def _read_memo(path: Path) -> dict[str, list[object]]:
    try:
        memo = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return memo if isinstance(memo, dict) else {}


def _fill(
    folder: Path, inventory: Inventory, input_: Input, content: str, progress: Progress
) -> None:
    extract = rows_of(input_)
    faults: list[str] = []

    def features(utterance: Utterance) -> LogMel | None:
        try:
            return extract(load(utterance.path))
        except AudioError as fault:
            faults.append(f"  {utterance.id}: {fault.problem}")
            return None

    corpus, done, total = inventory.corpus.name, 0, len(inventory.utterances)
    with (
        single_threads(cpu_count()) as pool,
        writing(folder, corpus, content, input_, inventory.excluded) as out,
    ):
        logmels = _in_order(pool, features, inventory.utterances)
        for batch in _batches(inventory):
            made = [logmel for logmel in islice(logmels, len(batch)) if logmel is not None]
            if not faults:  # after a fault only the other faults are of interest
                out.append([u.id for u in batch], made)
            done += len(batch)
            progress(done, total)
        if faults:
            raise _unusable(inventory, sorted(faults))


def rows_of(input_: Input) -> Callable[[Samples], LogMel]:
    """Return what makes rows of an input from samples at 16 kHz."""
    return Extractor(input_) if isinstance(input_, FrontEnd) else quantised


def _batches(inventory: Inventory) -> Iterator[Sequence[Utterance]]:
    for start in range(0, len(inventory.utterances), _BATCH):
        yield inventory.utterances[start : start + _BATCH]


def _in_order(
    pool: ThreadPoolExecutor,
    features: Callable[[Utterance], LogMel | None],
    utterances: Sequence[Utterance],
) -> Iterator[LogMel | None]:
    """Yield the features of one utterance after the other.

    The threads are a batch ahead, so that they do not wait while another is written, and no
    further, so that memory stays bounded whatever the corpus' size.
    """
    ahead: deque[Future[LogMel | None]] = deque()
    for utterance in utterances:
        ahead.append(pool.submit(features, utterance))
        if len(ahead) > _BATCH:
            yield ahead.popleft().result()
    while ahead:
        yield ahead.popleft().result()


def _unusable(inventory: Inventory, faults: Sequence[str]) -> AudioError:
    corpus = inventory.corpus
    listed = "\n".join(faults)
    return AudioError(
        f"{len(faults)} recordings of {corpus.title} cannot be used:\n{listed}",
        f"Get intact copies ({corpus.homepage}), or leave them out by name "
        f"(--exclude {corpus.name}/NAME, or [exclude] in xlser.toml), which every record states.",
    )
