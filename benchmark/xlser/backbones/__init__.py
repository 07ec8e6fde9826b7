"""Speech encoders: the contract, the ones that come with the suite, and their weights."""

from xlser.backbones.backbone import (
    NOTHING,
    UNKNOWN,
    Backbone,
    Budget,
    HubWeights,
    PublishedWeights,
    TrainedOn,
    Tuning,
)
from xlser.backbones.naming import backbone_names, get_backbone
from xlser.backbones.weights import (
    PretrainedBackbone,
    blob_id,
    find_weights,
    parameter_count,
    pretrained,
)

__all__ = [
    "NOTHING",
    "UNKNOWN",
    "Backbone",
    "Budget",
    "HubWeights",
    "PretrainedBackbone",
    "PublishedWeights",
    "TrainedOn",
    "Tuning",
    "backbone_names",
    "blob_id",
    "find_weights",
    "get_backbone",
    "parameter_count",
    "pretrained",
]
