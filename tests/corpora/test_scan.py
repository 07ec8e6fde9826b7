"""Scanning a folder: what counts as an utterance, and what stops a corpus."""

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import trees
from tests.trees import Tiny, scan

from xlser.corpora import (
    EMOTIONS,
    Corpus,
    Spoken,
    get_corpus,
    read_for,
    require,
    survey,
)
from xlser.corpora import scan as scan_all
from xlser.errors import IncompleteCorpusError, PluginError, SettingsError

CAFE = get_corpus("cafe")
EMODB = get_corpus("emodb")
RAVDESS = get_corpus("ravdess")
SAVEE = get_corpus("savee")
SHEMO = get_corpus("shemo")
TESS = get_corpus("tess")


@pytest.mark.parametrize(
    ("corpus", "grow", "counts", "speakers"),
    [
        (SAVEE, trees.savee_official, (60, 60, 60, 120, 60), 4),
        (SAVEE, trees.savee_mirror, (60, 60, 60, 120, 60), 4),
        (CAFE, trees.cafe, (144, 144, 144, 72, 144), 12),
        (SHEMO, trees.shemo, (1059, 38, 201, 1028, 449), 87),
    ],
)
def test_whole_tree_gives_the_published_table(
    corpus: Corpus,
    grow: Callable[[Path], Path],
    counts: tuple[int, ...],
    speakers: int,
    tmp_path: Path,
) -> None:
    utterances = scan(corpus, grow(tmp_path / "tree")).utterances
    found = Counter(utterance.emotion for utterance in utterances)
    assert tuple(found[emotion] for emotion in EMOTIONS) == counts
    assert len({utterance.speaker for utterance in utterances}) == speakers


def test_decomposed_folder_names_are_no_hindrance(tmp_path: Path) -> None:
    assert len(scan(CAFE, trees.cafe(tmp_path / "cafe", decomposed=True)).utterances) == 648


def test_folder_names_that_are_no_utf8_are_no_hindrance(tmp_path: Path) -> None:
    root = trees.cafe(tmp_path / "cafe")
    try:
        os.rename(  # noqa: PTH104 (bytes, as the archive holds them)
            os.fsencode(root / "CaFE_48k/Col\u0160re"),
            os.fsencode(root / "CaFE_48k") + b"/Col\x8are",
        )
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    assert len(scan(CAFE, root).utterances) == 648


def test_utterance_carries_what_its_name_and_the_corpus_say(tmp_path: Path) -> None:
    root = trees.savee_official(tmp_path / "savee")
    utterance = scan(SAVEE, root).utterances[0]
    assert (utterance.id, utterance.corpus, utterance.name) == ("savee/DC_a01", "savee", "DC_a01")
    assert (utterance.speaker, utterance.gender) == ("DC", "male")
    assert (utterance.emotion, utterance.sentence) == ("anger", "a01")
    assert utterance.path == root / "AudioData/DC/a01.wav"


def test_utterances_come_sorted_by_id(tmp_path: Path) -> None:
    ids = [u.id for u in scan(CAFE, trees.cafe(tmp_path / "cafe")).utterances]
    assert ids == sorted(ids)


