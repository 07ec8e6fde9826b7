"""English corpora in the place of a target language: what a method is chosen by, no test speaker's.

    python -m tests.tools.held_out tables FOLDER    # needs XLSER_DATA with CREMA-D and RAVDESS

writes tables of CREMA-D and RAVDESS and an `xlser.toml` that makes each a corpus with a language of
its own. In FOLDER, `xlser protocols freeze` then makes protocols of them and `xlser run` runs
methods (docs/best.md has the commands);

    python -m tests.tools.held_out sets FOLDER MEMBER MEMBER ... --most 5

prints the mean UA of each set of rows when the probabilities of its members are averaged, and of
each row by itself. A member is a row as tables call it.
"""

import argparse
import csv
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import fmean

import numpy as np
import numpy.typing as npt

import xlser
from xlser.corpora import get_corpus, locate, survey
from xlser.settings import Settings

CORPORA = ("cremad", "ravdess")
BUDGETS = (0, 25, 50, 100)
Answers = dict[tuple[int, int], tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]]
"""Of a row at a budget: by seed and fold, probabilities in 255ths and true classes."""


def write_tables(folder: Path) -> None:
    """Write a table of each corpus, and the `xlser.toml` that names it."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for name in CORPORA:
        corpus = get_corpus(name)
        root = locate(corpus, Settings.gather())
        found = survey(corpus, root)
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["path", "speaker", "emotion", "gender"])
            for utterance, spoken in sorted(found.spoken.items()):
                for path in found.files.get(utterance, ())[:1]:
                    gender = corpus.gender_of(spoken.speaker)
                    where = path.relative_to(root).as_posix()
                    table.writerow([where, spoken.speaker, spoken.emotion, gender])
        entries.append(
            f'[corpora.held-{name}]\ntable = "{name}.csv"\nlanguage = "held-{name}"\n'
            f'folder = "{root.absolute().as_posix()}"\n'
        )
    (folder / "xlser.toml").write_text("\n".join(entries), encoding="utf-8")


def answers(folder: Path, corpus: str, members: Sequence[str]) -> dict[tuple[str, int], Answers]:
    """Return what rows answered on a corpus, by row and label budget."""
    results = xlser.load_results(folder / "leaderboards", f"held-{corpus}")
    rows = results.frame[["key", "row"]].drop_duplicates().set_index("key")["row"]
    found: dict[tuple[str, int], Answers] = {}
    for i, run in enumerate(results.runs.rows()):
        if rows.get(run.key) in members:
            levels = results.runs.levels(i, "target")
            truth = results.runs.test_set(i, "target").truth
            cell = found.setdefault((rows[run.key], run.labels), {})
            cell[run.seed, run.fold] = (np.asarray(levels, np.float64), truth)
    return found


def ua(each: Sequence[Answers]) -> float:
    """Return the UA of averaged probabilities, mean over the runs that all members have."""
    scores = []
    for cell in set.intersection(*({*of} for of in each)):
        predicted = np.sum([of[cell][0] for of in each], axis=0).argmax(axis=1)
        truth = each[0][cell][1]
        scores.append(fmean(np.mean(predicted[truth == c] == c) for c in np.unique(truth)))
    return 100 * fmean(scores)


def print_sets(folder: Path, members: Sequence[str], most: int) -> None:
    """Print sets of up to `most` members, those with the highest sum of both means first."""
    held = [answers(folder, corpus, members) for corpus in CORPORA]
    lines = []
    for size in range(1, most + 1):
        for chosen in combinations(members, size):
            means = [fmean(ua([of[m, k] for m in chosen]) for of in held) for k in BUDGETS]
            lines.append((fmean(means[1:]), means[0], chosen))
    print("25-100 labels | 0 labels | members")
    for labelled, without, chosen in sorted(lines, key=lambda line: -line[0] - line[1]):
        print(f"{labelled:.1f} | {without:.1f} | {', '.join(chosen)}")


def main() -> None:
    """Write tables, or print sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["tables", "sets"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("members", nargs="*")
    parser.add_argument("--most", type=int, default=4)
    asked = parser.parse_args()
    if asked.what == "tables":
        write_tables(asked.folder)
    else:
        print_sets(asked.folder, asked.members, asked.most)


if __name__ == "__main__":
    main()
