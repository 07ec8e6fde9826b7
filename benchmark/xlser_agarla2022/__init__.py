"""Agarla et al. (2022): its protocols, its tables and figures beside our results, its claims."""
