"""What a reader must know of a protocol, and how to read its tables."""

from xlser.leaderboards.formatting import BELOW, SIGNIFICANT
from xlser.leaderboards.model import Block, Code, Inline, Link, Paragraph
from xlser.leaderboards.plugins import page_plugins
from xlser.metrics import get_metric
from xlser.protocols import Protocol, is_registered
from xlser.results import Results


def introduction(results: Results) -> list[Block]:
    """Return what a protocol is, and what plugins add to that."""
    protocol = results.protocol
    own = Paragraph(
        "This is a protocol of one's own, not one of the suite's or of an installed package: its "
        "scores stand beside no other protocol's."
    )
    version = f"version {protocol.version}" if protocol.version else "draft"
    blocks: list[Block] = [
        Paragraph(protocol.about),
        *([] if is_registered(protocol) else [own]),
        Paragraph(
            (
                f"Protocol {version}, digest ",
                Code(protocol.digest[:16]),
                "; written by ",
                Code(f"xlser leaderboard {protocol.name}"),
                " from the records in ",
                Code("results/"),
                ". Scores are percent. UA is the mean of the per-class recalls, accuracy the "
                "share of utterances recognised. "
                f"Guessing gives {_chance(protocol)} of both.",
            )
        ),
    ]
    for plugin in page_plugins(protocol.name):
        blocks += plugin.introduction(results)
    return blocks


def how_to_read(protocol: Protocol, docs: bool) -> list[Block]:
    """Return what a reader must know of corpora, of uncertainty and of ranks.

    Args:
        protocol: of the tables.
        docs: whether the suite's `docs` lie beside the folder of leaderboards, to be linked to.
    """
    notes = map(Paragraph, protocol.presentation.notes)
    return [*notes, _about_uncertainty(protocol, docs), _about_ranks(protocol)]


def _chance(protocol: Protocol) -> str:
    """Return the scores of guessing: for targets of all classes, and for those that lack some."""
    fewer: dict[int, list[str]] = {}
    for target, classes in protocol.target_classes.items():
        fewer.setdefault(len(classes), []).append(target.capitalize())
    parts = [
        f"{100 / count:.1f} % ({count} classes: {', '.join(targets)})"
        for count, targets in fewer.items()
    ]
    if set(protocol.target_classes) < set(protocol.targets):
        parts.insert(0, f"{100 / len(protocol.classes):.1f} %")
    return " or ".join(parts)


def _about_uncertainty(protocol: Protocol, docs: bool) -> Paragraph:
    seeds = ", ".join(map(str, protocol.seeds))
    against: tuple[Inline, ...] = ()
    if reference := protocol.presentation.reference:
        against = (
            f"The column vs {reference} is the difference from ",
            Code(reference),
            " at the same label budget, with its 95 % interval: the same speakers are resampled "
            f"for both. {SIGNIFICANT} marks a separable difference: p ≤ 0.05 by exchange of "
            "speakers, adjusted over the column. ",
        )
    return Paragraph(
        (
            f"± is the standard deviation over seeds ({seeds}); each seed trains anew and"
            f"{_tested(protocol)}. The 95 % interval of "
            f"{get_metric(protocol.headline, protocol.classes).title} on the target language "
            "covers the choice of test speakers: it is computed by resampling speakers, and a "
            "speaker tested under several seeds is one speaker. ",
            *against,
            *_about_intervals(docs),
            ".",
        )
    )


def _about_intervals(docs: bool) -> tuple[Inline, ...]:
    what = "How intervals are computed, and their limits"
    if docs:
        return (Link(what, "../../docs/statistics.md"),)
    return (f"{what}: ", Code("docs/statistics.md"), " of xlser")


def _tested(protocol: Protocol) -> str:
    if protocol.folds > 1:
        return (
            f" tests all speakers, in {protocol.folds} folds: each by a model trained on the "
            "others. A seed's score is the mean over its folds"
        )
    return ", where the protocol rotates speakers, tests other speakers"


def _about_ranks(protocol: Protocol) -> Paragraph:
    headline = get_metric(protocol.headline, protocol.classes).title
    if not protocol.ranks:
        return Paragraph(
            "This protocol does not rank methods. Rows are sorted by "
            f"{headline} within a label budget."
        )
    return Paragraph(
        f"Rows of one table are ranked by {headline} on the target language; scores that are "
        f"equal as printed share a rank (2=). In brackets behind it stand the ranks that a method "
        "may have, 95 % for all methods at once; where none is ruled out, nothing stands there. "
        f"{BELOW} marks what is separably below the first at "
        "5 %, adjusted for all methods: all others may be as good as the first, whatever their "
        "ranks. Below a table stands from which difference on it finds methods apart in 80 of 100 "
        "experiments, and the reliability of its ranking: the share of the variance between "
        "methods that is not noise. Rows that train on all target labels, lack seeds or have a "
        "note have no rank. Ranks under a partial source or with excluded utterances hold within "
        "that table alone."
    )
