"""Checks that hold a method against the contract."""

from xlser.conformance.checks import Check, Report, check_method

__all__ = ["Check", "Report", "check_method"]
