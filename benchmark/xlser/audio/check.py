"""Checking a corpus file by file, sound included, and as a whole."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from xlser.audio.decode import SAMPLE_RATE, decode
from xlser.audio.frontend import FrontEnd
from xlser.corpora import EMOTIONS, Corpus, Gender, Spoken, Survey, survey
from xlser.corpora.diagnosis import diagnose
from xlser.errors import AudioError
from xlser.settings import cpu_count

if TYPE_CHECKING:
    from xlser.audio.prepare import Progress


@dataclass(frozen=True)
class CorpusReport:
    """Findings on a copy of a corpus.

    A fault makes an utterance unusable: it stops every protocol that uses the utterance's emotion,
    unless the utterance is excluded by name. A remark names a file that stops nothing. A caution
    is about the corpus as a whole: what results on it cannot show.

    Attributes:
        corpus: the corpus.
        root: its folder.
        counts: per speaker and emotion: (files found, files published).
        formats: files by (sample rate in Hz, channels).
        seconds: duration of all usable recordings.
        faults: one line each, sorted.
        remarks: one line each, sorted.
        cautions: one line each.
    """

    corpus: Corpus
    root: Path
    counts: Mapping[tuple[str, str], tuple[int, int]]
    formats: Mapping[tuple[int, int], int] = field(default_factory=dict)
    seconds: float = 0.0
    faults: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Recording:
    """A decoded recording: its format and a digest of its samples."""

    digest: str
    rate: int
    channels: int
    seconds: float


def check_corpus(
    corpus: Corpus, root: Path, progress: "Progress" = lambda done, n: None
) -> CorpusReport:
    """Compare the files under `root` with the release, decode each, and look at the whole.

    Emotions beyond `EMOTIONS` that the copy lacks altogether are a remark: copies cut down to the
    five are common.

    Args:
        corpus: what to look for.
        root: its folder.
        progress: called with (files decoded, files in all).
    """
    found = survey(corpus, root)
    recordings, damaged = _decode(found, progress)
    faults = [*_missing(found), *_contradictory(found), *_not_audio(found), *damaged]
    remarks = [
        *(f"{name}: doubled, same content: {_list(p)}" for name, p in found.doubled().items()),
        *_unexpected(found),
        *_alike(found),
        *(f"{e}: all {n} files absent" for e, n in found.absent_emotions().items()),
        *(f"{name}: left out, {reason}" for name, reason in corpus.defects.items()),
    ]
    for names, contradiction in _repeated(found, recordings):
        line = f"{names[0]}: the same recording as {', '.join(names[1:])}"
        if contradiction:
            faults.append(f"{line}, under another {contradiction}")
        else:
            remarks.append(line)
    if corpus.files and (total := len(found.files)) != corpus.files:
        remarks.append(f"{total} of the release's {corpus.files} files are here")
    return CorpusReport(
        corpus,
        root,
        _counts(found),
        formats=Counter((r.rate, r.channels) for r in recordings.values()),
        seconds=sum(recording.seconds for recording in recordings.values()),
        faults=tuple(sorted(faults)),
        remarks=tuple(sorted(remarks)),
        cautions=tuple(cautions({name: found.spoken[name] for name in found.files}, corpus)),
    )


def cautions(spoken: Mapping[str, Spoken], corpus: Corpus) -> list[str]:
    """Return what limits a corpus as a whole: its speakers, genders, sentences and names.

    Args:
        spoken: name -> metadata of the utterances at hand.
        corpus: gives the gender of speakers, and a caution of its own.
    """
    found = [corpus.caution] if corpus.caution else []
    if spoken:
        found += _speakers(list(spoken.values()), corpus.gender_of)
        found += _sentences(list(spoken.values()))
        found += _names(spoken)
    return found


def _speakers(spoken: Sequence[Spoken], gender_of: Callable[[str], Gender]) -> list[str]:
    emotions: dict[str, Counter[str]] = {}
    for utterance in spoken:
        emotions.setdefault(utterance.speaker, Counter())[utterance.emotion] += 1
    lines = []
    speakers, classes = len(emotions), {utterance.emotion for utterance in spoken}
    if speakers < 3:
        lines.append(f"{speakers} speaker(s): too few to train, validate and test on others.")
    if len(classes) < 2:
        lines.append(f"One emotion alone ({', '.join(classes)}): nothing to classify.")
    elif speakers > 1 and all(len(counts) == 1 for counts in emotions.values()):
        lines.append(
            "Every speaker has one emotion alone: is the emotion taken for the speaker? "
            "A split by speaker would then split by emotion."
        )
    else:
        lacking = sorted(s for s, counts in emotions.items() if len(counts) < len(classes))
        if lacking:
            lines.append(
                f"{len(lacking)} of {speakers} speakers lack an emotion: {_some(lacking)}."
            )
    alike: dict[str, list[str]] = {}
    for speaker in sorted(emotions):
        alike.setdefault(speaker.casefold().lstrip("0"), []).append(speaker)
    lines += [
        f"Speakers {' and '.join(map(repr, names))} differ in case or leading zeros alone: if they "
        "are one person, write one name; else one person may train and be tested."
        for names in alike.values()
        if len(names) > 1
    ]
    unknown = sorted(s for s in emotions if gender_of(s) == "unknown")
    if unknown:
        lines.append(f"Gender unknown for {len(unknown)} of {speakers} speakers: {_some(unknown)}.")
    return lines


def _sentences(spoken: Sequence[Spoken]) -> list[str]:
    """Return a caution where sentences that several speakers speak have one emotion alone."""
    emotions: dict[str, set[str]] = {}
    speakers: dict[str, set[str]] = {}
    for utterance in spoken:
        if utterance.sentence:
            emotions.setdefault(utterance.sentence, set()).add(utterance.emotion)
            speakers.setdefault(utterance.sentence, set()).add(utterance.speaker)
    shared = [sentence for sentence in emotions if len(speakers[sentence]) > 1]
    alone = sorted(sentence for sentence in shared if len(emotions[sentence]) == 1)
    if not alone or len({utterance.emotion for utterance in spoken}) < 2:
        return []
    return [
        f"{len(alone)} of {len(shared)} sentence codes occur in one emotion alone "
        f"({_some(alone)}): words may give the emotion away."
    ]


def _names(spoken: Mapping[str, Spoken]) -> list[str]:
    broken = [name for name in spoken if not name.isprintable()]
    blank = [name for name in spoken if " " in name and name.isprintable()]
    lines = []
    if broken:
        lines.append(
            f"{len(broken)} names hold line breaks or control characters: {_some(broken)}."
        )
    if blank:
        lines.append(f"{len(blank)} names hold blanks, which stops runs: {_some(blank)}.")
    return lines


def _unexpected(found: Survey) -> list[str]:
    """Return what lies there that is no utterance, and what it may stand for."""
    diagnosis = diagnose(found)
    lines = [f"{path}: unexpected, not a published name" for path in found.unexpected]
    may_be = [diagnosis.pairs.get(path) for path in found.unexpected]
    return [
        *(f"{x}, perhaps {name}" if name else x for x, name in zip(lines, may_be, strict=True)),
        *diagnosis.lines,
    ]


def _alike(found: Survey) -> list[str]:
    if not found.alike:
        return []
    path, name = next(iter(found.alike.items()))
    return [
        f"{len(found.alike)} files are taken for the utterances whose names differ from theirs in "
        f"case, Unicode form or a doubled ending alone: {path} for {name}"
    ]


def _missing(found: Survey) -> list[str]:
    absent = found.absent_emotions()
    return [f"{n}: missing" for n in found.missing() if found.spoken[n].emotion not in absent]


def _contradictory(found: Survey) -> list[str]:
    several = found.contradictory().items()
    return [f"{name}: doubled with different content: {_list(paths)}" for name, paths in several]


def _not_audio(found: Survey) -> list[str]:
    return [f"{path}: unreadable, {_why_not_audio(path)}" for path in found.not_audio]


def _why_not_audio(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "of a format libsndfile cannot read" if path.exists() else "a link to nothing"


def _decode(found: Survey, progress: "Progress") -> tuple[dict[str, _Recording], list[str]]:
    """Return the recording of each name that can be decoded, and a line for each that cannot."""

    def recording(path: Path) -> _Recording | str:
        try:
            samples, rate, channels = decode(path)
            frontend.require_a_frame(len(samples))
        except AudioError as fault:
            return fault.problem
        digest = hashlib.sha256(samples.tobytes()).hexdigest()
        return _Recording(digest, rate, channels, len(samples) / SAMPLE_RATE)

    frontend = FrontEnd()  # the protocols' own: no other needs longer recordings
    recordings: dict[str, _Recording] = {}
    damaged: list[str] = []
    paths = [paths[0] for paths in found.files.values()]
    with ThreadPoolExecutor(cpu_count()) as pool:  # decoding and resampling release Python's lock
        decoded = pool.map(recording, paths)
        for done, (name, result) in enumerate(zip(found.files, decoded, strict=True), start=1):
            if isinstance(result, str):
                damaged.append(f"{name}: {result}")
            else:
                recordings[name] = result
            progress(done, len(paths))
    return recordings, damaged


def _repeated(
    found: Survey, recordings: Mapping[str, _Recording]
) -> list[tuple[list[str], str | None]]:
    """Return names of identical samples, and which metadata of theirs contradicts."""
    by_digest: dict[str, list[str]] = {}
    for name, recording in recordings.items():
        by_digest.setdefault(recording.digest, []).append(name)
    groups = []
    for names in by_digest.values():
        spoken = [found.spoken[name] for name in names]
        differ = [
            what for what in ("emotion", "speaker") if len({getattr(s, what) for s in spoken}) > 1
        ]
        if len(names) > 1:
            groups.append((names, " and ".join(differ) or None))
    return groups


def _counts(found: Survey) -> dict[tuple[str, str], tuple[int, int]]:
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for name, spoken in found.spoken.items():
        key = (spoken.speaker, spoken.emotion)
        here, expected = counts.get(key, (0, 0))
        counts[key] = (here + (name in found.files), expected + 1)
    return counts


def in_order(emotions: Iterable[str]) -> list[str]:
    """Return emotions with the five of `EMOTIONS` first, then by name."""
    return sorted(emotions, key=lambda e: (e not in EMOTIONS, e))


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f", ... ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(repr(n) if " " in n or not n.isprintable() else n for n in names[:most]) + more


def _list(paths: tuple[Path, ...]) -> str:
    return ", ".join(map(str, paths))
