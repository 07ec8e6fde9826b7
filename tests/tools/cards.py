"""Cards of methods and corpora for the docs site, made from the registries.

Each card is a page of Markdown: what the class states of itself, and for a corpus what its
published names show: utterances by class and speaker, and sentences that give a class away.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xlser.api.listings import facts_of
from xlser.corpora import EMOTIONS, Corpus, corpus_names, get_corpus
from xlser.errors import PluginError
from xlser.leaderboards.model import (
    Block,
    Code,
    Column,
    Link,
    Page,
    Paragraph,
    Section,
    TableModel,
)
from xlser.leaderboards.rendering import page_as_markdown
from xlser.methods import method_names, outlined_methods

_FACTS = ("family", "citation", "target labels", "least labels", "attributes", "tracks", "package")


def method_cards() -> dict[str, str]:
    """Return the card of each method that is installed, by name, and that of all as "index"."""
    cards, rows = {}, []
    for name, method in outlined_methods(method_names()).items():
        if isinstance(method, PluginError):
            raise method
        facts = facts_of(method)
        cards[name] = page_as_markdown(_method(facts))
        rows.append((Link(name, f"{name}.md"), facts["family"] or "", facts["about"]))
    cards["index"] = page_as_markdown(_index("Methods", ("method", "family", "about"), rows))
    return cards


def _method(facts: Mapping[str, Any]) -> Page:
    about = str(facts["documentation"]).replace("`", "")
    blocks: list[Block] = [Paragraph(" ".join(part.split())) for part in about.split("\n\n")]
    if facts["reconstructed"]:
        blocks.append(Paragraph("Reconstructed from its abstract: its authors' own may differ."))
    shown = [(name, _in_words(facts[name])) for name in _FACTS if facts[name]]
    settings = [(Code(name), Code(repr(value))) for name, value in facts["settings"].items()]
    sections = [Section("What it states", [_table(("", ""), shown)])]
    if settings:
        sections.append(Section("Hyper-parameters", [_table(("name", "default"), settings)]))
    command = Paragraph(("Run it: ", Code(f"xlser run {facts['method']}"), "."))
    return Page(str(facts["method"]), [*blocks, command], sections)


def corpus_cards() -> dict[str, str]:
    """Return the card of each corpus that is installed, by name, and that of all as "index"."""
    cards, rows = {}, []
    for name in corpus_names():
        corpus = get_corpus(name)
        cards[name] = page_as_markdown(_corpus(corpus))
        count = len(corpus.published()) or corpus.files
        rows.append((Link(name, f"{name}.md"), corpus.language.capitalize(), str(count or "")))
    cards["index"] = page_as_markdown(_index("Corpora", ("corpus", "language", "utterances"), rows))
    return cards


def _corpus(corpus: Corpus) -> Page:
    published = list(corpus.published().values())
    facts = {
        "language": corpus.language.capitalize(),
        "utterances": len(published) or corpus.files,
        "speakers": len({spoken.speaker for spoken in published}),
        "naturalness": corpus.naturalness,
        "licence": corpus.licence,
        "homepage": corpus.homepage,
        "citation": corpus.citation,
        "caution": corpus.caution,
    }
    shown = [(name, _in_words(value)) for name, value in facts.items() if value]
    sections = [Section("What it is", [_table(("", ""), shown)])]
    if published:
        sections.append(Section("Utterances by class and speaker", [_counts(published)]))
        sections.append(Section("Sentences", [Paragraph(_overlap(published))]))
    return Page(f"{corpus.title} ({corpus.name})", [], sections)


def _counts(published: Sequence[Any]) -> TableModel:
    counts = Counter((spoken.speaker, spoken.emotion) for spoken in published)
    speakers = sorted({speaker for speaker, _ in counts})
    others = sorted({emotion for _, emotion in counts} - set(EMOTIONS))
    emotions = [e for e in EMOTIONS if any(counts[s, e] for s in speakers)] + others
    rows = [
        (
            speaker,
            *(str(counts[speaker, e]) for e in emotions),
            str(sum(counts[speaker, e] for e in emotions)),
        )
        for speaker in speakers
    ]
    sums = [str(sum(counts[s, e] for s in speakers)) for e in emotions]
    rows.append(("all", *sums, str(len(published))))
    return _table(("speaker", *emotions, "all"), rows)


def _overlap(published: Sequence[Any]) -> str:
    """Return in words how many utterances are of sentences that occur in one emotion alone."""
    spoken = [each for each in published if each.sentence]
    if not spoken:
        return "Its names do not give the sentence."
    of_sentence: dict[str, set[str]] = {}
    for each in spoken:
        of_sentence.setdefault(each.sentence, set()).add(each.emotion)
    alone = sum(len(of_sentence[each.sentence]) == 1 for each in spoken)
    share = 100 * alone / len(spoken)
    return (
        f"{len(of_sentence)} sentences. {share:.0f} % of the utterances are of a sentence that "
        "occurs in one emotion alone" + (": a method may learn words." if share > 50 else ".")
    )


def _index(title: str, titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> Page:
    return Page(title, [_table(titles, rows)])


def _table(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> TableModel:
    columns: Iterator[tuple[Any, ...]] = zip(*rows, strict=True)
    return TableModel([Column(t, cells, "left") for t, cells in zip(titles, columns, strict=True)])


def _in_words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
