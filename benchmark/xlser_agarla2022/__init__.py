"""Agarla et al. (2022): the paper's protocols, as a package of their own."""
