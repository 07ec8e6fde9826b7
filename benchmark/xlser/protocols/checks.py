"""Checks that the fields of a protocol fit together and agree with the published corpora.

The checks run whenever a protocol is made, from a manifest or by hand. They read the corpora's
lists of names and parse the labelled ones alone, which takes milliseconds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import TypeVar

from xlser.corpora import Corpus, Spoken, get_corpus
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
        _budgets,
        _keys,
        _one_a_seed,
        _splits,
        _folds,
        _labelled_names,
        _corpora,
        _label_map,
        _source_classes,
        _stated_target_classes,
        _target_classes,
        _speakers,
        _labelled_utterances,
        _budgets_filled,
        _headline,
    )
    for problem, remedy in chain.from_iterable(each(protocol) for each in checks):
        raise InvalidProtocolError(f"{protocol.name}: {problem}", remedy)


def _lists(protocol: ProtocolData) -> Faults:
    for field in ("classes", "seeds", "budgets", "sources", "headline_budgets"):
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
    if protocol.source and protocol.sources:
        yield "source and sources are both stated.", "State sources alone, or source for one."
    if not protocol.source_languages and "sources" not in protocol.model_fields_set:
        yield "it states no source.", "State source, or sources: several languages, or [] for none."
    for source in protocol.source_languages:
        if source not in protocol.languages:
            yield (
                f"source is {source!r}, which languages does not list.",
                f"Choose from {', '.join(protocol.languages) or 'languages, once it lists some'}.",
            )
    if not protocol.targets:
        beside = f" beside the source, {', '.join(s)}" if (s := protocol.source_languages) else ""
        yield f"languages lists no language{beside}.", "Add a target language with its corpora."
    for language, corpora in protocol.languages.items():
        if not corpora:
            yield f"languages gives {language} no corpus.", "Name its corpora, or remove it."
    for corpus in _doubled(chain.from_iterable(protocol.languages.values())):
        yield (
            f"languages names the corpus {corpus} twice.",
            "Name it once: the same speech must not be in two roles.",
        )


def _budgets(protocol: ProtocolData) -> Faults:
    if protocol.source_languages and not protocol.budgets:
        yield "budgets lists none.", "List one or more; 0 is without labels."
    if not protocol.source_languages and 0 in protocol.budgets:
        yield "budgets lists 0, and there is no source: nothing would train.", "List others."


def _keys(protocol: ProtocolData) -> Faults:
    """Compare the corpora that splits, labelling and grouped_by name with those of languages."""
    targets = [c for target in protocol.targets for c in protocol.languages[target]]
    every = [*protocol.source_corpora, *targets]
    split = [corpus for corpus in every if corpus not in protocol.fold_speakers]
    folded = targets if protocol.folds > 1 else []
    for field, needed, allowed in (
        ("fold_speakers", folded, folded),
        ("splits", split, split),
        ("labelling", targets, targets),
        ("grouped_by", [], every),
        ("label_map", [], every),
        ("utterances", [], every),
    ):
        stated = getattr(protocol, field)
        for corpus in needed:
            if corpus not in stated:
                yield f"{field} lacks the corpus {corpus}.", f"Add {corpus} to {field}."
        for corpus in stated:
            if corpus not in allowed:
                kind = "target languages" if allowed is targets else "languages"
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
    seeds = protocol.seeds
    for field, what, times in (
        ("splits", "splits", 1),
        ("fold_speakers", "divisions", 1),
        ("labelling", "orders of labelling", protocol.folds),
    ):
        for corpus, stated in getattr(protocol, field).items():
            if len(stated) != len(seeds) * times:
                folds = f" of {times} folds" if times > 1 else ""
                yield (
                    f"{field} gives {corpus} {len(stated)} {what} for {len(seeds)} seeds{folds}.",
                    f"Give {corpus} one for each of the seeds {_listed(seeds)}"
                    f"{' and folds' if folds else ''}.",
                )
    for corpus, seed, groups in protocol.each_division():
        if len(groups) != protocol.folds:
            yield (
                f"fold_speakers, corpus {corpus}, seed {seed}: {len(groups)} folds are given, "
                f"not {protocol.folds}.",
                f"Give each of the {protocol.folds} folds its speakers.",
            )


def _splits(protocol: ProtocolData) -> Faults:
    for corpus, seed, split in protocol.each_split():
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


def _folds(protocol: ProtocolData) -> Faults:
    """Require that the folds of a seed share no speaker, and that all seeds test the same."""
    first: dict[str, tuple[int, set[str]]] = {}
    for corpus, seed, groups in protocol.each_division():
        where = f"fold_speakers, corpus {corpus}, seed {seed}"
        for fold, group in enumerate(groups):
            if not group:
                yield f"{where}: fold {fold} has no speaker.", "Name at least one speaker per fold."
        for speaker in _doubled(chain.from_iterable(groups)):
            yield f"{where}: speaker {speaker} is listed twice.", "Test each once a seed."
        earlier, speakers = first.setdefault(corpus, (seed, {s for g in groups for s in g}))
        for speaker in sorted(speakers ^ {s for group in groups for s in group}):
            yield (
                f"{where}: speaker {speaker} is tested under one of the seeds {earlier} and "
                f"{seed} alone.",
                "Test each speaker under every seed.",
            )


def _labelled_names(protocol: ProtocolData) -> Faults:
    for corpus, where, _, order in _each_order(protocol):
        for name in _doubled(order):
            yield (
                f"labelling, corpus {corpus}, {where}: utterance {name} is listed twice.",
                "List each utterance once.",
            )


def _corpora(protocol: ProtocolData) -> Faults:
    for language, corpora in protocol.languages.items():
        for corpus in corpora:
            try:
                get_corpus(corpus)
            except XlserError as error:
                yield (
                    f"languages, {language}: corpus {corpus} cannot be loaded: {error.problem}",
                    "Install the package that registers it, or work in the folder whose "
                    f"xlser.toml adds it. {error.remedy}",
                )


def _label_map(protocol: ProtocolData) -> Faults:
    for corpus, mapped in protocol.label_map.items():
        known = _emotions([get_corpus(corpus)])
        for emotion, of in mapped.items():
            where = f"label_map, corpus {corpus}: {emotion!r}"
            if of not in protocol.classes:
                yield (
                    f"{where} stands for {of!r}, which is not among the classes.",
                    f"Choose from {_listed(protocol.classes)}.",
                )
            if known and emotion not in known:
                yield f"{where} is not an emotion of {corpus}.", f"It has {_listed(known)}."


def _source_classes(protocol: ProtocolData) -> Faults:
    """Compare classes with what the corpora have; those without a list are taken at their word.

    Where there is no source, with what the target corpora have.
    """
    languages = protocol.source_languages or protocol.targets
    corpora = [corpus for language in languages for corpus in protocol.languages[language]]
    for emotion in protocol.classes if all(_spoken(corpus) for corpus in corpora) else ():
        if not any(emotion in _classes_there(protocol, corpus) for corpus in corpora):
            yield (
                f"classes lists {emotion!r}, which no utterance of {' or '.join(languages)} has.",
                f"Choose from {_listed(_emotions([get_corpus(name) for name in corpora]))}.",
            )


def _stated_target_classes(protocol: ProtocolData) -> Faults:
    for target, classes in protocol.target_classes.items():
        where = f"target_classes, {target}"
        if target not in protocol.targets:
            yield f"{where} is not a target.", f"Choose from {_listed(protocol.targets)}."
            continue
        if list(classes) != [emotion for emotion in protocol.classes if emotion in classes]:
            yield (
                f"{where} lists {_listed(classes)}, which are not some of the classes in their "
                "order.",
                f"Keep to the order of {_listed(protocol.classes)}.",
            )
        if len(classes) < 2:
            yield f"{where} lists {len(classes)} classes.", "A target needs two classes or more."


def _target_classes(protocol: ProtocolData) -> Faults:
    for target in protocol.targets:
        for corpus in protocol.languages[target]:
            there = _classes_there(protocol, corpus)
            for emotion in protocol.classes_of(target) if _spoken(corpus) else ():
                if emotion not in there:
                    yield (
                        f"{target}: {corpus} has no utterance of {emotion!r}.",
                        "Leave it out in target_classes, or map another emotion to it in "
                        "label_map.",
                    )


def _speakers(protocol: ProtocolData) -> Faults:
    stated = [
        (f"splits, corpus {corpus}, seed {seed}, {role}", corpus, getattr(split, role))
        for corpus, seed, split in protocol.each_split()
        for role in ("train", "validation", "test")
    ] + [
        (f"fold_speakers, corpus {corpus}, seed {seed}", corpus, chain.from_iterable(groups))
        for corpus, seed, groups in protocol.each_division()
    ]
    for where, corpus, members in stated:
        known = _groups(get_corpus(corpus), protocol.grouped_by.get(corpus))
        group = "group" if corpus in protocol.grouped_by else "speaker"
        for member in members:
            if known and member not in known:
                yield (
                    f"{where}: {corpus} has no {group} {member}.",
                    f"Choose from {_listed(sorted(known))}.",
                )


def _labelled_utterances(protocol: ProtocolData) -> Faults:
    classes = {c: protocol.classes_of(t) for t in protocol.targets for c in protocol.languages[t]}
    for corpus, place, split, order in _each_order(protocol):
        where, spoken = f"labelling, corpus {corpus}, {place}", _spoken(corpus)
        train = set(split.train)
        for name in order if spoken else ():
            if name not in spoken:
                yield f"{where}: {corpus} has no utterance {name}.", "Correct its name."
            group = group_of(name, spoken[name].speaker, protocol.grouped_by.get(corpus))
            if group not in train:
                yield (
                    f"{where}: utterance {name} is of {group}, who does not train.",
                    "Label train utterances alone.",
                )
            emotion = protocol.emotion_of(corpus, spoken[name].emotion)
            if emotion not in classes[corpus]:
                yield (
                    f"{where}: utterance {name} has the emotion {emotion}, which is not "
                    "among the classes.",
                    f"Label utterances of {_listed(classes[corpus])} alone.",
                )


def _budgets_filled(protocol: ProtocolData) -> Faults:
    """Compare each order's length with the largest budget, or the train speech if that is less."""
    largest = max(protocol.budgets, default=0)
    classes = {c: protocol.classes_of(t) for t in protocol.targets for c in protocol.languages[t]}
    for corpus, where, split, order in _each_order(protocol):
        if len(order) >= largest or not _spoken(corpus):
            continue
        characters = protocol.grouped_by.get(corpus)
        train = sum(
            protocol.emotion_of(corpus, spoken.emotion) in classes[corpus]
            and group_of(name, spoken.speaker, characters) in split.train
            for name, spoken in _spoken(corpus).items()
        )
        if len(order) < min(largest, train):
            unfilled = next(budget for budget in protocol.budgets if budget > len(order))
            yield (
                f"labelling, corpus {corpus}, {where}: {len(order)} utterances do not "
                f"fill the budget of {unfilled}; {train} train.",
                f"List {min(largest, train)} train utterances, or lower budgets.",
            )


