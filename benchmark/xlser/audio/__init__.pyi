from .check import CorpusReport, check_corpus
from .decode import SAMPLE_RATE, load
from .frontend import FrontEnd
from .logmel import Extractor, LogMel
from .prepare import Progress, content_digest, file_digests, prepare, store_folder
from .store import FeatureStore, Frames

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
    "file_digests",
    "load",
    "prepare",
    "store_folder",
]
