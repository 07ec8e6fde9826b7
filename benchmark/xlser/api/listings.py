"""What is installed and found, as rows of plain values: for functions and commands alike.

Only the list of backbones needs torch: all others appear at once.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from xlser.errors import PluginError
from xlser.settings import Settings

if TYPE_CHECKING:
    from xlser.methods import Method


def corpus_rows(settings: Settings | None = None) -> Iterator[dict[str, Any]]:
    """Yield the facts of each corpus, and the folder in which it is found."""
    from xlser.corpora import EMOTIONS, corpus_names, find_root, get_corpus

    where = settings or Settings.gather()
    for name in corpus_names():
        corpus = get_corpus(name)
        published = corpus.published().values()
        root = find_root(corpus, where)
        yield {
            "corpus": name,
            "language": corpus.language,
            "utterances": len(published) or corpus.files or None,
            "of the five emotions": sum(spoken.emotion in EMOTIONS for spoken in published),
            "emotions": sorted({spoken.emotion for spoken in published}),
            "speakers": len({spoken.speaker for spoken in published}) or None,
            "licence": corpus.licence,
            "homepage": corpus.homepage,
            "citation": corpus.citation,
            "found in": str(root) if root else None,
        }


def protocol_rows(
    names: Sequence[str] = (), settings: Settings | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what each protocol states, and which of its corpora are not found.

    Args:
        names: of protocols; default: all.
        settings: where corpora are; default: as `xlser.toml` and the environment state.

    Raises:
        UnknownNameError: no such protocol.
    """
    from xlser.corpora import find_root, get_corpus
    from xlser.protocols import find_protocol, protocol_names

    where = settings or Settings.gather()
    for name in names or protocol_names():
        protocol = find_protocol(name, settings=where)
        corpora = {corpus for each in protocol.languages.values() for corpus in each}
        absent = [c for c in sorted(corpora) if find_root(get_corpus(c), where) is None]
        yield {
            "protocol": protocol.name,
            "about": protocol.about,
            "version": protocol.version,
            "source": " + ".join(protocol.source_languages) or "none",
            "targets": list(protocol.targets),
            "languages": {language: list(c) for language, c in protocol.languages.items()},
            "corpora not found": absent,
            "classes": list(protocol.classes),
            "seeds": list(protocol.seeds),
            "folds": protocol.folds,
            "budgets": list(protocol.budgets),
            "headline": protocol.headline,
            "headline budgets": list(protocol.first_budgets or protocol.budgets[-1:]),
            "classes of targets": {t: list(c) for t, c in protocol.target_classes.items()},
            "label map": {c: dict(of) for c, of in protocol.label_map.items()},
            "ranks": protocol.ranks,
            "backbone": protocol.presentation.backbone,
            "digest": protocol.digest,
        }


def backbone_rows(
    names: Sequence[str] = (), settings: Settings | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what each backbone states, and where its weights are found; of broken ones, the fault.

    Args:
        names: of backbones; default: all.
        settings: where weights are; default: as the environment states.

    Raises:
        UnknownNameError: no such backbone.
    """
    from xlser.backbones import backbone_names, find_weights, get_backbone, parameter_count

    where = settings or Settings.gather()
    for name in names or backbone_names():
        try:
            kind = get_backbone(name)
        except PluginError as error:
            if names:
                raise
            yield {"backbone": name, "fault": str(error)}
            continue
        weights = kind.weights
        path = find_weights(kind, where)
        yield {
            "backbone": name,
            "dimension": kind.dimension,
            "input": kind.input.title if kind.input else "log-mel",
            "front-end": _front_end(kind.input),
            "weights": weights.url if weights else None,
            "found in": str(path) if path else None,
            "parameters": parameter_count(kind),
            "licence": kind.terms(),
            "revision": kind.revision(),
            "trained on": kind.trained_on.data,
            "corpora it has been trained on": list(kind.trained_on.corpora),
            "all of it listed": kind.trained_on.listed,
            "layer": kind.layer_rule or None,
            "notice": kind.notice or None,
            "citation": kind.citation,
            "package": _package_of(name),
        }


def _front_end(of: Any) -> Any:
    if of is None:
        return "the protocol's"
    return of.model_dump() if of.title == "log-mel" else None


def _package_of(name: str) -> str | None:
    """Return the package that registers a backbone; None for a model of the Hub or a table."""
    from xlser import registry
    from xlser.backbones.naming import Asked

    asked = Asked.parse(name)
    return None if asked.prefix else registry.package_of("xlser.backbones", asked.name)


def metric_rows(names: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Yield what each metric states of itself.

    Args:
        names: of metrics; default: all.

    Raises:
        UnknownNameError: no such metric.
    """
    from xlser import registry
    from xlser.metrics import Metric

    for name in names or registry.names("xlser.metrics"):
        metric = registry.load("xlser.metrics", name, Metric)  # type: ignore[type-abstract]
        yield {
            "metric": name,
            "title": getattr(metric, "title", name),
            "range": [metric.lowest, metric.highest],
            "higher is better": metric.higher_is_better,
            "source": metric.source,
            "package": registry.package_of("xlser.metrics", name),
        }


def method_rows() -> Iterator[dict[str, Any]]:
    """Yield what each method states of itself; of those that cannot be used, the fault."""
    from xlser.methods import method_names, outlined_methods

    for name, method in outlined_methods(method_names()).items():
        if isinstance(method, PluginError):
            yield {"method": name, "fault": str(method)}
        else:
            yield facts_of(method)


def facts_of(method: "type[Method]") -> dict[str, Any]:
    """Return what a method's class states of itself."""
    from inspect import getdoc

    from xlser import registry

    documentation = getdoc(method) or ""
    return {
        "method": method.name,
        "target labels": method.target_labels,
        "least labels": method.least_labels,
        "attributes": list(method.attributes),
        "tracks": list(method.tracks),
        "family": method.family,
        "settings": method.default_settings(),
        "citation": method.citation,
        "reconstructed": method.reconstructed,
        "package": registry.package_of("xlser.methods", method.name),
        "about": documentation.partition("\n")[0],
        "documentation": documentation,
    }
