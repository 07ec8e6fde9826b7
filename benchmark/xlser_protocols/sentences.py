"""What sentences give away, on the page of `v2`: figures over sentences that all emotions share.

`xlser leaderboard v2` writes the section from the records and the published names of the corpora.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np
import numpy.typing as npt

from xlser.corpora import Utterance
from xlser.leaderboards import PagePlugin
from xlser.leaderboards.formatting import columns, named, show
from xlser.leaderboards.model import Details, Paragraph, Section, TableModel
from xlser.leaderboards.plugins import ResultsOf
from xlser.protocols import Protocol, published_utterances
from xlser.results import Results, Row, Score, Table

LEAST_SHARE = 0.05
"""Of a target's utterances, those that must be of sentences of one emotion alone, and those that
must be of shared sentences, for its figures to be shown."""

Mask = npt.NDArray[np.bool_]
Classes = npt.NDArray[np.int64]

_ABOUT = """\
{share:.0f} % of the utterances of {target} ({corpora}) are of sentences that occur in one emotion \
alone: who knows the sentence knows the emotion. UA %, mean ± standard deviation over seeds: over \
all test utterances of a seed; over those of the shared sentences, which occur in every emotion \
({count} of {sentences}); and over the others. The row sentence alone looks at no speech: it \
answers each utterance with the emotion in which other speakers speak its sentence most often. A \
method that learns words from target labels scores higher on sentences of one emotion than on \
shared ones."""


class SentencePages(PagePlugin):
    """Figures over shared sentences, for targets in which sentences give emotions away."""

    name = "sentences"
    protocols = ("v2",)

    def sections(self, results: Results, results_of: ResultsOf) -> Sequence[Section]:
        """Return one section per target whose sentences give emotions away."""
        sections = []
        for target in results.protocol.targets:
            tables = [table for table in results.tables() if table.target == target]
            sentences = Sentences.of(results.protocol, target) if tables else None
            if sentences and sentences.are_confounded:
                sections.append(_section(results.protocol, target, sentences, tables))
        return sections


@dataclass(frozen=True)
class Sentences:
    """The sentences of a target's utterances of its classes.

    Attributes:
        of_utterance: utterance id -> sentence.
        shared: sentences that occur in every class.
        answers: utterance id -> index of the class in which other speakers speak its sentence most
            often; of equals the first; 0 where nobody else speaks it.
    """

    of_utterance: Mapping[str, str]
    shared: frozenset[str]
    answers: Mapping[str, int]

    @classmethod
    def of(cls, protocol: Protocol, target: str) -> "Sentences":
        """Read them from the published names of the corpora; no recording is needed."""
        classes = protocol.classes_of(target)
        known: list[tuple[Utterance, int]] = []
        for corpus in protocol.languages[target]:
            for utterance in published_utterances(corpus, protocol.read_emotions(corpus)):
                emotion = protocol.emotion_of(corpus, utterance.emotion)
                if emotion in classes:
                    known.append((utterance, protocol.classes.index(emotion)))
        counts: dict[str, Counter[int]] = defaultdict(Counter)
        of_speaker: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        for utterance, index in known:
            counts[utterance.sentence][index] += 1
            of_speaker[utterance.speaker, utterance.sentence][index] += 1
        answers = {}
        for utterance, _ in known:
            others = counts[utterance.sentence] - of_speaker[utterance.speaker, utterance.sentence]
            answers[utterance.id] = max(sorted(others), key=lambda i: others[i], default=0)
        return cls(
            {utterance.id: utterance.sentence for utterance, _ in known},
            frozenset(s for s, emotions in counts.items() if len(emotions) == len(classes)),
            answers,
        )

    @property
    def confounded_share(self) -> float:
        """Share of utterances whose sentence does not occur in every class."""
        of = self.of_utterance.values()
        return sum(sentence not in self.shared for sentence in of) / len(of) if of else 0.0

    @property
    def are_confounded(self) -> bool:
        """Whether both kinds of sentences are frequent enough for figures."""
        return LEAST_SHARE <= self.confounded_share <= 1 - LEAST_SHARE


def unweighted_accuracy(truth: Classes, predicted: Classes) -> float:
    """Return the mean recall over classes that are tested, percent.

    Args:
        truth: class index of each utterance, shape (utterances,).
        predicted: the same, as answered.
    """
    return 100 * mean(float(np.mean(predicted[truth == c] == c)) for c in np.unique(truth))


def by_seed(row: Row, predicted: Classes, kept: Mask) -> Score:
    """Return UA over some of the test utterances of each seed, all of its folds together.

    Args:
        row: of a table.
        predicted: answers to its test utterances, shape (utterances,).
        kept: which utterances count, shape (utterances,).
    """
    test = row.predictions.utterances
    seed_of_cell = np.array([seed for seed, _ in row.cells])
    seeds = seed_of_cell[test.seed]
    chosen = [kept & (seeds == seed) for seed in row.seeds]
    return Score(tuple(unweighted_accuracy(test.truth[m], predicted[m]) for m in chosen))


def _section(
    protocol: Protocol, target: str, sentences: Sentences, tables: Sequence[Table]
) -> Section:
    about = _ABOUT.format(
        share=100 * sentences.confounded_share,
        target=target.capitalize(),
        corpora=", ".join(protocol.languages[target]),
        count=len(sentences.shared),
        sentences=len(set(sentences.of_utterance.values())),
    )
    parts = [
        Details(table.condition.title, [_figures(table, sentences)])
        for table in tables
        if table.rows
    ]
    title = f"{target.capitalize()} with sentences held constant"
    return Section(title, [Paragraph(about), *parts])


def _figures(table: Table, sentences: Sentences) -> TableModel:
    rows = [row for row in table.rows if row.complete and not row.marks]
    cells: dict[str, list[str]] = {
        title: [] for title in ("method", "labels", "all sentences", "shared", "of one emotion")
    }

    def add(method: str, labels: str, row: Row, predicted: Classes) -> None:
        ids = row.predictions.utterances.ids
        shared = np.array([sentences.of_utterance[id_] in sentences.shared for id_ in ids])
        cells["method"].append(method)
        cells["labels"].append(labels)
        for title, kept in (
            ("all sentences", np.ones_like(shared)),
            ("shared", shared),
            ("of one emotion", ~shared),
        ):
            cells[title].append(show(by_seed(row, predicted, kept)))

    for row in rows[:1]:
        ids = row.predictions.utterances.ids
        add("sentence alone", "", row, np.array([sentences.answers[id_] for id_ in ids]))
    for row in rows:
        add(
            named(row),
            str(row.labels),
            row,
            row.predictions.predicted.astype(np.int64),
        )
    return TableModel(columns(cells, left=("method",)))
