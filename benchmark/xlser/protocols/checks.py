"""Checks that the fields of a protocol fit together and agree with the published corpora.

The checks run whenever a protocol is made, from a manifest or by hand. They read the corpora's
lists of names and parse the labelled ones alone, which takes milliseconds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, pairwise
from typing import TypeVar

from xlser.corpora import Corpus, get_corpus
from xlser.errors import InvalidProtocolError, UnknownNameError, XlserError
from xlser.metrics import get_metric
from xlser.protocols.data import ProtocolData, Split
from xlser.protocols.published import group_of

T = TypeVar("T")

Faults = Iterator[tuple[str, str]]
"""(problem, remedy) of each fault."""


def check(protocol: ProtocolData) -> None:
    """Raise the first fault of a protocol; a check may rely on those before it.

    Raises:
        InvalidProtocolError: the message names the field, corpus, seed and speaker or utterance.
    """
    checks: tuple[Callable[[ProtocolData], Faults], ...] = (
        _lists,
        _languages,
        _keys,
        _one_a_seed,
        _splits,
        _labelled_names,
        _corpora,
        _speakers,
        _labelled_utterances,
        _budgets_filled,
        _headline,
    )
    for problem, remedy in chain.from_iterable(each(protocol) for each in checks):
        raise InvalidProtocolError(f"{protocol.name}: {problem}", remedy)


def _headline(protocol: ProtocolData) -> Faults:
    try:
        get_metric(protocol.headline, protocol.classes)
    except UnknownNameError as error:
        yield f"headline: {error.problem}", error.remedy


def _lists(protocol: ProtocolData) -> Faults:
    for field in ("classes", "seeds", "budgets"):
        for twice in _doubled(getattr(protocol, field)):
            yield f"{field} lists {twice!r} twice.", f"List each of {field} once."
    for field in ("seeds", "budgets"):
        for negative in (n for n in getattr(protocol, field) if n < 0):
            yield f"{field} lists {negative}, which is negative.", "Give numbers from 0."
    for larger, smaller in pairwise(protocol.budgets):
        if larger > smaller:
            yield (
                f"budgets lists {larger} before {smaller}.",
                "List budgets from the smallest to the largest.",
            )


def _languages(protocol: ProtocolData) -> Faults:
    if protocol.source not in protocol.languages:
        yield (
            f"source is {protocol.source!r}, which languages does not list.",
            f"Choose from {', '.join(protocol.languages) or 'languages, once it lists some'}.",
        )
    if not protocol.targets:
        yield (
            f"languages lists no language beside the source, {protocol.source}.",
            "Add a target language with its corpora.",
        )
    for language, corpora in protocol.languages.items():
        if not corpora:
            yield f"languages gives {language} no corpus.", "Name its corpora, or remove it."
    for corpus in _doubled(chain.from_iterable(protocol.languages.values())):
        yield (
            f"languages names the corpus {corpus} twice.",
            "Name it once: the same speech must not be in two roles.",
        )


def _keys(protocol: ProtocolData) -> Faults:
    """Compare the corpora that splits, labelling and grouped_by name with those of languages."""
    targets = [c for target in protocol.targets for c in protocol.languages[target]]
    every = [*protocol.languages[protocol.source], *targets]
    for field, needed, allowed in (
        ("splits", every, every),
        ("labelling", targets, targets),
        ("grouped_by", [], every),
    ):
        stated = getattr(protocol, field)
        for corpus in needed:
            if corpus not in stated:
                yield f"{field} lacks the corpus {corpus}.", f"Add {corpus} to {field}."
        for corpus in stated:
            if corpus not in allowed:
                kind = "target languages" if field == "labelling" else "languages"
                yield (
                    f"{field} has the corpus {corpus}, which is not among those of the {kind}.",
                    f"Remove {corpus} from {field}, or correct its name.",
                )
    for corpus, (start, stop) in protocol.grouped_by.items():
        if not 0 <= start < stop:
            yield (
                f"grouped_by gives {corpus} the characters {start} to {stop}, which are none.",
                "Give the first character, from 0, and the one after the last.",
            )


def _one_a_seed(protocol: ProtocolData) -> Faults:
    for field, what in (("splits", "splits"), ("labelling", "orders of labelling")):
        for corpus, stated in getattr(protocol, field).items():
            if len(stated) != len(protocol.seeds):
                yield (
                    f"{field} gives {corpus} {len(stated)} {what} for {len(protocol.seeds)} seeds.",
                    f"Give {corpus} one for each of the seeds {_listed(protocol.seeds)}.",
                )


def _splits(protocol: ProtocolData) -> Faults:
    for corpus, seed, split in _each_split(protocol):
        where = f"splits, corpus {corpus}, seed {seed}"
        group = "group" if corpus in protocol.grouped_by else "speaker"
        roles = {"train": split.train, "validation": split.validation, "test": split.test}
        for role in ("train", "test"):
            if not roles[role]:
                yield f"{where}: {role} has no {group}.", f"Name a {group} to {role}."
        role_of: dict[str, str] = {}
        for role, members in roles.items():
            for member in members:
                if role_of.get(member) == role:
                    yield f"{where}: {role} lists {group} {member} twice.", "List each once."
                elif member in role_of:
                    yield (
                        f"{where}: {group} {member} is in {role_of[member]} and in {role}.",
                        f"Keep {group} {member} in one of them: roles must share no {group}.",
                    )
                role_of[member] = role


def _labelled_names(protocol: ProtocolData) -> Faults:
    for corpus, seed, _, order in _each_order(protocol):
        for name in _doubled(order):
            yield (
                f"labelling, corpus {corpus}, seed {seed}: utterance {name} is listed twice.",
                "List each utterance once.",
            )


def _corpora(protocol: ProtocolData) -> Faults:
    for language, corpora in protocol.languages.items():
        for corpus in corpora:
            try:
                get_corpus(corpus)
            except XlserError as error:
                yield (
                    f"languages, {language}: corpus {corpus} cannot be had: {error.problem}",
                    f"Install the package that registers it. {error.remedy}",
                )
    source = [get_corpus(name) for name in protocol.languages[protocol.source]]
    for emotion in protocol.classes if all(map(_names, source)) else ():
        if not any(corpus.parse(n).emotion == emotion for corpus in source for n in _names(corpus)):
            yield (
                f"classes lists {emotion!r}, which no utterance of {protocol.source} has.",
                f"Choose from {_listed(_emotions(source))}.",
            )


def _speakers(protocol: ProtocolData) -> Faults:
    for corpus, seed, split in _each_split(protocol):
        known = _groups(get_corpus(corpus), protocol.grouped_by.get(corpus))
        group = "group" if corpus in protocol.grouped_by else "speaker"
        for role in ("train", "validation", "test"):
            for member in getattr(split, role):
                if known and member not in known:
                    yield (
                        f"splits, corpus {corpus}, seed {seed}, {role}: {corpus} has no {group} "
                        f"{member}.",
                        f"Choose from {_listed(sorted(known))}.",
                    )


def _labelled_utterances(protocol: ProtocolData) -> Faults:
    for corpus_name, seed, split, order in _each_order(protocol):
        corpus, where = get_corpus(corpus_name), f"labelling, corpus {corpus_name}, seed {seed}"
        for name in order if _names(corpus) else ():
            if name not in _names(corpus):
                yield f"{where}: {corpus_name} has no utterance {name}.", "Correct its name."
            spoken = corpus.parse(name)
            group = group_of(name, spoken.speaker, protocol.grouped_by.get(corpus_name))
            if group not in split.train:
                yield (
                    f"{where}: utterance {name} is of {group}, who does not train.",
                    "Label train utterances alone.",
                )
            if spoken.emotion not in protocol.classes:
                yield (
                    f"{where}: utterance {name} has the emotion {spoken.emotion}, which is not "
                    "among the classes.",
                    f"Label utterances of {_listed(protocol.classes)} alone.",
                )


def _budgets_filled(protocol: ProtocolData) -> Faults:
    """Compare each order's length with the largest budget, or the train speech if that is less."""
    largest = protocol.budgets[-1]
    for corpus_name, seed, split, order in _each_order(protocol):
        corpus, characters = get_corpus(corpus_name), protocol.grouped_by.get(corpus_name)
        if len(order) >= largest or not _names(corpus):
            continue
        train = sum(
            spoken.emotion in protocol.classes
            and group_of(name, spoken.speaker, characters) in split.train
            for name, spoken in corpus.published().items()
        )
        if len(order) < min(largest, train):
            unfilled = next(budget for budget in protocol.budgets if budget > len(order))
            yield (
                f"labelling, corpus {corpus_name}, seed {seed}: {len(order)} utterances do not "
                f"fill the budget of {unfilled}; {train} train.",
                f"List {min(largest, train)} train utterances, or lower budgets.",
            )


