"""Which runs make a row, what the row is called, and what sets it apart from the others.

A row is a method with its hyper-parameters at a label budget, under one condition, on the same
recordings: the seeds of one run. Hyper-parameters are all of them, not only those that differ from
the defaults, so a new default makes a new row.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import compress
from typing import Any, NamedTuple

import pandas as pd

from xlser.corpora import published_recordings
from xlser.methods.provenance.owned import code_in_words
from xlser.methods.vocabulary import TWIN
from xlser.records.runs_table import canonical
from xlser.records.soundness.claims import claim_of
from xlser.system.files import digest_json, safe_name

CONDITION = (
    "track", "backbone", "weights", "recipe", "precision", "source_corpora", "absent_corpora",
    "excluded",
)  # fmt: skip
"""The columns of runs that a condition is made of."""

METHOD = ("method", "settings", "code", "other")
"""Columns that define a method: its name, all hyper-parameters, the code of one that no package
provides, and what sets it apart from the method of that name of this distribution."""

CLAIM = ("method", "package", "packaged", "code", "packaged_code", "settings", "changed")
"""Columns that show what the name of a method is worth."""

TABLE = ("target", "condition")
"""Columns that define a table."""

ROW = (*TABLE, *METHOD, "labels", "corpora")
"""Columns that define a row."""


@dataclass(frozen=True, order=True)
class Condition:
    """What rows must have in common to stand in one table.

    Attributes:
        partial: whether corpora or utterances were left out; complete tables come first.
        track: finetune or frozen.
        backbone: its name.
        weights: their git blob id, "random" or "none".
        recipe: how the backbone made embeddings, as JSON; empty where no choice is stated.
        precision: of training.
        source: corpora that trained.
        absent: corpora of the protocol's source that were not there.
        excluded: utterances left out, as `corpus/name`.
    """

    partial: bool
    track: str
    backbone: str
    weights: str
    recipe: str
    precision: str
    source: tuple[str, ...]
    absent: tuple[str, ...]
    excluded: tuple[str, ...]

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> "Condition":
        """Return the condition of a run.

        Args:
            run: values of the columns `CONDITION`.
        """
        excluded = json.loads(run["excluded"])
        return cls(
            partial=bool(run["absent_corpora"] or excluded),
            track=run["track"],
            backbone=run["backbone"],
            weights=run["weights"],
            recipe=run["recipe"],
            precision=run["precision"],
            source=tuple(run["source_corpora"]),
            absent=tuple(run["absent_corpora"]),
            excluded=tuple(f"{corpus}/{name}" for corpus in excluded for name in excluded[corpus]),
        )

    @property
    def title(self) -> str:
        """All of it, for headings."""
        backbone = f"{self.backbone} (weights {self._short_weights}"
        layer = json.loads(self.recipe or "{}").get("layer")
        if layer is not None:
            backbone += ", all layers" if layer < 0 else f", layer {layer}"
        parts = [f"{self.track} track", f"{backbone})"]
        parts.append(self.precision)
        if self.absent:
            parts.append(f"partial source: {', '.join(self.source)}")
        if self.excluded:
            parts.append(f"excluded: {', '.join(self.excluded)}")
        return "; ".join(parts)

    @property
    def slug(self) -> str:
        """All of it, for names of files; the usual (no weights to name, fp32) is left out."""
        parts = [self.track, safe_name(self.backbone)]
        if self.weights != "none":
            parts.append(self._short_weights)
        if self.recipe:
            parts.append(digest_json(self.recipe)[:4])
        if self.precision != "fp32":
            parts.append(self.precision)
        if self.absent:
            parts += ["without", *self.absent]
        if self.excluded:
            parts += ["excluding", digest_json(self.excluded)[:6]]
        return "-".join(parts)

    @property
    def _short_weights(self) -> str:
        return self.weights if self.weights in ("random", "none") else self.weights[:8]


def arrange(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs with columns that assign them to rows.

    Args:
        runs: `Runs.frame`.

    Returns:
        The same rows with further columns:

        - `condition`: a `Condition`;
        - `row`: what tables call the row;
        - `other`: what sets a run apart that bears the name of a method of this distribution (see
          `soundness.claims` of the records); empty for none. `changed` holds all that is not at its
          default;
        - `other_recordings`: corpora of which the run used other recordings than the release, or
          where that is not known than most runs of its table, separated by commas; empty for none;
        - `twin_of`: the row whose method this one is without its unlabelled speech (its settings
          are the same but for `twin`); None for any other row, and where that row is not there;
        - `versions`: versions of the code, if the row's seeds come from several; else empty;
        - `doubled`: whether the row has the run's seed and fold from an earlier file already. A
          repeat of a run stands in no row; for it this is true as well.
    """
    frame = runs.copy()
    frame["condition"] = pd.Series([*_conditions(runs)], runs.index, dtype=object)
    frame["code"] = frame["code"].fillna("")
    claims = [claim_of(run) for run in frame[[*CLAIM]].itertuples(index=False)]
    frame["other"] = [claim.other for claim in claims]
    frame["changed"] = pd.Series([claim.changed for claim in claims], frame.index, dtype=object)
    shown = frame[frame["repeat"] == 0]
    frame["other_recordings"] = [*_other_recordings(frame, _usual_recordings(shown))]
    names = _names(frame[[*METHOD, "changed"]].itertuples(index=False, name=None))
    methods = frame[list(METHOD)].itertuples(index=False, name=None)
    frame["row"] = [names[method] for method in methods]
    shown = frame[frame["repeat"] == 0]
    frame["row"] = _named_apart(shown).reindex(frame.index).fillna(frame["row"])
    frame["twin_of"] = pd.Series([*_twins(frame)], frame.index, dtype=object)
    versions: dict[tuple[Any, ...], set[tuple[str, ...]]] = defaultdict(set)
    for *key, version in zip(*(shown[name] for name in ROW), _versions(shown), strict=True):
        versions[tuple(key)].add(version)
    in_words = {key: _in_words(found) for key, found in versions.items()}
    frame["versions"] = [
        in_words.get(key, "") for key in frame[list(ROW)].itertuples(index=False, name=None)
    ]
    frame["doubled"] = shown.duplicated([*ROW, "seed", "fold"]).reindex(
        frame.index, fill_value=True
    )
    return frame


