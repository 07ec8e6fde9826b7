"""Finding a corpus' utterances on disk, and what is wrong with them."""

import fnmatch
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xlser.corpora.corpus import Corpus, Utterance
from xlser.corpora.diagnosis import diagnose, in_other_formats
from xlser.corpora.survey import Survey, survey
from xlser.errors import IncompleteCorpusError, PluginError, SettingsError
from xlser.system.files import digest_file, digest_json


@dataclass(frozen=True)
class Inventory:
    """The utterances of one corpus, complete for the emotions asked for.

    Attributes:
        corpus: the corpus.
        root: its folder.
        utterances: sorted by id, one for every utterance of those emotions but those excluded.
        excluded: names that the user left out, sorted.
    """

    corpus: Corpus
    root: Path
    utterances: tuple[Utterance, ...]
    excluded: tuple[str, ...]

    def digest(self) -> str:
        """Return the SHA-256 over every utterance's id and the bytes of its file, in hex."""
        return digest_json([[u.id, digest_file(u.path)] for u in self.utterances])


def scan(
    corpus: Corpus,
    root: Path,
    exclude: Sequence[str] = (),
    emotions: Collection[str] | None = None,
) -> Inventory:
    """Return the utterances of `corpus` under `root`.

    Args:
        corpus: what to look for.
        root: its folder.
        exclude: names or glob patterns of utterances to leave out.
        emotions: those asked for, all by default. Utterances of other emotions may be absent or
            damaged. For what a protocol reads pass `read_for(protocol.classes)`.

    Raises:
        IncompleteCorpusError: an utterance is missing or contradictory and not excluded. Nothing
            ever shrinks a data set silently.
        SettingsError: an exclusion matches no utterance.
        PluginError: names hold blanks.
    """
    found = survey(corpus, root)
    used = {
        name: spoken
        for name, spoken in found.spoken.items()
        if emotions is None or spoken.emotion in emotions
    }
    _require_names_without_blanks(corpus, used)
    excluded = _resolve(corpus, used, exclude)
    faults = _faults(found, used.keys() - excluded)
    if faults:
        raise _incomplete(found, len(used), faults)
    utterances = [
        corpus.utterance(name, used[name], paths[0])
        for name, paths in found.files.items()
        if name in used and name not in excluded
    ]
    in_order = tuple(sorted(utterances, key=lambda u: u.id))
    return Inventory(corpus, root, in_order, tuple(sorted(excluded)))


def _require_names_without_blanks(corpus: Corpus, names: Iterable[str]) -> None:
    broken = [name for name in names if len(name.split()) != 1]
    if broken:
        raise PluginError(
            f"{corpus.title} gives {len(broken)} names with blanks, such as {broken[0]!r}.",
            "Records list names separated by blanks: let `name_of` of the corpus replace them, "
            "for example by '_', or add the recordings from a table (docs/corpora.md).",
        )


def _faults(found: Survey, used: Collection[str]) -> list[str]:
    """Return a line for each used utterance that cannot be taken from the folder."""
    return [f"{name}: missing" for name in found.missing() if name in used] + [
        f"{name}: different files: {', '.join(map(str, paths))}"
        for name, paths in found.contradictory().items()
        if name in used
    ]


def _incomplete(found: Survey, used: int, faults: list[str]) -> IncompleteCorpusError:
    corpus = found.corpus
    shown = "\n".join(f"  {fault}" for fault in faults[:5])
    more = f"\n  ... and {len(faults) - 5} more" if len(faults) > 5 else ""
    diagnosis = diagnose(found)
    there = "".join(f"\n{line}" for line in (*diagnosis.lines, *in_other_formats(found)))
    rename = "Rename those files, or complete" if diagnosis.pairs else "Complete"
    return IncompleteCorpusError(
        f"{corpus.title} in {found.root} has {len(faults)} of {used} utterances not as published:\n"
        f"{shown}{more}{there}",
        f"`xlser corpora check {corpus.name}` lists all. {rename} the copy ({corpus.homepage}; "
        f"layout {corpus.tree}), or leave utterances out by name (--exclude {corpus.name}/NAME, "
        "or [exclude] in xlser.toml), which every record will state.",
    )


def _resolve(corpus: Corpus, names: Iterable[str], exclude: Sequence[str]) -> set[str]:
    """Expand glob patterns to the utterances of `names` that they match."""
    known = list(names)
    excluded: set[str] = set()
    for pattern in exclude:
        matches = fnmatch.filter(known, pattern)
        if not matches:
            example = f"Name utterances as {known[0]!r}, or use" if known else "Use"
            raise SettingsError(
                f"The exclusion {corpus.name}/{pattern} matches no utterance of {corpus.title}.",
                f"{example} a pattern such as '*'.",
            )
        excluded.update(matches)
    return excluded
