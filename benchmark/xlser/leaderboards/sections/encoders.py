"""What the encoders of a page were trained on, under which licence, and which corpora they know.

The facts are those that backbone classes state. They are kept in `encoders.json` beside the
records, so that a page can be written without importing torch, and where an encoder is not
installed. To read them from the classes again, delete the file.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xlser.corpora import get_corpus
from xlser.errors import RecordError, XlserError
from xlser.leaderboards.formatting import DASH
from xlser.leaderboards.model import Column, Paragraph, Section, Strong, TableModel, Text, plain
from xlser.protocols import Protocol
from xlser.results import Condition
from xlser.system.files import write_atomically

FILE = "encoders.json"


@dataclass(frozen=True)
class Encoder:
    """What an encoder's class states.

    Attributes:
        data: what it was trained on, in words.
        corpora: registered names of the corpora among it.
        listed: whether its authors list all of it.
        licence: terms of use.
        weights: where they are published; None if it has none.
        parameters: how many; None where that is not known without the weights.
        citation: the publication it comes from.
    """

    data: str
    corpora: tuple[str, ...]
    listed: bool
    licence: str
    weights: str | None
    parameters: int | None
    citation: str

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> "Encoder":
        """Return the encoder that an entry of the file states."""
        return cls(**{**content, "corpora": tuple(content["corpora"])})


class Encoders:
    """The encoders of a protocol's records, by name.

    Args:
        protocol: whose corpora are looked for.
        known: facts by name; an encoder without is shown as not known.
    """

    def __init__(self, protocol: Protocol, known: Mapping[str, Encoder]) -> None:
        self.protocol = protocol
        self.known = known

    def trained_on(self, condition: Condition, target: str | None = None) -> tuple[str, ...]:
        """Return the protocol's corpora that the encoder of a condition was trained on.

        Args:
            condition: names the encoder and its weights; random ones were trained on nothing.
            target: language whose corpora count beside the source's; None: all languages.
        """
        encoder = self.known.get(condition.backbone)
        if encoder is None or condition.weights == "random":
            return ()
        languages = self.protocol.languages
        named = languages if target is None else (*self.protocol.source_languages, target)
        own = dict.fromkeys(corpus for language in named for corpus in languages[language])
        return tuple(corpus for corpus in own if corpus in encoder.corpora)

    def flags(self, condition: Condition, target: str | None = None) -> list[Paragraph]:
        """Return what stands above rows whose encoder was trained on a corpus of theirs."""
        corpora = self.trained_on(condition, target)
        if not corpora:
            return []
        warning = f"The encoder {condition.backbone} was trained on {_titles(corpora)}."
        return [Paragraph((Strong(warning), " Its rows are not those of unheard speech."))]

    def section(self, conditions: Iterable[Condition]) -> Section:
        """Return a row for each encoder and its weights."""
        shown = {(c.backbone, c.weights): c for c in sorted(conditions)}
        facts = [self.known.get(name) for name, _ in shown]
        drawn = [c.weights == "random" for c in shown.values()]
        names = [c.backbone + " (random weights)" * (c.weights == "random") for c in shown.values()]
        note = (
            "What the speech of a row was embedded by, and what that was trained on, as its "
            "authors state it. An encoder that was trained on a corpus of this protocol is in the "
            "last column, and its rows are flagged."
        )
        columns = {
            "parameters": [_count(of) for of in facts],
            "trained on": [
                "nothing" if random else plain(of.data) if of else "not known here"
                for of, random in zip(facts, drawn, strict=True)
            ],
            "licence": [plain(of.licence) if of else "not known here" for of in facts],
            "citation": [plain(of.citation) if of else DASH for of in facts],
        }
        last: list[Text] = [self._cell(condition) for condition in shown.values()]
        return Section(
            "Encoders",
            [
                Paragraph(note),
                TableModel(
                    [
                        Column("encoder", names, "left"),
                        *(
                            Column(title, cells, "right" if title == "parameters" else "left")
                            for title, cells in columns.items()
                        ),
                        Column("corpora of this protocol among it", last, "left"),
                    ],
                    padded=False,
                ),
            ],
        )

    def _cell(self, condition: Condition) -> Text:
        encoder = self.known.get(condition.backbone)
        if corpora := self.trained_on(condition):
            return Strong(_titles(corpora))
        certain = condition.weights == "random" or (encoder is not None and encoder.listed)
        return "none" if certain else "not known"


def encoders_of(protocol: Protocol, names: Collection[str], folder: Path) -> Encoders:
    """Return the encoders of records; facts that the file lacks come from classes, and are kept.

    Args:
        protocol: of the records.
        names: of their backbones.
        folder: of the protocol's leaderboard.

    Raises:
        RecordError: the file cannot be read.
    """
    path = folder / FILE
    known = _read(path) if path.is_file() else {}
    found = {name: fact for name in names if name not in known and (fact := _stated_by(name))}
    if found:
        known |= found
        entries = {name: asdict(known[name]) for name in sorted(known)}
        text = json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
        write_atomically(path, text.encode())
    return Encoders(protocol, known)


def _read(path: Path) -> dict[str, Encoder]:
    try:
        stated = json.loads(path.read_bytes())
        return {name: Encoder.of_json(entry) for name, entry in stated.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as cause:
        raise RecordError(
            f"{path} does not state what encoders were trained on: {cause}.",
            "Delete it: `xlser leaderboard` writes it anew from the encoders' classes.",
        ) from cause


def _stated_by(name: str) -> Encoder | None:
    """Return what the class of an encoder states; None if it cannot be loaded here."""
    from xlser.backbones import get_backbone, parameter_count  # imports torch, which takes seconds

    try:
        kind = get_backbone(name)
    except XlserError:
        return None
    return Encoder(
        data=kind.trained_on.data,
        corpora=kind.trained_on.corpora,
        listed=kind.trained_on.listed,
        licence=kind.terms(),
        weights=kind.weights.url if kind.weights else None,
        parameters=parameter_count(kind),
        citation=kind.citation,
    )


def _count(encoder: Encoder | None) -> str:
    if encoder is None or encoder.parameters is None:
        return DASH
    millions = encoder.parameters / 1e6
    return f"{millions:.1f} M" if encoder.parameters else "0"


def _titles(corpora: Iterable[str]) -> str:
    return ", ".join(get_corpus(name).title for name in corpora)
