"""Backbones, their weights, the one training loop every neural method shares, and its parts."""

from xlser.memory import keep_pages
from xlser.training.adversarial import (
    Critic,
    DomainHead,
    adaptation_rate,
    gradient_penalty,
    reverse_gradient,
)
from xlser.training.backbone import Backbone, PublishedWeights, backbone_names, get_backbone
from xlser.training.batches import HALF_TARGET, LabelledBatch, Shares, Step, UnlabelledBatch
from xlser.training.episodes import class_means, shots_of_each_class
from xlser.training.gradient import GradientMethod, train_source_model
from xlser.training.inference import embed
from xlser.training.memory_bank import MemoryBank
from xlser.training.model import (
    Adapter,
    EmotionModel,
    ModelPredictor,
    floored,
    new_model,
    together,
)
from xlser.training.normalisation import DomainStatistics, statistics_held
from xlser.training.precision import in_float32
from xlser.training.pseudo_labels import (
    Average,
    CurriculumThreshold,
    SelfAdaptiveThreshold,
    SoftWeight,
    align,
    confident,
    pseudo_label_loss,
    sharpen,
)
from xlser.training.regularisers import divergence_from_prior, entropy
from xlser.training.seeding import derive, seeded
from xlser.training.teacher import MeanTeacher
from xlser.training.views import mixup, strong_view
from xlser.training.weights import PretrainedBackbone, blob_id, find_weights, pretrained

__all__ = [
    "HALF_TARGET",
    "Adapter",
    "Average",
    "Backbone",
    "Critic",
    "CurriculumThreshold",
    "DomainHead",
    "DomainStatistics",
    "EmotionModel",
    "GradientMethod",
    "LabelledBatch",
    "MeanTeacher",
    "MemoryBank",
    "ModelPredictor",
    "PretrainedBackbone",
    "PublishedWeights",
    "SelfAdaptiveThreshold",
    "Shares",
    "SoftWeight",
    "Step",
    "UnlabelledBatch",
    "adaptation_rate",
    "align",
    "backbone_names",
    "blob_id",
    "class_means",
    "confident",
    "derive",
    "divergence_from_prior",
    "embed",
    "entropy",
    "find_weights",
    "floored",
    "get_backbone",
    "gradient_penalty",
    "in_float32",
    "keep_pages",
    "mixup",
    "new_model",
    "pretrained",
    "pseudo_label_loss",
    "reverse_gradient",
    "seeded",
    "sharpen",
    "shots_of_each_class",
    "statistics_held",
    "strong_view",
    "together",
    "train_source_model",
]
