"""The names of what can be wrong with credit terms: one word per rule of the linter.

Whoever finds a fault in terms names the rule that found it, so that a script or a person can
tell a gap from a misspelt field. Nothing is decided here.
"""

from __future__ import annotations

from enum import StrEnum


class Defect(StrEnum):
    """What is wrong with terms.

    GAP: a value has no tier. OVERLAP: a value has two tiers that differ. DISORDER: tiers do not
    fall. SHRINKING: more downtime earns less. FIRST_TIER: the first tier does not start at the
    commitment. UNREACHABLE: no month is ever in the tier. MIXED_UNITS: tiers pay in two units.
    LEAP: a tier earns more than ten times as much as the one above it. UNEVEN: a longer outage
    earns less for each of its minutes, and a still longer one more. UNBOUNDED: a bad month earns
    more than the fee. CAP_BELOW_FIRST_TIER: even the mildest miss is cut. CUT_TIER: a tier earns
    more than the cap lets it. PAYS_NOTHING: the worst month earns nothing. MEANINGLESS: a term
    that nothing looks at. OTHER_PERIOD: not measured by the month. MINUTES_DISAGREE: a table says
    its bounds in percent and in minutes, and they are not the same. LENGTH_MISNAMED: a length of
    service is called by the name of another. TRIGGER_DISAGREES: a text promises one uptime and pays
    from another one. EXAMPLE_DISAGREES: the vendor's own example is not what the terms give.
    CURRENCY_WITHOUT_RULE: an amount in another currency than the contract's. CLAIM_OVER: nothing
    can be claimed any more. UNKNOWN_MONITOR: no source watches what a contract names.
    """

    GAP = "gap"
    OVERLAP = "overlap"
    DISORDER = "disorder"
    SHRINKING = "shrinking"
    FIRST_TIER = "first_tier"
    UNREACHABLE = "unreachable"
    MIXED_UNITS = "mixed_units"
    LEAP = "leap"
    UNEVEN = "uneven"
    UNBOUNDED = "unbounded"
    CAP_BELOW_FIRST_TIER = "cap_below_first_tier"
    CUT_TIER = "cut_tier"
    PAYS_NOTHING = "pays_nothing"
    MEANINGLESS = "meaningless"
    OTHER_PERIOD = "other_period"
    MINUTES_DISAGREE = "minutes_disagree"
    LENGTH_MISNAMED = "length_misnamed"
    TRIGGER_DISAGREES = "trigger_disagrees"
    EXAMPLE_DISAGREES = "example_disagrees"
    CURRENCY_WITHOUT_RULE = "currency_without_rule"
    CLAIM_OVER = "claim_over"
    UNKNOWN_MONITOR = "unknown_monitor"
