"""Protocols stated by a rule: what a TOML file or `xlser protocols freeze` states, made a protocol.

The same statement over the same utterances gives the same protocol, digest and all.
"""

import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from xlser.corpora import EMOTIONS, Utterance, corpus_names, get_corpus
from xlser.errors import InvalidProtocolError, ManifestError, UnknownNameError
from xlser.protocols.data import Bounds, Presentation, Schedule, Split
from xlser.protocols.freeze import freeze
from xlser.protocols.protocol import Protocol
from xlser.protocols.published import is_published, utterances_at_hand, utterances_digest
from xlser.protocols.rules import fixed_split, kfold_speakers, rotating_splits
from xlser.settings import Settings

BUDGETS = (0, 25, 50, 100)
"""Label budgets of a protocol that states none, as far as its train speech goes.

Where it has fewer than 25 utterances, 0 and half of them.
"""

Speech = Mapping[str, Sequence[Utterance]]
"""Utterances of the classes by corpus, with emotions as classes."""


def _counted(given: object) -> object:
    """Return a number as that many seeds, 0, 1, ..."""
    if isinstance(given, int) and not isinstance(given, bool):
        if given < 1:
            raise InvalidProtocolError(f"seeds is {given}.", "Give their number, or list them.")
        return tuple(range(given))
    return given


