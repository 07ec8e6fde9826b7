"""One model of options: what it accepts, and how it refuses."""

from pathlib import Path

import pytest

from xlser.api.options import RunOptions
from xlser.errors import SettingsError


def test_one_value_is_a_list_of_one() -> None:
    options = RunOptions(methods="svm", target="german", labels=20, seeds=range(2), exclude=None)
    assert options.methods == ("svm",)
    assert options.target == ("german",)
    assert options.labels == (20,)
    assert options.seeds == (0, 1)
    assert options.exclude == ()
    assert options.leaderboards == Path("leaderboards")


def test_doubles_count_once_in_the_order_given() -> None:
    class Mine: ...

    assert RunOptions(methods=["svm", Mine, "svm", Mine]).methods == ("svm", Mine)


def test_settings_are_a_mapping_or_texts_whose_values_are_json_where_they_can_be() -> None:
    assert RunOptions(settings={"weight": 0.3}).settings == {"weight": 0.3}
    texts = ["weight=0.3", "kind=soft", "penalties=[1, 2]", "on=true"]
    expected = {"weight": 0.3, "kind": "soft", "penalties": [1, 2], "on": True}
    assert RunOptions(settings=texts).settings == expected


@pytest.mark.parametrize(
    ("given", "problem", "remedy"),
    [
        ({"tracks": "frozen"}, "no option 'tracks'", "Did you mean 'track'?"),
        ({"track": "frosen"}, "The option track is 'frosen'", "Choose from finetune, frozen."),
        ({"precision": "fp16"}, "The option precision is 'fp16'", "auto, fp32, bf16"),
        ({"labels": "many"}, "The option labels is 'many'", "Label budgets"),
        ({"jobs": 0}, "The option jobs is 0", "side by side"),
        ({"timeout": 0.5}, "The option timeout is 0.5", "Seconds a run may take"),
        ({"settings": "C"}, "--set 'C' sets nothing", "--set name=value"),
        ({"executor_options": ["cpus"]}, "--with 'cpus' sets nothing", "--with name=value"),
    ],
)
def test_what_is_wrong_is_named_with_what_may_be(
    given: dict[str, object], problem: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        RunOptions(**given)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_each_option_says_what_it_is() -> None:
    assert all(field.description for field in RunOptions.model_fields.values())
