"""A module that needs what nobody has."""

import a_module_nobody_has  # noqa: F401
