"""What corpora state of utterances beside the emotion, and what they do not know."""

from pathlib import Path

import pytest
from tests import trees

from xlser.corpora import get_corpus, scan
from xlser.errors import ProtocolError
from xlser.protocols import get_protocol
from xlser.runs import Catalogue


def catalogue_of(name: str, folder: Path) -> Catalogue:
    inventory = scan(get_corpus(name), trees.published_tree(get_corpus(name), folder / name))
    return Catalogue(get_protocol("v1"), {name: inventory}, recordings={}, content={})


def test_known_attributes_are_indices(tmp_path: Path) -> None:
    catalogue = catalogue_of("urdu", tmp_path)
    ids = ["urdu/SM2_F6_A028", "urdu/SF1_F1_H01"]
    assert catalogue.attribute(ids, "gender").tolist() == [1, 0]
    assert catalogue.attribute(ids, "naturalness").tolist() == [1, 1]


def test_gender_that_is_not_known_is_no_index(tmp_path: Path) -> None:
    catalogue = catalogue_of("turev", tmp_path)
    with pytest.raises(ProtocolError, match="gender of some speakers of turev is not known"):
        catalogue.attribute(["turev/1984_kz_demet"], "gender")
