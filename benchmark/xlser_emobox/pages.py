"""What EmoBox adds to the pages of its protocols: how its experiment differs, and its table."""

from collections.abc import Sequence

from xlser.leaderboards import PagePlugin
from xlser.leaderboards.formatting import columns, show, show_seeds, show_with_interval
from xlser.leaderboards.model import Block, Code, Paragraph, Section, TableModel
from xlser.leaderboards.plugins import ResultsOf
from xlser.results import Condition, Results, Row
from xlser_emobox.printed import BACKBONES, PRINTED

_EXPERIMENT = (
    "Folds, classes and measures are those of EmoBox (Ma et al. 2024, Interspeech). Compare ",
    Code("target-only"),
    """ with it: a classifier that learns from frozen embeddings of the corpus' other speakers, \
all labelled. The experiments differ in the following, as far as EmoBox's repository shows. \
EmoBox takes the last layer and normalises it within each utterance. A linear layer, ReLU, the \
mean over frames and a linear layer follow. Here an utterance has one embedding, of the layer \
that headings name. The train speech standardises it, and a hidden layer of 256 with dropout \
follows. EmoBox validates on a fifth of the train utterances, of the same speakers. Its code \
tests every epoch, and does not show which one the table has. Here there is no validation: the \
last epoch is tested. We take epochs (100), batch (32) and learning rate (0.0001) from EmoBox's \
README; its configuration files have 20 epochs.""",
)

_ABOUT = """\
Percent. Above: Table 4 of EmoBox. Below: the complete rows of this page, mean ± standard \
deviation over seeds, UA with its [95 % interval over speakers]. Every fold has as many utterances \
of each class as the others, so UA and accuracy are the same whether folds are averaged, as here, \
or pooled; macro-F1 is not, and EmoBox's repository does not show how its table averages folds."""

_OTHER_ENCODERS = """\
None of our rows has an encoder of EmoBox's: a difference between above and below is first of all \
one of encoders. It does not compare the two suites."""

_SAME_ENCODER = """\
The same weights stand above and below for: {}. All other differences between above and below are \
of encoders first."""


class EmoBoxPages(PagePlugin):
    """EmoBox's table beside our results."""

    name = "emobox"
    protocols = tuple(PRINTED)

    def introduction(self, results: Results) -> Sequence[Block]:
        """Return how EmoBox's experiment differs from ours."""
        return [Paragraph(_EXPERIMENT)]

    def sections(self, results: Results, results_of: ResultsOf) -> Sequence[Section]:
        """Return EmoBox's table with our complete rows below."""
        ours = [
            (table.condition, row)
            for table in results.tables()
            for row in table.rows
            if row.complete and not row.marks
        ]
        blocks: list[Block] = [Paragraph(_ABOUT), _table(results.protocol.name, ours)]
        if ours:
            blocks.append(Paragraph(_encoders_in_words([condition for condition, _ in ours])))
        return [Section("EmoBox's table and ours", blocks)]


def _table(protocol: str, ours: Sequence[tuple[Condition, Row]]) -> TableModel:
    printed = PRINTED[protocol]
    cells: dict[str, Sequence[str]] = {
        "encoder": [*printed, *(f"{c.backbone}, {c.track}" for c, _ in ours)],
        "from": [*("EmoBox" for _ in printed), *(row.method for _, row in ours)],
        "UA %": [
            *(each.ua for each in printed.values()),
            *(
                show_with_interval(row.scores["target", "ua"], row.resampled.estimate)
                for _, row in ours
            ),
        ],
        "accuracy %": [
            *(each.accuracy for each in printed.values()),
            *(show(row.scores["target", "accuracy"]) for _, row in ours),
        ],
        "macro-F1 %": [
            *(each.macro_f1 for each in printed.values()),
            *(show(row.scores["target", "macro-f1"]) for _, row in ours),
        ],
        "seeds": [*("" for _ in printed), *(show_seeds(row) for _, row in ours)],
    }
    return TableModel(columns(cells, ["encoder", "from"]))


def _encoders_in_words(ours: Sequence[Condition]) -> str:
    used = {condition.backbone for condition in ours}
    same = [encoder for encoder, backbone in BACKBONES.items() if backbone in used]
    return _SAME_ENCODER.format(", ".join(same)) if same else _OTHER_ENCODERS
