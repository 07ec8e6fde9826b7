"""Speech encoders: the contract, the ones that come with the suite, and their weights."""

from xlser.backbones.backbone import Backbone, PublishedWeights, backbone_names, get_backbone
from xlser.backbones.weights import PretrainedBackbone, blob_id, find_weights, pretrained

__all__ = [
    "Backbone",
    "PretrainedBackbone",
    "PublishedWeights",
    "backbone_names",
    "blob_id",
    "find_weights",
    "get_backbone",
    "pretrained",
]
