"""The choice of an encoder's layer, on source speakers alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xlser.backbones import get_backbone, pretrained
from xlser.errors import SettingsError
from xlser.protocols import Protocol
from xlser.runs import Inputs, Watch, gather
from xlser.runs.running.in_process import threads_for
from xlser.settings import Settings

_FOLDS = 5
_INVERSE_PENALTY = 0.01


@dataclass(frozen=True)
class LayerChoice:
    """How well each layer's mean state serves to recognise emotions of unseen source speakers.

    Attributes:
        backbone: name.
        weights: digest of its weights.
        protocol: whose source it is.
        corpora: of the source that were at hand.
        utterances: of them, of the protocol's classes.
        speakers: of them.
        folds: of speakers.
        across_speakers: by layer: UA over all utterances, each recognised by a model that was
            trained on other speakers, 0 to 1.
        across_corpora: by layer: mean UA over the corpora, each recognised by a model that was
            trained on the others; empty if there is one corpus.
    """

    backbone: str
    weights: str
    protocol: str
    corpora: tuple[str, ...]
    utterances: int
    speakers: int
    folds: int
    across_speakers: tuple[float, ...]
    across_corpora: tuple[float, ...]

    @property
    def layer(self) -> int:
        """The layer with the highest UA across speakers; the lowest one of equals."""
        return int(np.argmax(self.across_speakers))

    def rows(self) -> list[dict[str, Any]]:
        """Return the figures, one row per layer, in percent."""
        return [
            {
                "layer": layer,
                "UA % across speakers": round(100 * ua, 1),
                **(
                    {"UA % across corpora": round(100 * self.across_corpora[layer], 1)}
                    if self.across_corpora
                    else {}
                ),
                "chosen": "x" if layer == self.layer else "",
            }
            for layer, ua in enumerate(self.across_speakers)
        ]


def choose_layer(
    backbone: str,
    protocol: Protocol,
    settings: Settings,
    watch: Watch = lambda work, done, total: None,
) -> LayerChoice:
    """Compare the layers of an encoder by cross-validation over source speakers.

    For each layer: a multinomial logistic regression (C = 0.01, classes weighted equally) on the
    mean over time of its states, standardised by the training folds, over five folds of speakers.
    No target speech is read. Speech of one speaker is never on both sides.

    Args:
        backbone: name, without a layer.
        protocol: gives the source corpora and the classes.
        settings: where corpora, cache and weights are.
        watch: called with (piece of work, done, total).

    Raises:
        SettingsError: the backbone has no layers to choose from, or the source too few speakers.
        XlserError: the source speech or the weights cannot be loaded.
    """
    name = backbone.partition("#")[0]
    if not get_backbone(name).layer_rule:
        raise SettingsError(
            f"The backbone {name} has no layers to choose from.",
            "Name an encoder: whisper-base, or hf:owner/name (`xlser backbones`).",
        )
    network = pretrained(f"{name}#layers=all", settings)
    catalogue = gather(protocol, (), settings)
    inputs = Inputs(catalogue, network, "frozen", settings.cache).prepared(watch)
    members = [
        (utterance, protocol.emotion_of(corpus, utterance.emotion))
        for corpus, inventory in catalogue.inventories.items()
        for utterance in inventory.utterances
        if protocol.emotion_of(corpus, utterance.emotion) in protocol.classes
    ]
    emotion = np.array([protocol.classes.index(of) for _, of in members])
    speaker = np.array([f"{u.corpus}/{protocol.group_of(u)}" for u, _ in members])
    corpus = np.array([u.corpus for u, _ in members])
    states = inputs.speech([u.id for u, _ in members]).features.numpy()
    layers = network.kind.stacked
    by_layer = states.reshape(len(members), layers, -1).swapaxes(0, 1)
    speakers = len(set(speaker))
    folds = min(_FOLDS, speakers)
    if folds < 2:
        raise SettingsError(
            f"The source of {protocol.name} has {speakers} speaker(s) at hand: none is left to "
            "compare layers on.",
            "Get another of its corpora (`xlser corpora`).",
        )
    halves = _by_speaker(speaker, emotion, folds)
    figures: dict[str, list[float]] = {"speakers": [], "corpora": []}
    with threads_for("frozen"):  # the fits are small
        for features in by_layer:
            figures["speakers"].append(
                _unweighted_accuracy(emotion, _predicted(features, emotion, halves))
            )
            figures["corpora"] += _across(features, emotion, corpus)
    return LayerChoice(
        name,
        network.digest,
        protocol.name,
        tuple(catalogue.inventories),
        len(members),
        speakers,
        folds,
        tuple(figures["speakers"]),
        tuple(figures["corpora"]),
    )


Halves = Sequence[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]


def _by_speaker(speaker: npt.NDArray[Any], emotion: npt.NDArray[np.intp], folds: int) -> Halves:
    """Return train and test rows of each fold; a speaker is in one test fold."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    return list(splitter.split(emotion, emotion, speaker))


def _predicted(
    features: npt.NDArray[np.float32], emotion: npt.NDArray[np.intp], halves: Halves
) -> npt.NDArray[np.intp]:
    """Return what models of the other folds make of each row."""
    predicted = np.full_like(emotion, -1)
    for train, test in halves:
        predicted[test] = _fitted(features[train], emotion[train]).predict(features[test])
    return predicted


def _fitted(features: npt.NDArray[np.float32], emotion: npt.NDArray[np.intp]) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced", max_iter=1000)
    return make_pipeline(StandardScaler(), model).fit(features, emotion)


def _across(
    features: npt.NDArray[np.float32], emotion: npt.NDArray[np.intp], corpus: npt.NDArray[Any]
) -> list[float]:
    """Return the mean UA over corpora, each recognised from the others; none for one corpus."""
    names = sorted(set(corpus))
    if len(names) < 2:
        return []
    each = []
    for name in names:
        test = np.flatnonzero(corpus == name)
        train = np.flatnonzero(corpus != name)
        predicted = _fitted(features[train], emotion[train]).predict(features[test])
        each.append(_unweighted_accuracy(emotion[test], predicted))
    return [float(np.mean(each))]


def _unweighted_accuracy(emotion: npt.NDArray[np.intp], predicted: npt.NDArray[np.intp]) -> float:
    """Return the mean recall of the classes that there are."""
    recalls: Mapping[int, float] = {
        int(c): float(np.mean(predicted[emotion == c] == c)) for c in np.unique(emotion)
    }
    return float(np.mean(list(recalls.values())))
