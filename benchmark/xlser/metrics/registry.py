"""Metrics by name, from the entry-point group `xlser.metrics`."""

from collections.abc import Mapping, Sequence

from xlser import registry
from xlser.errors import UnknownNameError
from xlser.metrics.metric import Metric


def metric_names() -> list[str]:
    """Return the names of all registered metrics, sorted.

    `recall` stands for one metric per class.
    """
    return registry.names("xlser.metrics")


def get_metric(name: str, classes: Sequence[str]) -> Metric:
    """Return a metric.

    Args:
        name: as registered, or of one class: `recall-anger`.
        classes: names of the emotions, in the order of the class indices.

    Raises:
        UnknownNameError: no package registers it.
        PluginError: two packages claim the name, it cannot be imported or is not a metric.
    """
    known = metric_names()
    for registered in known:
        if name == registered or name.startswith(f"{registered}-"):
            for metric in _load(registered, classes):
                if metric.name == name:
                    return metric
    raise UnknownNameError("metric", name, known)


def metrics_for(classes: Sequence[str]) -> Mapping[str, Metric]:
    """Return all registered metrics by name, those of single classes one by one.

    Args:
        classes: names of the emotions, in the order of the class indices.

    Raises:
        PluginError: two packages claim a name, one cannot be imported or is not a metric.
    """
    return {m.name: m for name in metric_names() for m in _load(name, classes)}


def _load(name: str, classes: Sequence[str]) -> Sequence[Metric]:
    kind = registry.load("xlser.metrics", name, Metric)  # type: ignore[type-abstract]
    return kind.for_classes(classes)
