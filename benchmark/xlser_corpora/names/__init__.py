"""Lists of utterance names, for releases whose names follow no rule (`listed_names` reads them)."""

from pathlib import Path

NAMES = Path(__file__).parent