def _each_split(protocol: ProtocolData) -> Iterator[tuple[str, int, Split]]:
    for corpus, splits in protocol.splits.items():
        for seed, split in zip(protocol.seeds, splits, strict=True):
            yield corpus, seed, split


def _each_order(protocol: ProtocolData) -> Iterator[tuple[str, int, Split, tuple[str, ...]]]:
    """Yield each target corpus and seed with its split and its order of labelling."""
    for corpus, seed, split in _each_split(protocol):
        if corpus in protocol.labelling:
            yield corpus, seed, split, protocol.labelling[corpus][protocol.seeds.index(seed)]


def _names(corpus: Corpus) -> Mapping[str, None]:
    """Return the published names in their order; none where the corpus lists none."""
    return _names_of(type(corpus))


@cache
def _names_of(kind: type[Corpus]) -> Mapping[str, None]:
    return dict.fromkeys(kind().names())


def _emotions(corpora: Sequence[Corpus]) -> list[str]:
    return sorted({spoken.emotion for c in corpora for spoken in c.published().values()})


def _groups(corpus: Corpus, characters: tuple[int, int] | None) -> frozenset[str]:
    """Return the corpus' speakers, or what stands for them; none where it lists none."""
    if characters is None:
        return frozenset(corpus.speakers)
    return frozenset(group_of(name, "", characters) for name in _names(corpus))


def _doubled(listed: Iterable[T]) -> list[T]:
    return [value for value, times in Counter(listed).items() if times > 1]


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
