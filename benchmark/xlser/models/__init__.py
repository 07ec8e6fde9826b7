"""Trained models: saved without pickling, loaded, asked about recordings."""

from xlser.models.card import Card, Measured, TrainedOn
from xlser.models.model import Model, load_model, save_model

__all__ = ["Card", "Measured", "Model", "TrainedOn", "load_model", "save_model"]