def _headline(protocol: ProtocolData) -> Faults:
    try:
        get_metric(protocol.headline, protocol.classes)
    except UnknownNameError as error:
        yield f"headline: {error.problem}", error.remedy
    for budget in protocol.headline_budgets:
        if budget not in protocol.budgets:
            yield (
                f"headline_budgets lists {budget}, which budgets does not.",
                f"Choose from {_listed(protocol.budgets)}.",
            )


def _each_order(protocol: ProtocolData) -> Iterator[tuple[str, str, Split, tuple[str, ...]]]:
    """Yield each target corpus with seed (and fold) in words, its split and order of labelling."""
    for corpus in protocol.labelling:
        for seed, fold in protocol.cells:
            where = f"seed {seed}, fold {fold}" if protocol.folds > 1 else f"seed {seed}"
            split = protocol.split_of(corpus, seed, fold)
            yield corpus, where, split, protocol.order_of(corpus, seed, fold)


def _spoken(corpus: str) -> Mapping[str, Spoken]:
    """Return the published utterances; none where the corpus lists none."""
    return get_corpus(corpus).published()


def _classes_there(protocol: ProtocolData, corpus: str) -> frozenset[str]:
    emotions = {spoken.emotion for spoken in _spoken(corpus).values()}
    return frozenset(protocol.emotion_of(corpus, emotion) for emotion in emotions)


def _emotions(corpora: Sequence[Corpus]) -> list[str]:
    return sorted({spoken.emotion for c in corpora for spoken in c.published().values()})


def _groups(corpus: Corpus, characters: tuple[int, int] | None) -> frozenset[str]:
    """Return the corpus' speakers, or what stands for them; none where it lists none."""
    if characters is None:
        return frozenset(corpus.speakers)
    return frozenset(group_of(name, "", characters) for name in corpus.published())


def _doubled(listed: Iterable[T]) -> list[T]:
    return [value for value, times in Counter(listed).items() if times > 1]


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
