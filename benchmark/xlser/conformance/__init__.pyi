from .report import Check, Report, check_method

__all__ = ["Check", "Report", "check_method"]
