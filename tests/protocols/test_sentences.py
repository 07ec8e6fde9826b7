"""Figures of v2 over sentences that all emotions share, computed again by plain loops."""

import re
import shutil
from collections import defaultdict
from pathlib import Path
from statistics import mean

import numpy as np
import pytest

from xlser.corpora import get_corpus
from xlser.protocols import get_protocol
from xlser.results import load
from xlser.site import Leaderboards
from xlser_protocols.sentences import Sentences, unweighted_accuracy

V2 = get_protocol("v2")
COMMITTED = Path(__file__).parents[2] / "leaderboards"


def test_ased_has_two_shared_sentences_and_seven_tenths_of_its_speech_in_others() -> None:
    amharic = Sentences.of(V2, "amharic")
    assert amharic.shared == {"06", "07"}
    assert amharic.confounded_share == pytest.approx(0.701, abs=0.001)
    assert amharic.are_confounded
    emotions = {V2.classes[amharic.answers[id_]][0] for id_, s in amharic.of_utterance.items()
                if s == "a01"}  # fmt: skip
    assert emotions == {"a"}  # anger


def test_no_other_target_of_v2_needs_it() -> None:
    confounded = [t for t in V2.targets if Sentences.of(V2, t).are_confounded]
    assert confounded == ["amharic"]


def test_a_speakers_own_utterances_do_not_answer_for_them() -> None:
    amharic = Sentences.of(V2, "amharic")
    published = get_corpus("ased").published()
    id_ = next(i for i, sentence in amharic.of_utterance.items() if sentence == "06")
    me = published[id_.split("/")[1]].speaker
    counts = defaultdict(int)
    for spoken in published.values():
        if spoken.sentence == "06" and spoken.speaker != me:
            counts[V2.classes.index(spoken.emotion)] += 1
    assert counts[amharic.answers[id_]] == max(counts.values())


def test_unweighted_accuracy_by_hand() -> None:
    truth, predicted = np.array([0, 0, 0, 2]), np.array([0, 0, 1, 2])
    assert unweighted_accuracy(truth, predicted) == pytest.approx(100 * (2 / 3 + 1) / 2)


def test_the_page_has_what_plain_loops_give_from_the_records() -> None:
    results = load(V2, COMMITTED)
    (table,) = [
        table
        for table in results.tables()
        if (table.target, table.condition.backbone) == ("amharic", "audiontt-512")
    ]
    (row,) = [r for r in table.rows if (r.method, r.labels) == ("sft", 100)]
    published = get_corpus("ased").published()
    by_seed: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    test = row.predictions.utterances
    for id_, cell, truth, predicted in zip(
        test.ids, test.seed, test.truth, row.predictions.predicted, strict=True
    ):
        if published[id_.split("/")[1]].sentence in ("06", "07"):
            by_seed[row.cells[cell][0]][truth].append(int(truth == predicted))
    scores = [100 * mean(mean(right) for right in of.values()) for of in by_seed.values()]
    page = (COMMITTED / "v2/README.md").read_text(encoding="utf-8")
    section = page.partition("## Amharic with sentences held constant")[2]
    found = re.search(r"^\| sft +\| +100 \|[^|]+\| +([\d.]+) ±", section, re.MULTILINE)
    assert found
    assert found[1] == f"{mean(scores):.1f}"
    alone = re.search(r"^\| sentence alone +\|[^|]+\|[^|]+\| +([\d.]+) ±", section, re.MULTILINE)
    assert alone
    assert float(alone[1]) == pytest.approx(20.0, abs=2)


def test_a_page_without_records_of_amharic_has_no_such_section(tmp_path: Path) -> None:
    shutil.copytree(COMMITTED / "v2/results/german", tmp_path / "v2/results/german")
    page = Leaderboards(tmp_path).write(V2).page.read_text(encoding="utf-8")
    assert "held constant" not in page
