"""Holding records against their protocol, the published corpora and each other.

Nothing but the records is needed: the names of a corpus' utterances are published, and a protocol
says from them who is tested and in which order. What cannot be seen from a record is whether its
predictions were made by the method it names; that takes running it again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path, PurePosixPath

from xlser.corpora import Utterance, get_corpus
from xlser.errors import XlserError
from xlser.files import digest_json
from xlser.protocols import Labels, Protocol, Scenario, get_protocol
from xlser.records.identity import identify, place
from xlser.records.record import Predictions, Record, Role


@dataclass(frozen=True)
class Fault:
    """What is wrong with a file.

    Attributes:
        path: of the record.
        what: in a sentence.
    """

    path: Path
    what: str


@dataclass(frozen=True)
class Validation:
    """What was found in records.

    Attributes:
        records: how many were looked at.
        faults: in the order of the files.
        incomplete: what lacks seeds, a sentence each; a leaderboard shows it without a rank.
    """

    records: int
    faults: Sequence[Fault]
    incomplete: Sequence[str]


def validate(paths: Iterable[Path]) -> Validation:
    """Look at every record.

    Args:
        paths: files of records.
    """
    sound: dict[Path, Record] = {}
    faults: list[Fault] = []
    looked_at = 0
    for path in paths:
        looked_at += 1
        try:
            record = Record.read(path)
            found = list(_faults_of(record, path))
        except XlserError as error:
            found = [error.problem]
        faults += (Fault(path, what) for what in found)
        if not found:
            sound[path] = record
    faults += _doubled(sound)
    return Validation(looked_at, faults, _incomplete(sound.values()))


def _faults_of(record: Record, path: Path) -> Iterator[str]:
    """Yield what is wrong with a record whose figures are those of its predictions."""
    protocol = get_protocol(record.protocol)
    if (record.protocol_version, record.protocol_digest) != (protocol.version, protocol.digest):
        yield (
            f"It is of {protocol.name} version {record.protocol_version} "
            f"({record.protocol_digest[:8]}), not of version {protocol.version} "
            f"({protocol.digest[:8]}), which is installed."
        )
        return
    if record.classes != protocol.classes:
        yield f"Its classes are {', '.join(record.classes)}, not {', '.join(protocol.classes)}."
        return
    scenario = _scenario(
        protocol.name,
        record.target,
        record.labels,
        record.seed,
        record.source_corpora,
        tuple((corpus, tuple(names)) for corpus, names in sorted(record.excluded.items())),
    )
    if record.absent_corpora != scenario.absent_corpora:
        stated, due = map(_listed, (record.absent_corpora, scenario.absent_corpora))
        yield f"It says that of the source there lacked: {stated}; by its corpora: {due}."
    if record.source_figure != protocol.source_figure:
        yield f"Its source figure is {record.source_figure!r}, not {protocol.source_figure!r}."
    if record.scenario != scenario.digest:
        yield (
            "Its digest of who trained, who was labelled and who was tested is not that of "
            f"{record.target}, {record.labels} labels, seed {record.seed}."
        )
    if record.key != (key := digest_json(identity(record))):
        yield f"Its key is {record.key[:8]}, but what it states gives {key[:8]}."
    yield from _misplaced(record, path)
    yield from _wrong_utterances(record, scenario)


def identity(record: Record) -> dict[str, object]:
    """Return all that defines the run, as its plan digested it (`Run.identity`)."""
    return identify(
        protocol=record.protocol_digest,
        scenario=record.scenario,
        content=record.corpora,
        method=record.method.name,
        settings=record.method.settings,
        track=record.track,
        backbone=(record.backbone.name, record.backbone.weights),
        precision=record.precision,
        repeat=record.repeat,
        code=record.method.code,
    )


@lru_cache
def _scenario(
    protocol: str,
    target: str,
    labels: Labels,
    seed: int,
    source: tuple[str, ...],
    excluded: tuple[tuple[str, tuple[str, ...]], ...],
) -> Scenario:
    """Return a cell of a protocol over the published corpora."""
    chosen = get_protocol(protocol)
    without = dict(excluded)
    names = (*source, *chosen.corpora_of(target))
    catalogue = {name: _published(name, without.get(name, ())) for name in names}
    return chosen.scenario(catalogue, target, labels, seed)


def _published(name: str, excluded: Sequence[str]) -> tuple[Utterance, ...]:
    corpus = get_corpus(name)
    nowhere = Path()
    return tuple(
        Utterance(
            f"{name}/{utterance}",
            spoken.speaker,
            corpus.gender_of(spoken.speaker),
            spoken.emotion,
            spoken.sentence,
            nowhere,
        )
        for utterance, spoken in corpus.published().items()
        if utterance not in excluded
    )


def _misplaced(record: Record, path: Path) -> Iterator[str]:
    """Look at the part of the path that `xlser run` gives; a file on its own has none."""
    due = PurePosixPath(record.protocol, "results") / place(
        target=record.target,
        track=record.track,
        backbone=record.backbone.name,
        method=record.method.name,
        labels=record.labels,
        seed=record.seed,
        repeat=record.repeat,
        key=record.key,
    )
    parts = path.absolute().parts
    if path.name != due.name:
        yield f"It belongs into a file named {due.name}."
    elif "results" in parts and parts[-len(due.parts) :] != due.parts:
        yield f"It belongs to {due}."


def _wrong_utterances(record: Record, scenario: Scenario) -> Iterator[str]:
    """Compare the test utterances, their order and their emotions with the protocol's."""
    expected: dict[tuple[str, Role], list[str]] = defaultdict(list)
    roles: list[tuple[Role, Sequence[str]]] = [
        ("target", scenario.target_test),
        ("source", scenario.source_test),
    ]
    for role, ids in roles:
        for id_ in ids:
            expected[id_.partition("/")[0], role].append(id_)
    stated = [(part.corpus, part.role) for part in record.predictions]
    if stated != list(expected):
        yield f"It has predictions for {_parts(stated)}, not for {_parts(expected)}."
        return
    for part, ids in zip(record.predictions, expected.values(), strict=True):
        yield from _differences(part, ids, scenario)


