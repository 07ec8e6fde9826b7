"""The scores that EmoBox prints for the four corpora: Table 4 of Ma et al. (2024), Interspeech.

Read from `docs/intra-corpus.jpg` of github.com/emo-box/EmoBox, commit 08280f27, which shows that
table. What it calls WA is plain accuracy (scikit-learn's `accuracy_score` in its scoring code).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Printed:
    """A line of the table, percent, with the digits printed.

    Attributes:
        ua: mean of the recalls of the classes.
        accuracy: share of utterances recognised.
        macro_f1: mean of the F1 scores of the classes.
    """

    ua: str
    accuracy: str
    macro_f1: str


ENCODERS = (
    "wav2vec 2.0 base",
    "HuBERT base",
    "HuBERT large",
    "WavLM base",
    "WavLM large",
    "data2vec base",
    "data2vec large",
    "data2vec 2.0 base",
    "data2vec 2.0 large",
    "Whisper large v3",
)
"""In the order of the table."""

BACKBONES = {"wav2vec 2.0 base": "wav2vec2-base", "HuBERT base": "hubert-base"}
"""The backbone of the suite that has the weights of an encoder; the other encoders have none."""

_CAFE = (
    ("42.76", "42.47", "41.03"),
    ("54.16", "54.16", "53.36"),
    ("59.50", "58.73", "58.22"),
    ("52.71", "52.33", "51.66"),
    ("62.20", "61.33", "61.14"),
    ("42.18", "42.36", "41.69"),
    ("42.24", "42.85", "41.11"),
    ("51.83", "51.67", "50.52"),
    ("59.04", "58.02", "57.51"),
    ("69.43", "68.84", "68.06"),
)
_EMOVO = (
    ("31.07", "31.07", "27.24"),
    ("46.10", "46.10", "41.28"),
    ("45.74", "45.74", "40.56"),
    ("42.39", "42.39", "37.33"),
    ("48.82", "48.82", "44.16"),
    ("32.47", "32.47", "29.22"),
    ("35.66", "35.66", "33.59"),
    ("42.96", "42.96", "41.01"),
    ("45.88", "45.88", "43.63"),
    ("57.82", "57.82", "56.06"),
)
_RAVDESS = (
    ("54.33", "55.40", "53.99"),
    ("65.43", "66.21", "65.31"),
    ("70.00", "70.29", "69.54"),
    ("61.56", "62.10", "61.18"),
    ("72.00", "72.22", "71.42"),
    ("51.92", "52.22", "51.10"),
    ("59.30", "59.50", "58.74"),
    ("64.66", "64.84", "64.18"),
    ("71.15", "71.63", "70.94"),
    ("75.32", "75.87", "75.19"),
)
_SAVEE = (
    ("44.89", "49.83", "42.07"),
    ("58.90", "59.85", "64.05"),
    ("71.91", "75.05", "71.83"),
    ("63.57", "67.05", "62.83"),
    ("66.74", "70.80", "66.37"),
    ("75.65", "78.25", "78.38"),
    ("68.01", "71.45", "71.08"),
    ("72.65", "75.50", "75.59"),
    ("75.75", "78.59", "78.24"),
    ("74.07", "77.24", "75.31"),
)

PRINTED: dict[str, dict[str, Printed]] = {
    f"emobox-{corpus}": {
        encoder: Printed(*line) for encoder, line in zip(ENCODERS, lines, strict=True)
    }
    for corpus, lines in (
        ("cafe", _CAFE),
        ("emovo", _EMOVO),
        ("ravdess", _RAVDESS),
        ("savee", _SAVEE),
    )
}
"""By protocol and encoder."""
