from .check import CorpusReport, check_corpus
from .decode import SAMPLE_RATE, load
from .frontend import FrontEnd
from .input import Input
from .logmel import Extractor, LogMel
from .prepare import Progress, content_digest, file_digests, prepare, rows_of, store_folder
from .store import FeatureStore, Frames
from .waveform import FULL_SCALE, Waveform

__all__ = [
    "FULL_SCALE",
    "SAMPLE_RATE",
    "CorpusReport",
    "Extractor",
    "FeatureStore",
    "Frames",
    "FrontEnd",
    "Input",
    "LogMel",
    "Progress",
    "Waveform",
    "check_corpus",
    "content_digest",
    "file_digests",
    "load",
    "prepare",
    "rows_of",
    "store_folder",
]
