"""Where the pages of a protocol lie in the folder of its leaderboard."""

from xlser.leaderboards.model import file_name
from xlser.results import Condition, Table


def condition_path(condition: Condition) -> str:
    """Return the path of a condition's page."""
    return f"conditions/{file_name(condition.slug)}.md"


def language_path(target: str) -> str:
    """Return the path of a target language's page."""
    return f"languages/{file_name(target)}.md"


def details_path(table: Table) -> str:
    """Return the path of a table's page of details."""
    return f"details/{details_name(table)}.md"


def details_name(table: Table) -> str:
    """Return the name of a table's page of details and of its picture, without suffix."""
    return file_name(f"{table.target}-{table.condition.slug}")
