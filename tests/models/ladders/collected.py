"""The collected facts about public ladders, beside the project, and which sheets hold them."""

from tests.models.ladders.sheets import SHARED, exact_yaml

FILE = SHARED / "data" / "vendor-ladders.yaml"
COLLECTED = exact_yaml(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
ENTRIES = {entry["id"]: entry for entry in COLLECTED.get("ladders", [])}
KINDS = {kind["id"]: kind for kind in COLLECTED.get("kinds", [])}

READ = {"P", "B"}
"""Read on the vendor's page, or quoted: such an entry has a sheet."""

SAMPLES = "packetfabric-windstream-lumen-clauses"

STANDS_FOR = {
    "aws-dax-by-deployment": "aws-dax",
    "aws-dax-single-az": "aws-dax",
    "aws-ec2-instance-hours": "aws-ec2-instance",
    "digitalocean-droplet-undated": "digitalocean-droplet",
    "firstdigital-latency": SAMPLES,
    "packetfabric-latency": SAMPLES,
    "twilio-apis-2021": "twilio-apis",
    "twilio-apis-by-edition": "twilio-apis",
    "windstream-mpls-latency": SAMPLES,
}
"""Sheets that hold another part of an entry than the one that bears its id."""

NO_FIGURES = {
    "cloudflare-r2-queues": "the credit table is cut off in every copy that was read",
    "ovh-vrack": "the text says how credits of two services combine, and not what they are",
}
"""Entries that were read without the figures that a ladder needs, so that they have no sheet."""

ALONE = "an open directory alone, and no golden case"
LEFT_OUT = dict.fromkeys(
    (
        "airtable",
        "cohere",
        "docusign",
        "dynatrace",
        "github-current",
        "hashicorp",
        "lever",
        "mailgun",
        "neon",
        "newrelic",
        "nice",
        "notion",
        "onelogin",
        "palo-cortex",
        "qualtrics",
        "sap",
        "vercel",
        "wix-enterprise",
        "workable",
        "workday",
        "zoom-2025",
        "zscaler",
    ),
    ALONE,
)
"""Unverified entries that no second source and no golden case bears out."""


def entry_of(name):
    """The entry that a sheet holds, or a part of it."""
    return ENTRIES[STANDS_FOR.get(name, name)]
