"""Corpora from the Hugging Face Hub, made into folders of recordings with a table."""

from xlser.corpora.hub.cameo import CAMEO, cameo_part
from xlser.corpora.hub.dataset import HubDataset, fetch_dataset

__all__ = ["CAMEO", "HubDataset", "cameo_part", "fetch_dataset"]