def test_dropped_emotions_need_not_be_there(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    for file in root.glob("*-boredom-*"):
        file.unlink()
    assert len(scan(Tiny(), root).utterances) == 20
    assert survey(Tiny(), root).absent_emotions() == {"boredom": 4}


@pytest.mark.parametrize("ending", [".WAV", ".Flac", ".ogg", ".AIFF", ".mp3"])
def test_any_ending_libsndfile_reads_will_do_in_any_case(ending: str, tmp_path: Path) -> None:
    root = trees.plant(tmp_path / "emodb", (f"wav/{name}{ending}" for name in EMODB.names()))
    assert len(scan(EMODB, root).utterances) == 408


def test_format_libsndfile_cannot_read_is_no_utterance(tmp_path: Path) -> None:
    root = trees.plant(tmp_path / "tiny", (f"{name}.m4a" for name in Tiny().names()))
    found = survey(Tiny(), root)
    assert (len(found.not_audio), len(found.missing())) == (24, 24)


def test_hidden_files_and_macosx_are_passed_over(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    for place in ("._ann-anger-1.wav", "__MACOSX/ann-anger-1.wav", ".trash/ann-anger-1.wav"):
        trees.record(root / place, trees.noise(seed=99))
    found = survey(Tiny(), root)
    assert not found.unexpected
    assert all(len(paths) == 1 for paths in found.files.values())


def test_files_that_are_not_audio_are_passed_over(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    (root / "ann-anger-1.txt").write_text("transcript")
    (root / "README").write_text("read me")
    assert not survey(Tiny(), root).unexpected


def test_ravdess_songs_and_videos_are_unexpected_and_not_used(tmp_path: Path) -> None:
    root = trees.published_tree(RAVDESS, tmp_path / "ravdess")
    strangers = ["03-02-06-01-02-01-12.wav", "01-01-06-01-02-01-12.wav"]
    trees.plant(root, strangers)
    assert sorted(p.name for p in survey(RAVDESS, root).unexpected) == sorted(strangers)
    assert len(scan(RAVDESS, root).utterances) == 864


def test_relabelled_file_is_unexpected_and_its_published_name_missing(tmp_path: Path) -> None:
    root = trees.shemo(tmp_path / "shemo")
    taken = set(SHEMO.names())
    relabelled = next(f"F03A{n:02}" for n in range(1, 99) if f"F03A{n:02}" not in taken)
    (root / "female/F03S02.wav").rename(root / f"female/{relabelled}.wav")
    found = survey(SHEMO, root)
    assert [path.stem for path in found.unexpected] == [relabelled]
    assert found.missing() == ["F03S02"]


def test_misnamed_file_of_tess_is_taken_for_what_it_is(tmp_path: Path) -> None:
    root = trees.published_tree(TESS, tmp_path / "tess")
    (root / "OAF_bite_neutral.wav").rename(root / "OA_bite_neutral.wav")
    (utterance,) = [u for u in scan(TESS, root).utterances if u.path.stem == "OA_bite_neutral"]
    assert (utterance.id, utterance.speaker) == ("tess/OAF_bite_neutral", "OAF")


def test_tess_nested_twice_counts_once_and_is_reported(tmp_path: Path) -> None:
    folder = "TESS Toronto emotional speech set data"
    root = trees.plant(
        tmp_path / "tess",
        (
            f"{nesting}/{name}.wav"
            for name in TESS.names()
            for nesting in (folder, f"{folder}/{folder}")
        ),
    )
    assert len(scan(TESS, root).utterances) == 2000
    assert len(survey(TESS, root).doubled()) == 2800


def test_missing_file_stops_the_corpus_by_name(tmp_path: Path) -> None:
    root = trees.savee_official(tmp_path / "savee")
    (root / "AudioData/JE/sa07.wav").unlink()
    with pytest.raises(IncompleteCorpusError, match="JE_sa07: missing") as error:
        scan(SAVEE, root)
    assert "1 of 360 utterances" in error.value.problem
    assert "--exclude savee/NAME" in error.value.remedy


def test_many_missing_files_are_counted_and_not_all_listed(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    with pytest.raises(IncompleteCorpusError, match="has 20 of 20") as error:
        scan(Tiny(), tmp_path / "tiny")
    assert "and 15 more" in error.value.problem


def test_missing_file_of_a_dropped_emotion_stops_nothing(tmp_path: Path) -> None:
    root = trees.savee_official(tmp_path / "savee")
    (root / "AudioData/JE/d07.wav").unlink()
    assert len(scan(SAVEE, root).utterances) == 360


def test_excluded_name_may_be_missing_and_is_stated(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    (root / "ann-anger-1.wav").unlink()
    inventory = scan(Tiny(), root, ["ann-anger-1"])
    assert inventory.excluded == ("ann-anger-1",)
    assert len(inventory.utterances) == 19


def test_excluded_name_is_left_out_though_it_is_there(tmp_path: Path) -> None:
    inventory = scan(Tiny(), trees.tiny(tmp_path / "tiny"), ["ann-anger-1"])
    assert "tiny/ann-anger-1" not in {u.id for u in inventory.utterances}


def test_pattern_excludes_all_it_matches(tmp_path: Path) -> None:
    inventory = scan(Tiny(), trees.tiny(tmp_path / "tiny"), ["bob-*", "ann-fear-?"])
    assert len(inventory.excluded) == 12
    assert {u.speaker for u in inventory.utterances} == {"ann"}


@pytest.mark.parametrize("pattern", ["ann-anger-9", "zoe-*", "ann-boredom-1", ""])
def test_exclusion_that_matches_nothing_is_an_error(pattern: str, tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    with pytest.raises(SettingsError, match="matches no utterance of Tiny"):
        scan(Tiny(), root, ["ann-anger-1", pattern])


def test_files_of_one_name_and_different_content_stop_the_corpus(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    trees.record(root / "again/ann-anger-1.wav", trees.noise(seed=99))
    with pytest.raises(IncompleteCorpusError, match="ann-anger-1: different files") as error:
        scan(Tiny(), root)
    assert str(root / "again/ann-anger-1.wav") in str(error.value)


def test_contradiction_of_one_size_is_found_by_content(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    (root / "again").mkdir()
    flipped = bytearray((root / "ann-anger-1.wav").read_bytes())
    flipped[-1] ^= 1
    (root / "again/ann-anger-1.wav").write_bytes(flipped)
    with pytest.raises(IncompleteCorpusError, match="ann-anger-1"):
        scan(Tiny(), root)


def test_contradiction_that_is_excluded_stops_nothing(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    trees.record(root / "again/ann-anger-1.wav", trees.noise(seed=99))
    assert len(scan(Tiny(), root, ["ann-anger-1"]).utterances) == 19


def test_files_of_one_name_and_content_are_one_utterance(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    shutil.copytree(root, root / "tiny")
    assert len(scan(Tiny(), root).utterances) == 20


def test_both_layouts_of_savee_side_by_side_are_one_corpus(tmp_path: Path) -> None:
    root = trees.savee_mirror(trees.savee_official(tmp_path / "savee"))
    assert len(scan(SAVEE, root).utterances) == 360


def test_folder_named_like_a_file_is_no_utterance(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    (root / "ann-anger-1.wav").unlink()
    (root / "ann-anger-1.wav").mkdir()
    assert survey(Tiny(), root).not_audio == (root / "ann-anger-1.wav",)
    with pytest.raises(IncompleteCorpusError, match="ann-anger-1: missing"):
        scan(Tiny(), root)


def test_file_within_a_folder_of_its_own_name_is_found(tmp_path: Path) -> None:
    root = trees.plant(tmp_path / "tiny", (f"{n}.wav/{n}.wav" for n in Tiny().names()))
    assert len(scan(Tiny(), root).utterances) == 20
    assert not survey(Tiny(), root).not_audio


def test_broken_link_is_no_utterance(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    (root / "ann-anger-1.wav").unlink()
    (root / "ann-anger-1.wav").symlink_to(tmp_path / "nowhere.wav")
    with pytest.raises(IncompleteCorpusError, match="ann-anger-1: missing"):
        scan(Tiny(), root)


def test_link_back_up_the_tree_ends(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "itself.wav").symlink_to(root / "itself.wav")
    assert all(len(paths) == 1 for paths in survey(Tiny(), root).files.values())


def test_linked_folder_is_followed(tmp_path: Path) -> None:
    elsewhere = trees.tiny(tmp_path / "elsewhere")
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny/wav").symlink_to(elsewhere, target_is_directory=True)
    assert len(scan(Tiny(), tmp_path / "tiny").utterances) == 20


def test_digest_follows_content_and_not_place(tmp_path: Path) -> None:
    here, there = trees.tiny(tmp_path / "here"), trees.tiny(tmp_path / "there")
    digest = scan(Tiny(), here).digest()
    assert scan(Tiny(), there).digest() == digest
    trees.record(there / "ann-anger-1.wav", trees.noise(seed=99))
    assert scan(Tiny(), there).digest() != digest


def test_all_emotions_are_there_unless_some_are_asked_for(tmp_path: Path) -> None:
    root = trees.savee_official(tmp_path / "savee")
    found = Counter(u.emotion for u in scan_all(SAVEE, root).utterances)
    assert (len(found), found["disgust"], found.total()) == (7, 60, 480)
    asked = scan_all(SAVEE, root, emotions={"disgust", "fear"})
    assert {u.emotion for u in asked.utterances} == {"disgust", "fear"}


def test_missing_file_of_an_emotion_asked_for_stops_the_corpus(tmp_path: Path) -> None:
    root = trees.savee_official(tmp_path / "savee")
    (root / "AudioData/JE/d07.wav").unlink()
    for emotions in (None, read_for(["disgust"])):
        with pytest.raises(IncompleteCorpusError, match="JE_d07: missing"):
            scan_all(SAVEE, root, emotions=emotions)


def test_protocols_over_the_five_or_some_of_them_share_one_digest(tmp_path: Path) -> None:
    root = trees.tiny(tmp_path / "tiny")
    five = scan_all(Tiny(), root, emotions=read_for(EMOTIONS)).digest()
    assert scan_all(Tiny(), root, emotions=read_for(EMOTIONS[1:])).digest() == five
    assert scan_all(Tiny(), root, emotions=read_for(["boredom"])).digest() != five


class Listless(Corpus):
    """A release without a list of names: speaker_emotion_take."""

    name, title, language, licence = "listless", "Listless", "test", "none"
    homepage, citation, tree = "example.org", "none", "listless/ann_fear_1.wav"
    defects = {"ann_fear_3": "clipped"}

    def parse(self, name: str) -> Spoken:
        parts = name.split("_")
        require(len(parts) == 3, self, name)
        return Spoken(parts[0], parts[1])


def test_corpus_without_a_list_takes_the_files_its_parser_reads(tmp_path: Path) -> None:
    files = ("a/ann_fear_1.wav", "bob_calm_2.wav", "ann_fear_3.wav", "readme.wav", "._x_y_z.wav")
    root = trees.plant(tmp_path / "listless", files)
    inventory = scan_all(Listless(), root)
    assert [u.id for u in inventory.utterances] == ["listless/ann_fear_1", "listless/bob_calm_2"]
    assert {u.gender for u in inventory.utterances} == {"unknown"}
    assert {u.sentence for u in inventory.utterances} == {""}
    found = survey(Listless(), root)
    assert (found.missing(), found.unexpected) == ([], (root / "readme.wav",))


def test_exclusion_from_a_corpus_without_a_list_names_a_file_that_is_there(tmp_path: Path) -> None:
    root = trees.plant(tmp_path / "listless", ["ann_fear_1.wav", "bob_calm_2.wav"])
    assert scan_all(Listless(), root, ["bob_*"]).excluded == ("bob_calm_2",)
    with pytest.raises(SettingsError, match="matches no utterance"):
        scan_all(Listless(), root, ["bob_calm_3"])


def test_defects_of_a_release_are_left_out_there_or_not(tmp_path: Path) -> None:
    cremad = get_corpus("cremad")
    root = trees.published_tree(cremad, tmp_path / "cremad")
    assert len(scan_all(cremad, root).utterances) == 7435
    (root / "1076_MTI_SAD_XX.wav").unlink()
    found = survey(cremad, root)
    assert (found.missing(), found.unexpected) == ([], ())


@pytest.mark.parametrize("nested", [True, False])
def test_both_layouts_of_casia_are_one_corpus(nested: bool, tmp_path: Path) -> None:
    casia = get_corpus("casia")
    split = (name.split("-") for name in casia.names())
    files = [f"{p}/{e}/{s}.wav" if nested else f"{s}-{e}-{p}.wav" for s, e, p in split]
    root = trees.plant(tmp_path / "casia", files)
    utterances = scan_all(casia, root).utterances
    assert len(utterances) == 1200
    assert Counter(u.gender for u in utterances) == {"female": 600, "male": 600}


def test_name_of_ased_that_begins_with_a_capital_letter_is_one_of_ased(tmp_path: Path) -> None:
    root = trees.plant(tmp_path / "ased", ["04Sad/S4-04-02-01-29.wav"])
    assert list(survey(get_corpus("ased"), root).files) == ["s4-04-02-01-29"]


def test_names_with_blanks_stop_a_run_before_it_starts(tmp_path: Path) -> None:
    class Blank(Tiny):
        def parse(self, name: str) -> Spoken:
            return super().parse(name.replace(" ", "-"))

        def names(self) -> list[str]:
            return [name.replace("-", " ") for name in super().names()]

    root = trees.plant(tmp_path / "blank", [f"{name}.wav" for name in Blank().names()])
    with pytest.raises(PluginError, match="names with blanks, such as") as error:
        scan(Blank(), root)
    assert "`name_of`" in error.value.remedy
