"""Checks of a method against the contract."""

from xlser.conformance.report import Check, Report, check_method

__all__ = ["Check", "Report", "check_method"]
