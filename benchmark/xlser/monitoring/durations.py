"""Durations in words."""


def duration(seconds: float) -> str:
    """Return seconds in words.

    >>> duration(7.4), duration(754), duration(7440), duration(200_000)
    ('7 s', '12 min 34 s', '2 h 4 min', '2 d 7 h')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