def _twins(frame: pd.DataFrame) -> Iterator[str | None]:
    """Yield the row that each run's method is the twin of."""
    rows = [*frame[[*ROW, "row", "repeat"]].itertuples(index=False, name=None)]
    names = {key: row for *cells, row, repeat in rows if not repeat for key in [tuple(cells)]}
    place = ROW.index("settings")
    for *cells, _, _ in rows:
        if (without := _without_twin(cells[place])) is None:
            yield None
            continue
        cells[place] = without
        yield names.get(tuple(cells))


@cache
def _without_twin(settings: str) -> str | None:
    """Return the settings of the method whose twin has these; None if they are no twin's."""
    stated = json.loads(settings)
    return canonical(stated) if stated.pop(TWIN, False) is True else None


def marks_of(other_recordings: str, versions: str) -> tuple[str, ...]:
    """Return why a row is not ranked; empty for a row that is.

    Args:
        other_recordings: that column of `arrange`: what is other; "" for nothing.
        versions: that column of `arrange`: the versions of a mixed row; "" for one version.
    """
    marks = {"other recordings": other_recordings, "versions": versions}
    return tuple(f"{mark}: {detail}" for mark, detail in marks.items() if detail)


def _conditions(runs: pd.DataFrame) -> Iterator[Condition]:
    known: dict[tuple[Any, ...], Condition] = {}
    for values in runs[list(CONDITION)].itertuples(index=False, name=None):
        if values not in known:
            known[values] = Condition.of(dict(zip(CONDITION, values, strict=True)))
        yield known[values]


def _usual_recordings(shown: pd.DataFrame) -> dict[tuple[Any, ...], str]:
    """Return the digests of the recordings of most runs of each table; the first, if as many."""
    counts: dict[tuple[Any, ...], dict[str, list[Any]]] = defaultdict(dict)
    columns = shown[[*TABLE, "corpora", "started"]]
    for *table, corpora, started in columns.itertuples(index=False, name=None):
        count = counts[tuple(table)].setdefault(corpora, [0, started])
        count[0] -= 1
        count[1] = min(count[1], started)
    return {
        table: min(of_table, key=lambda corpora: (*of_table[corpora], corpora))
        for table, of_table in counts.items()
    }


def _other_recordings(frame: pd.DataFrame, usual: Mapping[tuple[Any, ...], str]) -> Iterator[str]:
    """Yield the corpora of which each run used other recordings than it should."""
    columns = frame[[*TABLE, "corpora", "classes", "excluded"]]
    known: dict[tuple[Any, ...], str] = {}
    for values in columns.itertuples(index=False, name=None):
        if values not in known:
            *table, corpora, classes, excluded = values
            own, left_out = json.loads(corpora), json.loads(excluded)
            due = json.loads(usual.get(tuple(table), corpora))
            for name in own:
                if published := published_recordings(name, classes, left_out.get(name, ())):
                    due[name] = published
            known[values] = ", ".join(_differing(own, due))
        yield known[values]


