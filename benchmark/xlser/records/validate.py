"""Records compared with their protocol, the published corpora and each other.

Nothing but the records is needed: the names of a corpus' utterances are published, and a protocol
derives from them who is tested, and in which order. What a record cannot show is whether its
predictions were made by the method it names; that takes running it again.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from xlser.corpora import published_recordings
from xlser.errors import XlserError
from xlser.protocols import Protocol
from xlser.records.columns import ROLES
from xlser.records.identity import identify, place
from xlser.records.prediction import Role
from xlser.records.record import Record
from xlser.records.runs_table import Runs, TestSet
from xlser.records.soundness.agreement import (
    contradictions,
    false_claims,
    unfit_names,
    unsubmittable,
)
from xlser.records.soundness.demands import Demands, Due
from xlser.records.soundness.readable import read_readable
from xlser.records.store import bytes_of
from xlser.system.files import digest_json


@dataclass(frozen=True)
class Fault:
    """What is wrong with a record.

    Attributes:
        path: of the record; of a packed one, where its own file would lie.
        what: in a sentence.
    """

    path: Path
    what: str


@dataclass(frozen=True)
class Validation:
    """What was found in records.

    Attributes:
        records: how many were checked.
        faults: in the order of their paths.
        incomplete: rows that lack seeds, a sentence each; a leaderboard shows them unranked.
    """

    records: int
    faults: Sequence[Fault]
    incomplete: Sequence[str]


def validate(paths: Iterable[Path], submitted: bool = False) -> Validation:
    """Check every record.

    Args:
        paths: files of a record each, and packed files.
        submitted: whether they are new, and so must state what earlier records may lack.
    """
    faults: list[Fault] = []
    runs, wrong, count = read_readable(list(paths))
    faults += (Fault(path, what) for path, what in wrong)
    sound: list[Any] = []
    misplaced: dict[Path, str] = {}
    demands = Demands()
    for i, run in enumerate(runs.rows() if len(runs) else ()):
        try:
            found = [*contradictions(run), *false_claims(run), *unfit_names(run)]
            found += _other_recordings(run)
            found += unsubmittable(run) if submitted else ()
            found += _faults_of(run, runs, i, demands)
            if not found and (what := _misplaced(run, demands)):
                misplaced[run.path] = what
        except XlserError as error:
            found = [error.problem]
        faults += (Fault(run.path, what) for what in found)
        if not found:
            sound.append(run)
    copies = list(_doubled(sorted(sound, key=lambda run: run.path in misplaced)))
    of_a_copy = {fault.path for fault in copies}
    faults += (Fault(p, what) for p, what in misplaced.items() if p not in of_a_copy)
    faults += copies
    faults.sort(key=lambda fault: fault.path)
    return Validation(count, faults, _incomplete(sound, demands))


def _other_recordings(run: Any) -> Iterator[str]:
    """Compare the digests of recordings with those that corpora publish."""
    excluded = json.loads(run.excluded)
    for corpus, digest in json.loads(run.corpora).items():
        published = published_recordings(corpus, run.classes, excluded.get(corpus, ()))
        if published not in ("", digest):
            yield (
                f"Its recordings of {corpus} ({digest[:8]}) are not those of the release "
                f"({published[:8]})."
            )


def _faults_of(run: Any, runs: Runs, i: int, demands: Demands) -> Iterator[str]:
    """Yield what is wrong with a record whose scores are those of its predictions."""
    protocol = demands.protocol(run.protocol, _leaderboards(run.path))
    if (run.protocol_version, run.protocol_digest) != (protocol.version, protocol.digest):
        yield (
            f"It is of {protocol.name} version {run.protocol_version} "
            f"({run.protocol_digest[:8]}), not of version {protocol.version} "
            f"({protocol.digest[:8]}), which is installed."
        )
        return
    if run.classes != (classes := protocol.classes_of(run.target)):
        yield f"Its classes are {', '.join(run.classes)}, not {', '.join(classes)}."
        return
    fold = f", fold {run.fold}" if protocol.folds > 1 else ""
    due = demands.due(run, _leaderboards(run.path))
    if run.absent_corpora != due.absent_corpora:
        yield (
            f"It states that these source corpora were absent: {_listed(run.absent_corpora)}; "
            f"by the corpora it trained on they were: {_listed(due.absent_corpora)}."
        )
    if run.source_figure != protocol.source_figure:
        yield f"Its source figure is {run.source_figure!r}, not {protocol.source_figure!r}."
    if run.scenario != due.digest:
        yield (
            "Its digest of who trained, who was labelled and who was tested is not that of "
            f"{run.target}, {run.labels} labels, seed {run.seed}{fold}."
        )
    if run.key != (key := digest_json(_identity(run))):
        yield f"Its key is {run.key[:8]}, but what it states gives {key[:8]}."
    yield from _wrong_utterances({role: runs.test_set(i, role) for role in ROLES}, due)


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
        recipe=record.backbone.recipe,
        tuning=record.backbone.tuning,
    )


def _identity(run: Any) -> dict[str, object]:
    """Return `identity` from a row of the frame."""
    return identify(
        protocol=run.protocol_digest,
        scenario=run.scenario,
        content=json.loads(run.corpora),
        method=run.method,
        settings=json.loads(run.settings),
        track=run.track,
        backbone=(run.backbone, run.weights),
        precision=run.precision,
        repeat=run.repeat,
        code=run.code,
        recipe=run.recipe and json.loads(run.recipe),
        tuning=run.tuning,
    )


def _leaderboards(path: Path) -> Path | None:
    """Return the folder of leaderboards that a record lies in, if it lies in one."""
    return next((above.parent.parent for above in path.parents if above.name == "results"), None)


def _misplaced(run: Any, demands: Demands) -> str | None:
    """Look at the part of the path that `xlser run` gives; a file on its own has none."""
    protocol = demands.protocol(run.protocol, _leaderboards(run.path))
    due = PurePosixPath(run.protocol, "results") / place(
        target=run.target,
        track=run.track,
        backbone=run.backbone,
        method=run.method,
        labels=run.labels,
        seed=run.seed,
        fold=run.fold if protocol.folds > 1 else None,
        repeat=run.repeat,
        key=run.key,
    )
    parts = run.path.absolute().parts
    if run.path.name != due.name:
        return f"It was renamed: it belongs into a file named {due.name}."
    if "results" in parts and parts[-len(due.parts) :] != due.parts:
        return f"It was moved: it belongs to {due}."
    return None


def _wrong_utterances(tested: Mapping[Role, TestSet], due: Due) -> Iterator[str]:
    """Compare the test utterances, their order and their emotions with the protocol's."""
    wrong = [role for role in ROLES if tested[role] != due.tested[role]]
    if not wrong:
        return
    own, expected = _parts(tested), _parts(due.tested)
    if own != expected:
        yield f"It has predictions for {_listed(own)}, not for {_listed(expected)}."
        return
    for role in wrong:
        start = 0
        due_names = dict(due.tested[role].parts)
        due_emotion = dict(zip(due.tested[role].ids, due.tested[role].emotion, strict=True))
        for corpus, names in tested[role].parts:
            emotion = tested[role].emotion[start : start + len(names)]
            start += len(names)
            ids = [f"{corpus}/{name}" for name in names]
            yield from _differences(
                ids, emotion, [f"{corpus}/{name}" for name in due_names[corpus]], due_emotion
            )


