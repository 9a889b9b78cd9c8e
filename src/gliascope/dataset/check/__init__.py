"""Is a data set what it should be? Rules about its files, its patients and what they must not share."""

from gliascope.dataset.check.check import check_data
from gliascope.dataset.check.report import CheckReport
from gliascope.dataset.check.rules import RULES, Remark, Rule, Severity

__all__ = ["RULES", "CheckReport", "Remark", "Rule", "Severity", "check_data"]
