"""Checks of a corpus against its contract: what a plugin reads from names, held against itself.

A parser that takes the emotion for the speaker raises no error: every speaker then has one class,
and no protocol that parts speakers can be won. Such mistakes show in the metadata alone.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

from xlser.corpora.corpus import Corpus, Gender, Spoken
from xlser.corpora.survey import survey
from xlser.errors import CorpusContractError, XlserError

_NAME = re.compile(r"[^\s/\\\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_REPEATED = 3  # utterances a sentence from which on it counts as read by several

Utterances = Mapping[str, Spoken]


def gives_names_that_records_can_hold(corpus: Corpus, spoken: Utterances) -> None:
    """Names hold no blank, line break or slash: records list them separated by blanks."""
    for name in spoken:
        if not _NAME.fullmatch(name):
            raise CorpusContractError(
                f"{name!r} has a blank, a line break, a slash or nothing.",
                "Let `name_of` replace them, for example by '_'.",
            )


def gives_each_name_once(corpus: Corpus, spoken: Utterances) -> None:
    """No two utterances have the same name."""
    times = Counter(list(corpus.names()))
    folded = Counter(name.casefold() for name in spoken)
    doubled = [n for n, count in times.items() if count > 1]
    doubled += [n for n, count in folded.items() if count > 1]
    if doubled:
        raise CorpusContractError(
            f"{doubled[0]!r} is the name of several utterances.",
            "Make the names differ: add the speaker, for instance.",
        )


def reads_a_name_the_same_twice_and_no_other(corpus: Corpus, spoken: Utterances) -> None:
    """`parse` depends on the name alone, and refuses what is not a name of the corpus."""
    for name in list(spoken)[:50]:
        if corpus.parse(name) != corpus.parse(name):
            raise CorpusContractError(
                f"{name!r} is read otherwise the second time.", "Let parse use the name alone."
            )
    try:
        read = corpus.parse("no name of any corpus")
    except XlserError:
        return
    raise CorpusContractError(
        f"'no name of any corpus' is read as {read}.",
        "Let parse raise NotOfThisCorpusError; `require` does.",
    )


def has_speakers_of_several_emotions(corpus: Corpus, spoken: Utterances) -> None:
    """A speaker of one emotion alone is, as a rule, an emotion taken for a speaker.

    Where most speakers are so, a `caution` of the corpus must state it.
    """
    if corpus.caution:
        return
    emotions = _by(spoken, lambda each: each.speaker)
    several = {who: Counter(of) for who, of in emotions.items() if len(of) > 1}
    single = [who for who, of in several.items() if len(of) == 1]
    if len({each.emotion for each in spoken.values()}) > 1 and 2 * len(single) > len(several):
        raise CorpusContractError(
            f"{len(single)} of {len(several)} speakers have one emotion alone, such as "
            f"{single[0]!r}.",
            "Look at which part of the name is the speaker, and which the emotion; if it is so, "
            "state a caution.",
        )


def has_speakers_that_are_no_emotions(corpus: Corpus, spoken: Utterances) -> None:
    """Speakers are neither emotions nor single utterances."""
    speakers = {each.speaker for each in spoken.values()}
    taken = speakers & {each.emotion for each in spoken.values()}
    if taken or "" in speakers:
        raise CorpusContractError(
            f"{min(taken)!r} is a speaker and an emotion." if taken else "A speaker has no name.",
            "Look at which part of the name is the speaker, and which the emotion.",
        )
    if len(spoken) > 10 and len(speakers) == len(spoken):
        raise CorpusContractError(
            "Every utterance has a speaker of its own.", "Take the speaker's part of the name."
        )


def states_genders_of_its_speakers(corpus: Corpus, spoken: Utterances) -> None:
    """Genders are stated for all speakers that `parse` gives, or for none."""
    speakers = {each.speaker for each in spoken.values()}
    odd = [who for who in speakers if corpus.gender_of(who) not in get_args(Gender)]
    if odd:
        raise CorpusContractError(
            f"The gender of {min(odd)!r} is {corpus.gender_of(min(odd))!r}.",
            f"State one of {', '.join(get_args(Gender))}.",
        )
    if corpus.speakers and (unknown := speakers - corpus.speakers.keys()):
        raise CorpusContractError(
            f"`speakers` lacks {len(unknown)} that occur, such as {min(unknown)!r}.",
            "State the gender of every speaker by the name that parse gives, or of none.",
        )


def has_sentences_that_do_not_give_the_emotion_away(corpus: Corpus, spoken: Utterances) -> None:
    """A sentence that is spoken several times is spoken in several emotions.

    Where most sentences are not, a `caution` of the corpus must state it.
    """
    if corpus.caution:
        return
    emotions = _by({n: s for n, s in spoken.items() if s.sentence}, lambda each: each.sentence)
    total = sum(map(len, emotions.values()))
    if len(emotions) < 2 or total < _REPEATED * len(emotions):
        return
    single = [text for text, of in emotions.items() if len(set(of)) == 1]
    if 2 * len(single) > len(emotions):
        raise CorpusContractError(
            f"{len(single)} of {len(emotions)} sentences are spoken in one emotion alone, such as "
            f"{single[0]!r}.",
            "Look at which part of the name is the sentence; where the text differs by emotion, "
            "state a caution.",
        )


def has_two_speakers_of_every_emotion(corpus: Corpus, spoken: Utterances) -> None:
    """Each emotion has two speakers: a fold that tests one of them still trains on it."""
    speakers = _by(spoken, lambda each: each.emotion, lambda each: each.speaker)
    alone = [emotion for emotion, of in speakers.items() if len(set(of)) < 2]
    if alone and len({each.speaker for each in spoken.values()}) > 1:
        raise CorpusContractError(
            f"Only one speaker has {min(alone)!r}: a fold that tests this speaker has no train "
            "speech of that class.",
            "Leave that emotion out (map its label to nothing), or find its other speakers.",
        )


CHECKS: tuple[Callable[[Corpus, Utterances], None], ...] = (
    gives_names_that_records_can_hold,
    gives_each_name_once,
    reads_a_name_the_same_twice_and_no_other,
    has_speakers_that_are_no_emotions,
    has_speakers_of_several_emotions,
    states_genders_of_its_speakers,
    has_sentences_that_do_not_give_the_emotion_away,
    has_two_speakers_of_every_emotion,
)


def contract_faults(corpus: Corpus, root: Path | None = None) -> dict[str, str | None]:
    """Check a corpus against its contract; no recording is needed where names are published.

    Args:
        corpus: to check.
        root: its folder, for a corpus without a list of names.

    Returns:
        By check: why it failed and what to do, or None.

    Raises:
        CorpusContractError: it lists no names, and there is no folder to look into.
    """
    try:
        spoken = corpus.published() or (survey(corpus, root).spoken if root else {})
    except XlserError as error:
        return {"reads the names that it gives": f"{error.problem} {error.remedy}"}
    if not spoken:
        raise CorpusContractError(
            f"{corpus.name} lists no names, and no folder of it has an utterance.",
            "Name the folder of its recordings: --data or XLSER_DATA.",
        )
    return {check.__name__.replace("_", " "): _fault(check, corpus, spoken) for check in CHECKS}


def _fault(
    check: Callable[[Corpus, Utterances], None], corpus: Corpus, spoken: Utterances
) -> str | None:
    try:
        check(corpus, spoken)
    except XlserError as error:
        return f"{error.problem} {error.remedy}"
    return None


def _by(
    spoken: Utterances,
    key: Callable[[Spoken], str],
    value: Callable[[Spoken], str] = lambda each: each.emotion,
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for each in spoken.values():
        found[key(each)].append(value(each))
    return found
