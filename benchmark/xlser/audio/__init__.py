"""From files to features: decoding, the log-mel front-end, the feature store."""

from xlser.audio.check import CorpusReport, check_corpus
from xlser.audio.decode import SAMPLE_RATE, load
from xlser.audio.frontend import Extractor, FrontEnd, LogMel
from xlser.audio.prepare import Progress, content_digest, prepare, store_folder
from xlser.audio.store import FeatureStore, Frames

__all__ = [
    "SAMPLE_RATE",
    "CorpusReport",
    "Extractor",
    "FeatureStore",
    "Frames",
    "FrontEnd",
    "LogMel",
    "Progress",
    "check_corpus",
    "content_digest",
    "load",
    "prepare",
    "store_folder",
]
