"""Records that bear the name of a method of this distribution: do they hold its results?

Such a name is a claim: the page of a protocol holds others against its row. A record stands under
the plain name only if it is of this distribution, of the code that is installed and of the
hyper-parameters that it states. What differs is part of the row's name, and such a row is no
reference.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from xlser.methods.provenance.owned import DISTRIBUTION, Owned, owned


@dataclass(frozen=True)
class Claim:
    """What a record's name is worth.

    Attributes:
        other: what sets it apart from the method of that name, "" if nothing does.
        changed: hyper-parameters that differ from the defaults, whatever the record states.
    """

    other: str
    changed: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing sets the record apart."""
        return not self.other


def claim_of(run: Any) -> Claim:
    """Return what the name of a run's method is worth.

    Args:
        run: a row of `Runs.frame`.
    """
    return _claim(
        run.method,
        run.package,
        run.packaged,
        run.code,
        run.packaged_code,
        run.settings,
        run.changed,
    )


@lru_cache(maxsize=4096)
def _claim(
    name: str,
    package: str,
    packaged: bool,
    code: str,
    packaged_code: str,
    settings: str,
    changed: tuple[str, ...],
) -> Claim:
    method = owned(name)
    if method is None:
        return Claim("", changed)
    differing = tuple(_differing(method, json.loads(settings), changed, bool(packaged_code)))
    whole = (*changed, *(each for each in differing if each not in changed))
    if not packaged:
        return Claim(f"code {code[:8]}", whole)
    if package.partition(" ")[0] != DISTRIBUTION:
        return Claim(f"of {package}", whole)
    if packaged_code not in ("", method.code, *method.former_code):
        return Claim(f"code {packaged_code[:8]}", whole)
    return Claim("", whole)


def _differing(
    method: Owned, settings: Mapping[str, Any], changed: tuple[str, ...], states_code: bool
) -> Iterator[str]:
    """Yield hyper-parameters that are not at their defaults, though the record states they are.

    A record that does not state its code may be of earlier code, with the defaults of that time.
    """
    known = method.defaults[:1] if states_code else method.defaults
    stated = {*settings, *method.own_settings}  # those that the suite gives are left out at default
    found = [
        [name for name in _apart(defaults, settings, changed) if name in stated]
        for defaults in known
    ]
    yield from found[0] if all(found) else ()


def _apart(
    defaults: Mapping[str, Any], settings: Mapping[str, Any], changed: tuple[str, ...]
) -> Iterator[str]:
    for name in sorted({*defaults, *settings}):
        same = (name in settings, settings.get(name)) == (name in defaults, defaults.get(name))
        if not same and name not in changed:
            yield name