def _versions(runs: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    """Yield the version of the code that made each run: package, xlser, commits, its code."""
    columns = runs[["method", "package", "packages", "git", "packaged_code"]]
    for method, package, packages, git, code in columns.itertuples(index=False, name=None):
        suite = json.loads(packages).get("xlser", "")
        commits = " ".join(sorted({commit[:8] for commit in json.loads(git).values()}))
        yield package, f"xlser {suite}", commits, code_in_words(method, code)


def _in_words(versions: Collection[tuple[str, ...]]) -> str:
    """Return what distinguishes versions; "" for a single one."""
    if len(versions) < 2:
        return ""
    differing = [len(set(parts)) > 1 for parts in zip(*versions, strict=True)]
    shown = {" ".join(filter(None, compress(version, differing))) for version in versions}
    return ", ".join(sorted(each or "not stated" for each in shown))


def _differing(own: Mapping[str, str], usual: Mapping[str, str]) -> list[str]:
    return sorted(
        corpus for corpus in own.keys() | usual.keys() if own.get(corpus) != usual.get(corpus)
    )


class _Method(NamedTuple):
    name: str
    settings: str
    code: str
    other: str


def _names(methods: Iterable[tuple[Any, ...]]) -> dict[tuple[str, ...], str]:
    """Return a name for each method: its own with the hyper-parameters that were changed.

    Methods that would share a name print the hyper-parameters in which they differ; if they differ
    in none, the digest of their code.
    """
    changed: dict[_Method, list[str]] = {}
    for *key, of_run in methods:
        method = _Method(*key)
        kept = changed.setdefault(method, list(of_run))
        changed[method] = [name for name in kept if name in of_run]
    settings = {method: json.loads(method.settings) for method in changed}
    names = {method: _titled(method, changed[method], settings[method]) for method in changed}
    for alike in _sharing(names):
        differing = _differing_settings([settings[method] for method in alike])
        for method in alike:
            shown = [*changed[method], *(x for x in differing if x not in changed[method])]
            names[method] = _titled(method, shown, settings[method])
    for alike in _sharing(names):
        for method in alike:
            names[method] = with_detail(names[method], f"code {method.code[:8] or 'of a package'}")
    return {tuple(method): name for method, name in names.items()}


def _sharing(names: Mapping[_Method, str]) -> list[list[_Method]]:
    by_name: dict[str, list[_Method]] = {}
    for method, name in names.items():
        by_name.setdefault(name, []).append(method)
    return [alike for alike in by_name.values() if len(alike) > 1]


def _differing_settings(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    known = sorted({name for each in settings for name in each})
    first = settings[0]
    return [
        name
        for name in known
        if any(
            (name in each, each.get(name)) != (name in first, first.get(name)) for each in settings
        )
    ]


def _titled(method: _Method, shown: Iterable[str], settings: Mapping[str, Any]) -> str:
    details = [f"{name}={settings[name]}" if name in settings else f"no {name}" for name in shown]
    details += [method.other] if method.other else []
    return with_detail(method.name, ", ".join(details)) if details else method.name


def with_detail(name: str, detail: str) -> str:
    """Add to the parentheses behind a name: "sft (tau=0.5)"."""
    return f"{name[:-1]}, {detail})" if name.endswith(")") else f"{name} ({detail})"


def _named_apart(shown: pd.DataFrame) -> pd.Series:
    """Return the names of rows; of those that share one in a table, the recordings as well."""
    place = [*TABLE, "row", "labels"]
    recordings: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for *key, corpora in shown[[*place, "corpora"]].itertuples(index=False, name=None):
        recordings[tuple(key)].add(corpora)
    columns = shown[[*place, "corpora", "other_recordings"]]
    names = []
    for *key, corpora, others in columns.itertuples(index=False, name=None):
        name = key[len(TABLE)]
        if others and len(recordings[tuple(key)]) > 1:
            digests = json.loads(corpora)
            which = ", ".join(f"{c} {digests.get(c, 'absent')[:8]}" for c in others.split(", "))
            name = with_detail(name, f"recordings {which}")
        names.append(name)
    return pd.Series(names, shown.index, dtype=object)
