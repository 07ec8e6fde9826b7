"""What the paper does not state stands both ways: the epoch kept, the voice of TESS tested."""

from pathlib import Path

from tests.agarla2022.test_printed import hard, table, written
from tests.leaderboards.made import over_seeds

from xlser.protocols import get_protocol
from xlser.records import EpochCurve, Record

FIVE, FOUR, YAF = (get_protocol(f"agarla2022{which}") for which in ("", "-4", "-yaf"))
CURVE = EpochCurve(ua=(0.2, 0.6, 0.6, 0.3), accuracy=(0.2, 0.5, 0.5, 0.3))


def test_the_last_epoch_stands_beside_the_best(template: Record, tmp_path: Path) -> None:
    records = over_seeds(template, FIVE, 5, method=hard())
    records += over_seeds(template, FIVE, 8, method=hard(keep="best"), curve=CURVE)
    records += over_seeds(template, FOUR, 4, labels=0, method=hard())
    records += over_seeds(template, FOUR, 6, labels=0, method=hard(keep="best"), curve=CURVE)
    rows = table(written(records, tmp_path), "The last epoch and the best")
    first, second = rows
    assert (first["method"], first["labels"]) == ("hard-pseudo-labels", "100")
    assert [row["new language"] for row in rows] == ["German, 5 classes", "German, 4 classes"]
    assert (first["last"], first["best"]) == ("50.0 ± 0.0", "80.0 ± 0.0")
    assert first["best − last"].startswith("+30.0 [")
    assert first["epoch"] == "2 (2 to 2)"
    assert (second["UA, last"], second["UA, best"]) != (first["UA, last"], first["UA, best"])


def test_without_a_row_both_ways_there_is_no_such_table(template: Record, tmp_path: Path) -> None:
    records = over_seeds(template, FIVE, 5, labels=25, method=hard())
    records += over_seeds(template, FIVE, 8, method=hard(keep="best"), curve=CURVE)
    text = written(records, tmp_path)
    assert "The last epoch and the best" not in text
    assert "English by the voice of TESS" not in text


def test_english_stands_by_the_voice_of_tess_that_is_tested(
    template: Record, tmp_path: Path
) -> None:
    records = over_seeds(template, FIVE, 5, method=hard())
    records += over_seeds(template, FIVE, 5, labels=25, method=hard())
    records += over_seeds(template, YAF, 9, method=hard())
    (row,) = table(written(records, tmp_path), "English by the voice of TESS")
    assert (row["method"], row["labels"]) == ("hard-pseudo-labels", "100")
    assert row["English, OAF tested"] == row["the new language, OAF tested"] == "50.0 ± 0.0"
    assert row["TESS, OAF tested"] == "–"  # these records are of RAVDESS alone
    assert row["English, YAF tested"] == row["the new language, YAF tested"] == "90.0 ± 0.0"
