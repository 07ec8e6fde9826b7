"""Prints who trains and who is tested in EmoBox's folds, from a clone of its repository.

    python -m tests.tools.emobox_folds CLONE > tests/emobox/folds.json

CLONE is a git directory of github.com/emo-box/EmoBox; its HEAD is read. Names of utterances become
those of the suite, labels its emotions; long lists are kept as digests.
"""

import json
import subprocess
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Any

EMOTIONS = {
    "angry": "anger",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "disgust": "disgust",
    "surprise": "surprise",
    "calm": "calm",
}
CORPORA: dict[str, tuple[int, str, Callable[[str], str], Callable[[str], str]]] = {
    "cafe": (3, "label_map.json", str, lambda name: name.split("-")[0]),
    "emovo": (6, "label_dict.json", str, lambda name: name.split("-")[1]),
    "ravdess": (6, "label_map.json", str, lambda name: name.split("-")[6]),
    "savee": (
        4,
        "label_map.json",
        lambda name: name.replace("-", "_"),
        lambda name: name.split("_")[0],
    ),
}
"""By corpus: folds, file of labels, its names in the suite, and the speaker in such a name."""


def main() -> None:
    """Print the folds as JSON."""
    parser = ArgumentParser()
    parser.add_argument("clone")
    clone = parser.parse_args().clone

    def git(*words: str) -> str:
        command = ["git", "-C", clone, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    folds = {corpus: _folds(corpus, lambda path: git("show", f"HEAD:{path}")) for corpus in CORPORA}
    found = {
        "repository": "https://github.com/emo-box/EmoBox",
        "commit": git("rev-parse", "HEAD").strip(),
        "files": "data/CORPUS/fold_N/CORPUS_{train,test}_fold_N.jsonl",
        "folds": folds,
    }
    print(json.dumps(found, indent=1))


def _folds(corpus: str, read: Callable[[str], str]) -> list[dict[str, Any]]:
    count, labels, renamed, speaker_of = CORPORA[corpus]
    words = json.loads(read(f"data/{corpus}/{labels}"))
    folds = []
    for number in range(1, count + 1):
        fold = {}
        for role in ("train", "test"):
            text = read(f"data/{corpus}/fold_{number}/{corpus}_{role}_fold_{number}.jsonl")
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
            names = [renamed(row["key"].removeprefix(f"{corpus}-")) for row in rows]
            emotions = [EMOTIONS[words[row["emo"]].lower()] for row in rows]
            fold[role] = {
                "speakers": sorted({speaker_of(name) for name in names}),
                "emotions": dict(sorted(Counter(emotions).items())),
                "utterances": digest(zip(names, emotions, strict=True)),
            }
        folds.append(fold)
    return folds


def digest(utterances: Any) -> str:
    """Return the SHA-256 of pairs of name and emotion in any order, in hex."""
    return sha256(json.dumps(sorted([*pair] for pair in utterances)).encode()).hexdigest()


if __name__ == "__main__":
    main()
