"""Backbones, their weights, and the one training loop every neural method shares."""

from xlser.training.backbone import Backbone, PublishedWeights, backbone_names, get_backbone
from xlser.training.batches import LabelledBatch, Step, UnlabelledBatch
from xlser.training.gradient import GradientMethod, train_source_model
from xlser.training.inference import embed
from xlser.training.memory import keep_pages
from xlser.training.model import Adapter, EmotionModel, ModelPredictor, new_model
from xlser.training.seeding import derive, seeded
from xlser.training.weights import PretrainedBackbone, blob_id, find_weights, pretrained

__all__ = [
    "Adapter",
    "Backbone",
    "EmotionModel",
    "GradientMethod",
    "LabelledBatch",
    "ModelPredictor",
    "PretrainedBackbone",
    "PublishedWeights",
    "Step",
    "UnlabelledBatch",
    "backbone_names",
    "blob_id",
    "derive",
    "embed",
    "find_weights",
    "get_backbone",
    "keep_pages",
    "new_model",
    "pretrained",
    "seeded",
    "train_source_model",
]
