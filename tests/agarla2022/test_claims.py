from dataclasses import replace

import pytest
from tests.leaderboards.made import boards, made, over_seeds

from xlser.protocols import get_protocol
from xlser.records import Record
from xlser.results import adjusted_ps
from xlser.results.inference.trainings import Spread
from xlser_agarla2022.claim_tables import claim_table
from xlser_agarla2022.claims import CLAIMS, ENGLISH, Claim, Difference, differences
from xlser_agarla2022.printed import PRINTED

V1 = get_protocol("v1")
HARD, SOFT = {"name": "hard-pseudo-labels"}, {"name": "soft-pseudo-labels"}
LOWER = {"name": "lower-bound", "target_labels": "none"}


def both_languages(template: Record) -> list[Record]:
    """Hard above soft by 40 points in German, by 20 in Italian; the lower bound below both."""
    records = []
    for target, right in (("german", 9), ("italian", 7)):
        records += over_seeds(template, V1, right, target=target, method=HARD)
        records += over_seeds(template, V1, 5, target=target, method=SOFT)
        records += over_seeds(template, V1, 4, target=target, labels=0, method=LOWER)
    return records


def found(records: list[Record], claims: tuple[Claim, ...] = CLAIMS) -> dict[str, Difference]:
    return {x.claim.text: x for x in differences(V1, boards(V1, records), claims)}


def test_a_difference_is_that_of_its_rows_by_target_and_in_the_mean(template: Record) -> None:
    difference = found(both_languages(template))["hard above soft"]
    assert {x: d.value for x, d in difference.ours.items()} == pytest.approx(
        {"german": 40, "italian": 20}
    )
    assert difference.mean is not None
    assert difference.mean.value == pytest.approx(30)


def test_claims_without_both_rows_for_every_target_are_left_out(template: Record) -> None:
    records = both_languages(template)
    assert set(found(records)) == {"hard above soft", "100 labels and pseudo-labels help"}
    german = [x for x in records if x.target == "german" or x.method.name != "soft-pseudo-labels"]
    assert "hard above soft" not in found(german)


def test_rows_over_other_seeds_are_not_compared(template: Record) -> None:
    records = [made(template, V1, 9, seed=0, target="german", method=HARD)]
    records += over_seeds(template, V1, 5, target="german", method=SOFT)
    assert found(records) == {}


def test_the_difference_in_print_stands_beside_ours(template: Record) -> None:
    difference = found(both_languages(template))["100 labels and pseudo-labels help"]
    assert difference.printed == pytest.approx({"german": 75.59 - 60.56, "italian": 48.10 - 49.28})
    assert found(both_languages(template))["hard above soft"].printed == {}


def test_english_has_its_own_figures_and_no_interval(template: Record) -> None:
    difference = found(both_languages(template), ENGLISH)["hard"]
    assert (difference.ours, difference.mean) == ({}, None)
    assert difference.seeds_mean.mean == pytest.approx(40)
    assert difference.printed["german"] == pytest.approx(59.82 - 79.13)


def test_p_values_are_adjusted_over_all_claims(template: Record) -> None:
    records = over_seeds(template, V1, {0: 9, 1: 8, 2: 9}, target="german", method=HARD)
    records += over_seeds(template, V1, {0: 9, 1: 4, 2: 6}, target="german", method=SOFT)
    (alone,) = differences(V1, boards(V1, records), CLAIMS)
    assert alone.mean is not None
    assert alone.p == alone.mean.p
    lower = over_seeds(template, V1, 5, target="german", labels=0, method=LOWER)
    among = found(records + lower)
    assert set(among) == {"hard above soft", "100 labels and pseudo-labels help"}
    means = [each.mean for each in among.values() if each.mean is not None]
    assert [each.p for each in among.values()] == adjusted_ps(means)
    spread = Spread.pooled([mean.spread for mean in means])
    assert among["hard above soft"].p > replace(alone.mean, spread=spread).p


def test_of_few_speakers_nothing_is_decided(template: Record) -> None:
    """Both sides of a claim, with the speakers there are and with two of them."""
    paper = get_protocol("agarla2022")
    records = over_seeds(template, paper, 10, target="german", method=HARD)
    records += over_seeds(template, paper, 2, target="german", method=SOFT)
    tables = boards(paper, records)
    (difference,) = differences(paper, tables, CLAIMS)
    assert difference.decidable
    assert difference.mean is not None
    effects = dict(list(difference.mean.effects.items())[:2])
    few = replace(difference, mean=replace(difference.mean, effects=effects))
    assert not few.decidable
    titles = [column.title for column in claim_table([few], tables).columns]
    assert "p" not in titles
    assert "on these speakers" not in titles
    assert "p" in [column.title for column in claim_table([difference], tables).columns]


def test_every_figure_in_print_that_a_claim_needs_is_one_of_the_papers() -> None:
    in_print = {(method, labels) for (_, method, _, labels), _ in PRINTED}
    sides = {side for claim in (*CLAIMS, *ENGLISH) for side in (claim.above, claim.below)}
    assert in_print - sides <= {(m, 0) for m in ("dann", "fluda", "aggregated-multitask", "nnpm")}