def _differences(part: Predictions, expected: Sequence[str], scenario: Scenario) -> Iterator[str]:
    names = [f"{part.corpus}/{name}" for name in part.names]
    if len(names) != len(part.emotion):
        yield f"It has {len(part.emotion)} predictions for {len(names)} names of {part.corpus}."
        return
    times = Counter(names)
    missing = [id_ for id_ in expected if id_ not in times]
    stray = [id_ for id_ in times if id_ not in set(expected)]
    doubled = [id_ for id_, count in times.items() if count > 1]
    if missing:
        yield f"It lacks {len(missing)} test utterances: {_some(missing)}."
    if stray:
        yield f"It has {len(stray)} utterances that are not tested: {_some(stray)}."
    if doubled:
        yield f"It has {len(doubled)} utterances more than once: {_some(doubled)}."
    if missing or stray or doubled:
        return
    for own, due in zip_longest(names, expected):
        if own != due:
            yield f"Its utterances are not in the protocol's order: {own} stands where {due} does."
            return
    digits = [str(scenario.emotion[id_]) for id_ in expected]
    wrong = [id_ for id_, a, b in zip(expected, part.emotion, digits, strict=True) if a != b]
    if wrong:
        yield f"It gives {len(wrong)} utterances another emotion than they have: {_some(wrong)}."


def _doubled(records: Mapping[Path, Record]) -> Iterator[Fault]:
    """Find records of the same run."""
    first: dict[str, Path] = {}
    for path, record in records.items():
        if record.key in first:
            yield Fault(path, f"It is of the same run as {first[record.key]}.")
        first.setdefault(record.key, path)


def _incomplete(records: Iterable[Record]) -> list[str]:
    """Say which rows lack seeds of their protocol."""
    seeds: dict[tuple[str, ...], set[int]] = defaultdict(set)
    protocols: dict[tuple[str, ...], Protocol] = {}
    for record in records:
        if record.repeat:
            continue  # a repeat stands in no row
        changed = [f"{name}={record.method.settings[name]}" for name in record.method.changed]
        row = (
            record.protocol,
            record.target,
            record.track,
            record.backbone.name,
            record.precision,
            " ".join([record.method.name, *changed]),
            f"{record.labels} labels",
        )
        seeds[row].add(record.seed)
        protocols[row] = get_protocol(record.protocol)
    return [
        f"{', '.join(row)}: seeds {_listed(map(str, sorted(found)))} of "
        f"{_listed(map(str, protocols[row].seeds))}"
        for row, found in seeds.items()
        if found != set(protocols[row].seeds)
    ]


def _parts(parts: Iterable[tuple[str, Role]]) -> str:
    return _listed(f"{corpus} ({role})" for corpus, role in parts)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
