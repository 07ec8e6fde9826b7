"""The vocabulary of emotions that corpora map their labels to."""

from collections.abc import Iterable, Mapping

EMOTIONS: tuple[str, ...] = ("anger", "fear", "happiness", "neutral", "sadness")
"""The five classes of Agarla et al. (2022), Section 5.1, in their order."""

VOCABULARY: tuple[str, ...] = (
    *EMOTIONS,
    "disgust",
    "surprise",
    "calm",
    "boredom",
    "contempt",
    "excitement",
    "enthusiasm",
    "amusement",
    "pride",
    "relief",
    "frustration",
    "irritation",
    "anxiety",
    "worry",
    "confusion",
    "guilt",
    "shame",
    "disappointment",
    "despair",
    "pain",
    "sleepiness",
    "sarcasm",
    "apology",
    "encouragement",
    "assertiveness",
    "concern",
    "interest",
    "desire",
    "tenderness",
    "admiration",
    "poker",
)
"""Terms for emotions; a corpus may add its own by mapping a label to itself."""

SYNONYMS: Mapping[str, str] = {
    "angry": "anger",
    "afraid": "fear",
    "fearful": "fear",
    "happy": "happiness",
    "joy": "happiness",
    "joyful": "happiness",
    "sad": "sadness",
    "disgusted": "disgust",
    "surprised": "surprise",
    "bored": "boredom",
    "calmness": "calm",
    "neutrality": "neutral",
    "anxious": "anxiety",
    "excited": "excitement",
    "amused": "amusement",
    "frustrated": "frustration",
    "sleepy": "sleepiness",
    "sarcastic": "sarcasm",
}
"""English labels that mean a term of the vocabulary beyond doubt."""


def term(label: str, labels: Mapping[str, str] | None = None) -> str | None:
    """Return the term that a corpus' label stands for, or None where nothing maps it.

    Case and blanks around the label do not matter.

    Args:
        label: as the corpus writes it.
        labels: the corpus' own map, label in lower case -> term; stronger than `SYNONYMS`.

    >>> term(" Angry ")
    'anger'
    >>> term("enfado", {"enfado": "anger"})
    'anger'
    >>> term("enfado")
    """
    key = label.strip().casefold()
    if labels and key in labels:
        return labels[key]
    return key if key in VOCABULARY else SYNONYMS.get(key)


def read_for(classes: Iterable[str] = ()) -> frozenset[str]:
    """Return the emotions whose utterances are read for a protocol of these classes.

    They are the five of `EMOTIONS` and the protocol's own: protocols over some or all of the five
    share one inventory of a corpus, hence one content digest and one feature store.
    """
    return frozenset((*EMOTIONS, *classes))