def _differences(
    own: Sequence[str], emotion: str, expected: Sequence[str], due: Mapping[str, str]
) -> Iterator[str]:
    """Yield how the test utterances of one corpus differ from those expected."""
    times = Counter(own)
    wanted = set(expected)
    missing = [id_ for id_ in expected if id_ not in times]
    stray = [id_ for id_ in times if id_ not in wanted]
    doubled = [id_ for id_, count in times.items() if count > 1]
    if missing:
        yield f"It lacks {len(missing)} test utterances: {_some(missing)}."
    if stray:
        yield f"It has {len(stray)} utterances that are not tested: {_some(stray)}."
    if doubled:
        yield f"It has {len(doubled)} utterances more than once: {_some(doubled)}."
    if missing or stray or doubled:
        return
    for stands, belongs in zip(own, expected, strict=True):
        if stands != belongs:
            yield (
                f"Its utterances are not in the protocol's order: {stands} stands where "
                f"{belongs} does."
            )
            return
    pairs = zip(expected, emotion, strict=True)
    wrong = [id_ for id_, digit in pairs if digit != due[id_]]
    if wrong:
        yield f"It states another emotion for {len(wrong)} utterances: {_some(wrong)}."


def _doubled(runs: Iterable[Any]) -> Iterator[Fault]:
    """Find records of the same run."""
    first: dict[str, Any] = {}
    for run in runs:
        earlier = first.setdefault(run.key, run)
        if earlier is run:
            continue
        copied = bytes_of(run.path, run.file) == bytes_of(earlier.path, earlier.file)
        held = "" if earlier.file == earlier.path else f", packed in {earlier.file}"
        what = "is a copy, byte for byte, of" if copied else "is of the same run as"
        yield Fault(run.path, f"It {what} {earlier.path}{held}.")


def _incomplete(runs: Iterable[Any], demands: Demands) -> list[str]:
    """Return which rows lack seeds of their protocol."""
    recorded: dict[tuple[str, ...], set[tuple[int, int]]] = defaultdict(set)
    protocols: dict[tuple[str, ...], Protocol] = {}
    for run in runs:
        if run.repeat:
            continue  # a repeat stands in no row
        settings = json.loads(run.settings) if run.changed else {}
        condition = run.protocol, run.target, run.track, run.backbone, run.precision
        row = (
            *condition,
            " ".join([run.method, *(f"{name}={settings[name]}" for name in run.changed)]),
            f"{run.labels} labels",
        )
        recorded[row].add((run.seed, run.fold))
        protocols[row] = demands.protocol(run.protocol, _leaderboards(run.path))
    return [
        f"{', '.join(row)}: {'runs' if protocols[row].folds > 1 else 'seeds'} "
        f"{_cells(protocols[row], found)} of {_cells(protocols[row], protocols[row].cells)}"
        for row, found in recorded.items()
        if found != set(protocols[row].cells)
    ]


def _cells(protocol: Protocol, cells: Iterable[tuple[int, int]]) -> str:
    """Return seeds, or where there are folds the number of runs."""
    seeds = [str(seed) for seed, _ in sorted(cells)]
    return str(len(seeds)) if protocol.folds > 1 else ", ".join(seeds)


def _parts(tested: Mapping[Role, TestSet]) -> list[str]:
    return [f"{corpus} ({role})" for role in ROLES for corpus in tested[role].corpora]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