class Recipe(BaseModel):
    """What a protocol is made from.

    Attributes:
        name: of the protocol.
        about: one sentence for listings; default: which languages lead to which.
        version: of the protocol; 0 for a draft.
        sources: corpora that train, by name.
        targets: corpora that are to be recognised; those of one language make one target.
        classes: emotions.
        rule: how target speakers are divided. "kfold": each is tested once a seed. "rotating":
            one group of five a seed is tested, another is left out. "fixed": as `splits` or the
            corpora themselves state. Source speakers rotate, or are split as `splits` states.
        seeds: how many, or which.
        folds: of each seed, for the rule "kfold".
        budgets: label budgets; default: those of `BUDGETS` that the train speech can fill, or 0
            and half of it where that is less than 25 utterances.
        labelling: how labelled utterances are drawn: with classes in turn, or at random.
        label_map: by corpus, emotions that stand for a class: emotion -> class.
        splits: by corpus, the speakers to train, validate and test, the same under every seed.
        schedule: of training.
        headline: name of the metric that comes first.
        headline_budgets: label budgets whose mean comes first.
        source_figure: how the source is scored.
        ranks: whether leaderboards rank methods.
        reference: method that others are compared with.
        bounds: methods between which the others are expected.
        backbone: of runs that name none.
        notes: what results do not show, beside the cautions of the corpora.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    about: str | None = None
    version: int = 1
    sources: tuple[str, ...] = Field(min_length=1)
    targets: tuple[str, ...] = Field(min_length=1)
    classes: tuple[str, ...] = EMOTIONS
    rule: Literal["kfold", "rotating", "fixed"] = "kfold"
    seeds: Annotated[tuple[int, ...], BeforeValidator(_counted), Field(min_length=1)] = (0, 1, 2)
    folds: int = Field(default=3, ge=2)
    budgets: tuple[int, ...] | None = Field(default=None, min_length=1)
    labelling: Literal["balanced", "random"] = "balanced"
    label_map: Mapping[str, Mapping[str, str]] = {}
    splits: Mapping[str, Split] = {}
    schedule: Schedule = Schedule()
    headline: str = "ua"
    headline_budgets: tuple[int, ...] = ()
    source_figure: Literal["pooled", "mean over corpora"] = "mean over corpora"
    ranks: bool = True
    reference: str | None = None
    bounds: Bounds = Bounds()
    backbone: str | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, stated: Mapping[str, Any]) -> "Recipe":
        """Return a recipe from plain values.

        Raises:
            InvalidProtocolError: one is missing, unknown or of the wrong kind.
        """
        try:
            return cls.model_validate(stated)
        except ValidationError as cause:
            raise InvalidProtocolError(*_first_fault(cause)) from None

    def freeze(self, settings: Settings | None = None) -> Protocol:
        """Return the protocol.

        Args:
            settings: where corpora are; default: as `xlser.toml` and the environment state. Those
                that list their utterances need not be there.

        Raises:
            InvalidProtocolError: what is stated does not fit together, or not the corpora.
        """
        settings = settings or Settings.gather()
        languages = self._languages()
        corpora = (*self.sources, *self.targets)
        self._require_classes_mapped(corpora)
        speech = {corpus: self._utterances(corpus, settings) for corpus in corpora}
        sources, targets = self._of(languages, self.sources), self._of(languages, self.targets)
        target_classes = {t: self._classes_of(t, languages[t], speech) for t in targets}
        of_target = {
            c: [u for u in speech[c] if u.emotion in target_classes[t]]
            for t in targets
            for c in languages[t]
        }
        by_fold = self.rule == "kfold"
        split = self.sources if by_fold else corpora
        splits = {corpus: self._split(corpus, {**speech, **of_target}[corpus]) for corpus in split}
        folds = {
            corpus: self._folds(corpus, of_target[corpus], target_classes[target])
            for target in targets
            for corpus in (languages[target] if by_fold else ())
        }
        protocol = freeze(
            name=self.name,
            about=self.about or f"{_listed(sources)} to {_listed(targets)}.",
            version=self.version,
            languages=languages,
            source=sources,
            ranks=self.ranks,
            classes=self.classes,
            target_classes={t: of for t, of in target_classes.items() if of != self.classes},
            label_map=self.label_map,
            seeds=self.seeds,
            splits=splits,
            fold_speakers=folds,
            budgets=self.budgets or BUDGETS,
            labelling_rule=self.labelling,
            headline=self.headline,
            headline_budgets=self.headline_budgets,
            source_figure=self.source_figure,
            schedule=self.schedule,
            presentation=self._presentation(corpora),
            utterances=of_target,
            digests=self._digests(corpora, settings),
        )
        return self._within_budgets(protocol, of_target)

    def _languages(self) -> dict[str, tuple[str, ...]]:
        """Return the corpora of each language, sources first.

        Raises:
            InvalidProtocolError: a corpus is unknown or on both sides, or its language is.
        """
        languages: dict[str, tuple[str, ...]] = {}
        side_of: dict[str, str] = {}
        for side in ("sources", "targets"):
            for name in getattr(self, side):
                language = self._corpus_language(side, name)
                if side_of.setdefault(language, side) != side:
                    raise InvalidProtocolError(
                        f"{self.name}: {language} is the language of a source and of a target "
                        f"({', '.join(languages[language])} and {name}).",
                        "Give each language to the sources or to the targets.",
                    )
                languages[language] = (*languages.get(language, ()), name)
        return languages

    def _corpus_language(self, side: str, name: str) -> str:
        try:
            return get_corpus(name).language
        except UnknownNameError as error:
            spoken = [c for c in corpus_names() if get_corpus(c).language == name]
            if spoken:
                raise InvalidProtocolError(
                    f"{self.name}: {side} names the language {name}, not a corpus.",
                    f"Name corpora: which are at hand differs. Of {name} there are "
                    f"{', '.join(spoken)}.",
                ) from None
            raise InvalidProtocolError(
                f"{self.name}: {side}: {error.problem}", error.remedy
            ) from None

    def _of(self, languages: Mapping[str, tuple[str, ...]], names: Sequence[str]) -> list[str]:
        return [language for language, corpora in languages.items() if set(corpora) & set(names)]

    def _require_classes_mapped(self, corpora: Sequence[str]) -> None:
        for corpus, mapped in self.label_map.items():
            if corpus not in corpora:
                raise InvalidProtocolError(
                    f"{self.name}: label_map names {corpus}, neither a source nor a target.",
                    f"Choose from {', '.join(corpora)}.",
                )
            for emotion, of in mapped.items():
                if of not in self.classes:
                    raise InvalidProtocolError(
                        f"{self.name}: label_map, corpus {corpus}: {emotion!r} stands for {of!r}, "
                        "which is not among the classes.",
                        f"Choose from {', '.join(self.classes)}.",
                    )

    def _utterances(self, corpus: str, settings: Settings) -> list[Utterance]:
        from dataclasses import replace

        mapped = self.label_map.get(corpus, {})
        found = utterances_at_hand(corpus, (*self.classes, *mapped), settings)
        if not found:
            raise InvalidProtocolError(
                f"{self.name}: {corpus} lists no utterance of {', '.join(self.classes)}, and none "
                "is found.",
                "Choose classes that it has, map its emotions in label_map, or name its folder "
                "(`xlser corpora`).",
            )
        return [replace(u, emotion=mapped.get(u.emotion, u.emotion)) for u in found]

    def _classes_of(self, target: str, corpora: Sequence[str], speech: Speech) -> tuple[str, ...]:
        """Return the classes that all corpora of a target have."""
        there = [{u.emotion for u in speech[corpus]} for corpus in corpora]
        classes = tuple(c for c in self.classes if all(c in emotions for emotions in there))
        if len(classes) < 2:
            raise InvalidProtocolError(
                f"{self.name}: the corpora of {target} have {len(classes)} of the classes in "
                f"common ({', '.join(classes) or 'none'}).",
                "Choose classes that they have, or map their emotions in label_map.",
            )
        return classes

    def _split(self, corpus: str, utterances: Sequence[Utterance]) -> tuple[Split, ...]:
        """Return one split per seed, the same under each unless speakers rotate."""
        speakers = {u.speaker for u in utterances}
        if corpus in self.splits:
            return (self.splits[corpus],) * len(self.seeds)
        if self.rule == "fixed" and (
            corpus in self.targets or any(u.split.strip() for u in utterances)
        ):
            return (fixed_split(utterances),) * len(self.seeds)
        if len(speakers) < 2:
            raise InvalidProtocolError(
                f"{self.name}: {corpus} has one speaker, {', '.join(speakers)}; splits are by "
                "speaker.",
                "Leave the corpus out.",
            )
        return rotating_splits(utterances, len(self.seeds), classes=self.classes)

    def _folds(
        self, corpus: str, utterances: Sequence[Utterance], classes: tuple[str, ...]
    ) -> tuple[tuple[tuple[str, ...], ...], ...]:
        speakers = {u.speaker for u in utterances}
        if len(speakers) < self.folds:
            raise InvalidProtocolError(
                f"{self.name}: {corpus} has {len(speakers)} speakers for {self.folds} folds.",
                f"Choose folds from 2 to {len(speakers)}."
                if len(speakers) > 1
                else "Leave the corpus out: splits are by speaker.",
            )
        return kfold_speakers(
            utterances, protocol=self.name, seeds=self.seeds, folds=self.folds, classes=classes
        )

    def _digests(self, corpora: Sequence[str], settings: Settings) -> dict[str, str]:
        own = [corpus for corpus in corpora if not is_published(corpus)]
        read = {c: (*self.classes, *self.label_map.get(c, {})) for c in own}
        found = {c: utterances_at_hand(c, read[c], settings) for c in own}
        return {
            c: utterances_digest((u.name, u.speaker, u.emotion) for u in utterances)
            for c, utterances in found.items()
        }

    def _presentation(self, corpora: Sequence[str]) -> Presentation:
        cautions = [
            f"{corpus.title}: {corpus.caution}"
            for c in corpora
            if (corpus := get_corpus(c)).caution
        ]
        given: dict[str, Any] = {"reference": self.reference, "backbone": self.backbone}
        return Presentation(
            **{name: value for name, value in given.items() if value},
            bounds=self.bounds,
            notes=(*self.notes, *cautions),
        )

    def _within_budgets(self, protocol: Protocol, speech: Speech) -> Protocol:
        """Leave out budgets that the train speech cannot fill, unless they were asked for."""
        least: dict[str, int] = {}
        for target in protocol.targets:
            for seed, fold in protocol.cells:
                train = sum(
                    u.speaker in protocol.split_of(c, seed, fold).train
                    for c in protocol.languages[target]
                    for u in speech[c]
                )
                least[target] = min(train, least.get(target, train))
        target = min(least, key=lambda each: least[each])
        fit = tuple(budget for budget in protocol.budgets if budget <= least[target])
        if self.budgets is None and fit == (0,):
            fit = (0, max(1, least[target] // 2))
        if fit == protocol.budgets:
            return protocol
        if self.budgets is not None:
            raise InvalidProtocolError(
                f"{self.name}: budgets asks for {protocol.budgets[-1]} labels; of {target} "
                f"{least[target]} utterances train.",
                f"Choose budgets up to {least[target]}.",
            )
        lists = {c: tuple(o[: fit[-1]] for o in of) for c, of in protocol.labelling.items()}
        return protocol.model_copy(update={"budgets": fit, "labelling": lists})


def _listed(languages: Sequence[str]) -> str:
    return ", ".join(language.capitalize() for language in languages)


def read_recipe(path: Path, settings: Settings) -> Protocol:
    """Return the protocol that a TOML file states by a rule.

    Raises:
        ManifestError: the file cannot be read, or states no sound protocol; the message names the
            file and the field.
    """
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        raise ManifestError(
            f"The protocol {path} cannot be read: {cause.strerror}.", "Check the path."
        ) from cause
    except (ValueError, RecursionError) as cause:  # of TOML, of UTF-8, or nested too deeply
        raise ManifestError(
            f"The protocol {path} is not valid TOML: {cause}.", "Correct it there."
        ) from cause
    try:
        return Recipe.of(stated).freeze(settings)
    except InvalidProtocolError as fault:
        raise ManifestError(f"The protocol {path}: {fault.problem}", fault.remedy) from fault
    except RecursionError as cause:  # the faulty value is too deep to be shown
        raise ManifestError(
            f"The protocol {path} nests values too deeply.", "Write them as the fields take them."
        ) from cause


def _first_fault(error: ValidationError) -> tuple[str, str]:
    """Return what is wrong with the first field, and what to do about it."""
    fault = error.errors(include_url=False)[0]
    place, known = fault["loc"], list(Recipe.model_fields)
    field = ".".join(str(part) for part in place) or "the whole"
    if fault["type"] == "missing":
        return f"{field} is not stated.", f"State {field}."
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(field, known, n=1) if len(place) == 1 else []
        hint = f"Did you mean {near[0]!r}? " if near else ""
        return f"There is no field {field}.", f"{hint}Fields: {', '.join(known)}."
    if fault["type"] == "literal_error":
        choices = get_args(Recipe.model_fields[str(place[0])].annotation)
        remedy = f"Choose from {', '.join(map(str, choices))}."
        return f"{field} is {fault['input']!r}.", remedy
    message = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{field} is {fault['input']!r:.60}: {message}.", f"Correct {field}."
