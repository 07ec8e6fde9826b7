"""Words for the gender of a speaker, as tables have them."""

from collections.abc import Mapping

from xlser.corpora.corpus import Gender

_FEMALE = (
    *("female", "f", "woman", "w", "fem"),
    *("weiblich", "frau", "femme", "féminin", "mujer", "femenino", "femmina", "femminile", "donna"),
    *(
        "feminino",
        "mulher",
        "kobieta",
        "kad\u0131n",
        "женский",
        "женщина",
        "γυναίκα",
        "θηλυκό",
        "θήλυ",
    ),
    *("أنثى", "انثى", "امرأة", "زن", "عورت", "女", "女性", "महिला", "ሴት"),
)
_MALE = (
    *("male", "m", "man", "masc"),
    *("männlich", "mann", "homme", "masculin", "hombre", "masculino", "varón", "maschio"),
    *("maschile", "uomo", "homem", "mężczyzna", "erkek", "мужской", "мужчина"),
    *("άνδρας", "άντρας", "αρσενικό", "άρρεν", "ذكر", "رجل", "مرد", "男", "男性", "पुरुष", "ወንድ"),
)
_UNKNOWN = ("", "unknown", "u", "other", "x", "nan", "none", "n/a", "na", "-", "?")

_GENDERS: Mapping[str, Gender] = {
    **{word.casefold(): "female" for word in _FEMALE},
    **{word.casefold(): "male" for word in _MALE},
    **dict.fromkeys(_UNKNOWN, "unknown"),
}


def gender_named(word: str) -> Gender | None:
    """Return the gender that a word stands for, or None where it is not known.

    Case does not matter.

    Args:
        word: in English or one of some other languages, or a letter: f, w, m.

    >>> gender_named("Γυναίκα")
    'female'
    >>> gender_named("1")
    """
    return _GENDERS.get(word.casefold())
