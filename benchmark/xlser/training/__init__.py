"""The one training loop every neural method shares, and its parts."""

from xlser.methods import floored
from xlser.system.memory import keep_pages
from xlser.training.batches import HALF_TARGET, LabelledBatch, Shares, Step, UnlabelledBatch
from xlser.training.gradient import GradientMethod, train_source_model
from xlser.training.inference import embed
from xlser.training.model import (
    Adapter,
    EmotionModel,
    ModelPredictor,
    new_model,
    together,
)
from xlser.training.parts.adversarial import (
    Critic,
    DomainHead,
    adaptation_rate,
    gradient_penalty,
    reverse_gradient,
)
from xlser.training.parts.cosine_head import CosineHead
from xlser.training.parts.episodes import class_means, shots_of_each_class
from xlser.training.parts.memory_bank import MemoryBank
from xlser.training.parts.normalisation import DomainStatistics, statistics_held, take_statistics
from xlser.training.parts.pseudo_labels import (
    HALF_LIFE,
    Average,
    CurriculumThreshold,
    SelfAdaptiveThreshold,
    SoftWeight,
    Window,
    align,
    confident,
    pseudo_label_loss,
    sharpen,
)
from xlser.training.parts.regularisers import divergence_from_prior, entropy
from xlser.training.parts.teacher import MeanTeacher
from xlser.training.parts.transport import transport_plan
from xlser.training.parts.views import mixup, strong_view
from xlser.training.parts.weighted_layers import WeightedLayers
from xlser.training.precision import in_float32
from xlser.training.seeding import derive, seeded
from xlser.training.twin import Twinned

__all__ = [
    "HALF_LIFE",
    "HALF_TARGET",
    "Adapter",
    "Average",
    "CosineHead",
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
    "SelfAdaptiveThreshold",
    "Shares",
    "SoftWeight",
    "Step",
    "Twinned",
    "UnlabelledBatch",
    "WeightedLayers",
    "Window",
    "adaptation_rate",
    "align",
    "class_means",
    "confident",
    "derive",
    "divergence_from_prior",
    "embed",
    "entropy",
    "floored",
    "gradient_penalty",
    "in_float32",
    "keep_pages",
    "mixup",
    "new_model",
    "pseudo_label_loss",
    "reverse_gradient",
    "seeded",
    "sharpen",
    "shots_of_each_class",
    "statistics_held",
    "strong_view",
    "take_statistics",
    "together",
    "train_source_model",
    "transport_plan",
]
