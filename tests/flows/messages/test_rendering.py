"""What people read: complete, safe whatever the names hold, and the same every time."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from flows.messages import (
    CalendarEntry,
    ChangeLine,
    CountedWindows,
    EndedLine,
    Ending,
    Rendered,
    WithheldLine,
    render_calendar,
    render_failure,
    render_notice,
    render_reminder,
    render_request,
    render_summary,
    render_trial,
)
from flows.messages.language import ENGLISH, language_of
from flows.messages.rendering import _environment, web_address
from models.contract import Payout
from tests.flows.messages.samples import (
    CLAIM_TEXT,
    EXPECTED,
    KINDS,
    LANGUAGES,
    MAY,
    credit,
    due,
    failure,
    money,
    notice,
    outage,
    pages,
    reminder,
    request,
    summary,
    trial,
)

EVIL = '<script>alert("x")</script>"><img src=x onerror=alert(1)>\r\nBcc: a\u202eb {{ 7 * 7 }}'
VOID = {"meta", "br", "img", "hr", "link", "input"}


class Page(HTMLParser):
    """A page taken apart: its tags, its links and what is shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.shown = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        """Keep the tag; a line break is white space."""
        self.shown += " " if tag == "br" else ""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Every tag is closed where it was opened."""
        assert self.open.pop() == tag

    def handle_data(self, data):
        """Keep what is shown."""
        if self.open[-1:] != ["style"]:
            self.shown += data

    @property
    def words(self) -> str:
        """What is shown, every kind of white space as one space."""
        return " ".join(self.shown.split())

    @property
    def links(self) -> list[str]:
        """Where the page leads."""
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a"]


def flowing(rendered: Rendered) -> str:
    """Its text, wherever its lines end."""
    return " ".join(rendered.text.split())


def hostile() -> dict[str, Rendered]:
    """Every message with every text of others turned against us."""
    line = credit(
        client=EVIL,
        service=EVIL,
        notes=EVIL,
        claim_channel=EVIL,
        claim_address="javascript:alert(1)",
        evidence=("javascript:alert(1)", 'https://x.example/"onmouseover="alert(1)', EVIL),
    )
    evil_summary = summary(
        to_release=(line,),
        to_claim=(line,),
        withheld=(WithheldLine(contract="a/b", client=EVIL, service=EVIL, why=EVIL),),
        changes=(ChangeLine(client=EVIL, service=EVIL, says=EVIL),),
        ledger=EVIL,
        previews=EVIL,
        workspace=EVIL,
    )
    evil_notice = notice(
        client=EVIL,
        service=EVIL,
        provider=EVIL,
        explanation=EVIL,
        contact=EVIL,
        tier=EVIL,
        details_url="data:text/html,<script>alert(1)</script>",
    )
    evil_due = due(
        vendor=EVIL,
        service=EVIL,
        stage=EVIL,
        channel=EVIL,
        address="javascript:alert(1)",
        text=EVIL.replace("\r\n", " "),
    )
    evil_end = EndedLine(key="a/b/2026-05", vendor=EVIL, service=EVIL, month=MAY, why=Ending.DONE)
    evil_reminder = reminder(due=(evil_due,), moved=(evil_due,), ended=(evil_end,), workspace=EVIL)
    return {
        "summary": render_summary(evil_summary),
        "notice": render_notice(evil_notice),
        "preview": render_notice(evil_notice, preview=True),
        "reminder": render_reminder(evil_reminder),
        "calendar": render_reminder(replace(evil_reminder, reminds=False)),
        "request": render_request(request(waiting=(line,), previews=EVIL, workspace=EVIL)),
        "unanswered": render_request(
            request(waiting=(line,), previews=EVIL, workspace=EVIL, unanswered=True)
        ),
        "trial": render_trial(trial(name=EVIL)),
        "failure": render_failure(failure(name=EVIL, run=EVIL, why=EVIL, link=EVIL)),
        "crash": render_failure(failure(name=EVIL, run=EVIL, why=EVIL, link=EVIL, crashed=True)),
    }


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", KINDS)
def test_the_text_reads_as_expected(name, code):
    """Word for word; `python -m tests.flows.messages.samples DIR` writes the expected text anew."""
    expected = EXPECTED / code / f"{name}.txt"
    assert pages(code)[name].text == expected.read_text(encoding="utf-8")


def test_the_same_view_gives_the_same_message():
    """Neither the clock nor chance takes part."""
    assert pages() == pages()


@pytest.mark.parametrize("name", KINDS)
def test_a_page_needs_nothing_from_outside(name):
    """No image, no script, no style sheet, no form; its language and colour schemes are named."""
    page = Page(pages()[name].html)
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "div", "table", "thead", "tbody"),
        *("tr", "th", "td", "h1", "h2", "p", "ul", "li", "a", "span", "strong", "code", "br"),
        "pre",
    }
    assert ("html", "en") in [(tag, attrs.get("lang")) for tag, attrs in page.tags]
    schemes = [attrs["content"] for _, attrs in page.tags if attrs.get("name") == "color-scheme"]
    assert schemes == ["light dark"]
    assert "url(" not in pages()[name].html
    assert "@import" not in pages()[name].html


@pytest.mark.parametrize("name", KINDS)
def test_a_mail_program_without_style_sheets_shows_the_page_well(name):
    """Every cell brings its own padding, every link may break, nothing depends on a class alone."""
    cells = [attrs for tag, attrs in Page(pages()[name].html).tags if tag in {"td", "th"}]
    assert [attrs for attrs in cells if not attrs.get("style") and not attrs.get("align")] == []


@pytest.mark.parametrize("name", KINDS)
def test_hostile_names_are_shown_and_never_run(name):
    """No tag, no attribute and no template of theirs comes to life."""
    rendered = hostile()[name]
    page = Page(rendered.html)
    assert {tag for tag, _ in page.tags} & {"script", "img"} == set()
    assert not any(key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert '<script>alert("x")</script>' in page.shown
    assert "{{ 7 * 7 }}" in page.shown


@pytest.mark.parametrize("name", KINDS)
def test_only_safe_addresses_become_links(name):
    """To https or to an address; `javascript:`, `data:` and `http:` stay text."""
    links = Page(hostile()[name].html).links + Page(pages()[name].html).links
    assert [link for link in links if not re.match(r"(https://|mailto:)[^\s]+$", link)] == []


@pytest.mark.parametrize(
    "sign", ["\n", "\r\nATTENDEE:mailto:x@evil.example", " ", "\t", "\u2028", "\u202e"]
)
def test_an_address_with_a_break_in_it_is_no_link(sign):
    """A block of YAML ends in a line break: one such address must not stop everybody's reminder."""
    address = f"https://claims.vendor.example/{sign}"
    assert web_address(address) == ""
    line = due(address=address)
    entry = CalendarEntry(name="a/b/2026-05/claim", line=line, sequence=0, changed_at=0)
    calendar = render_calendar([entry]).decode()
    assert not [row for row in calendar.splitlines() if row.startswith(("URL", "ATTENDEE"))]
    assert "https://claims.vendor.example/" in render_reminder(reminder(due=(line,))).text


@pytest.mark.parametrize("name", KINDS)
def test_a_line_break_in_a_name_makes_no_line(name):
    """Nobody writes a line of his own into our mail, or turns its text around.

    A line begins within a name only where the one before was full.
    """
    rendered = hostile()[name]
    lines = rendered.text.splitlines()
    begun = [n for n, line in enumerate(lines) if line.lstrip().startswith("Bcc")]
    assert all(len(f"{lines[n - 1]} Bcc:") > 72 for n in begun)
    assert "\n" not in rendered.subject
    assert "\u202e" not in rendered.text + rendered.html + rendered.subject


def test_a_missing_value_stops_the_rendering():
    """A letter with a hole never leaves."""
    with pytest.raises(UndefinedError):
        _environment(ENGLISH, html=False).from_string("{{ notice.amonut }}").render(notice=notice())
    with pytest.raises(ValueError, match="must not show None"):
        _environment(ENGLISH, html=True).from_string("{{ gap }}").render(gap=None)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("name", KINDS)
def test_a_text_is_readable_on_its_own_at_72_columns(name, code):
    """But for a single long link, and for what is there to be copied; no space is a special one."""
    written = pages(code)[name]
    text = re.sub(r"(?s)\n--- [^-]+ ---\n.*?\n------\n", "\n", written.text)
    wide = [line for line in text.splitlines() if len(line) > 72 and " " in line.strip()]
    assert wide == []
    assert not re.search("[\u00a0\u202f\t]", written.text + written.subject)


def test_a_command_an_amount_and_a_claims_own_text_are_never_broken():
    """They are there to be copied, or to be read at one glance."""
    folder = "/srv/books of the northern region/which has a long name/indeed"
    command = f"makegood release 2026-05 --workspace '{folder}'"
    for asks in (
        render_request(request(workspace=folder)),
        render_summary(summary(workspace=folder)),
    ):
        assert f"    {command}\n" in asks.text
    for length in range(40, 75):
        told = notice(service="x" * length, amount=money("1234567.00 EUR"))
        assert "€1,234,567.00" in render_notice(told).text
        assert "1.234.567,00 €" in render_notice(told, language=language_of("de")).text
    assert CLAIM_TEXT in render_reminder(reminder()).text
    assert "Anbietern 360,00\u00a0$ fordern" in pages("de")["summary"].html


def test_the_lines_of_an_item_hang_under_its_first_word():
    """So that a list stays a list."""
    said = "the monitoring evidence changed and the recorded exclusions changed"
    line = ChangeLine(client="Globex", service="Storage", says=said, revision=1)
    assert (
        "- Globex, Storage: the monitoring evidence changed and the recorded\n"
        "  exclusions changed (revision 1).\n"
    ) in render_summary(summary(changes=(line,))).text


WITHOUT_FIGURES = {"trial", "failure", "crash"}
"""Messages that are part of no month."""


@pytest.mark.parametrize("name", [name for name in KINDS if name not in WITHOUT_FIGURES])
def test_text_and_page_say_the_same_figures(name):
    """Every number and every name of a month in the text also stands on the page."""
    rendered = pages()[name]
    words = Page(rendered.html).words
    figures = re.findall(r"[€$][\d,.]+\d|\d[\d,.]*\d(?:%| min| hr)", rendered.text)
    assert figures
    assert [figure for figure in figures if figure not in words] == []


def test_the_summarys_subject_says_what_to_do_and_how_much():
    """1,140.00 + 100.00 EUR and the dinars to release, 360.00 + 50.00 USD to claim."""
    assert render_summary(summary()).subject == (
        "SLA credits for May 2026: 3 to release (€1,240.00 and KWD 1,234.560), "
        "2 to claim ($410.00), 1 needs a look"
    )


def test_what_we_owe_and_what_vendors_owe_are_never_one_sum():
    """360.00 USD that leave and 50.00 USD that come are not 410.00 USD of anything."""
    ours, theirs = credit(amount=money("360.00 USD")), credit(amount=money("50.00 USD"))
    told = summary(to_release=(ours,), to_claim=(theirs,), claimed=(), withheld=())
    assert render_summary(told).subject == (
        "SLA credits for May 2026: 1 to release ($360.00), 1 to claim ($50.00)"
    )


def test_a_month_without_credits_says_so():
    """In the subject already, and nothing waits."""
    quiet = render_summary(
        summary(to_release=(), to_claim=(), claimed=(), withheld=(), changes=(), contracts=1, met=1)
    )
    assert quiet.subject == "SLA credits for May 2026: nothing is owed"
    assert "1 contract was decided. 1 met its commitment. Nothing waits for you." in quiet.text
    assert "Nothing waits for you." in Page(quiet.html).words


def test_every_row_of_the_page_has_all_its_facts():
    """Client, service, uptime, commitment, percent, amount, claim, channel, evidence, note."""
    words = Page(render_summary(summary()).html).words
    for fact in (
        "Cirrus Cloud Compute, eu-central",
        "97.913025% promised 99.99%",
        "30% of $1,200.00",
        "Claim by: 31 July 2026 by support ticket console.cirrus.example",
        "Credit: $360.00",
        "Evidence: status.cirrus.example/0",
        "and 2 more in the ledger",
        "Note: The maintenance of 12 May was announced too late and counts.",
    ):
        assert fact in words


def test_commands_name_the_workspace_as_a_shell_needs_it():
    """A folder with a space is quoted."""
    text = render_summary(summary(workspace="our month")).text
    assert "makegood release 2026-05 --workspace 'our month'" in text
    assert "makegood explain umbrella/api 2026-05 --workspace 'our month'" in text


def test_a_long_month_is_cut_and_says_so():
    """Mail programs cut mails over 102 kB: the list stops before, the totals hold everything."""
    lines = tuple(credit(key=f"c{n}/api/2026-05/r0", client=f"Client {n}") for n in range(500))
    rendered = render_summary(
        summary(to_release=lines, to_claim=(), claimed=(), changes=(), withheld=())
    )
    assert rendered.subject.endswith("500 to release (€50,000.00)")
    assert "… and 460 more in the ledger." in rendered.text
    assert "… and 460 more in the ledger." in Page(rendered.html).words
    assert len(rendered.html) < 102_000


def test_what_a_short_list_leaves_a_longer_one_takes():
    """Forty in all: 3, 3 and 34 of 500; with four long lists ten of each."""
    long = tuple(credit(key=f"c{n}/api/2026-05/r0") for n in range(500))
    told = summary(to_release=long, to_claim=long[:3], claimed=long[:3], released=())
    assert told.most_lines == 34
    assert summary(to_release=long, to_claim=long, claimed=long, released=long).most_lines == 10
    assert summary(to_release=(), to_claim=(), claimed=()).most_lines == 40


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_mail_is_so_long_that_programs_cut_it(code):
    """102 kB: everything that a summary, a request, a reminder or a notice lists, 300 times."""
    usual, language = summary(), language_of(code)
    ours, theirs = (
        tuple(replace(line, key=f"c{n}/api/2026-05/r0") for n in range(300))
        for line in (usual.to_release[0], usual.to_claim[1])
    )
    told = summary(
        to_release=ours,
        to_claim=theirs,
        claimed=theirs,
        released=ours,
        withheld=usual.withheld * 300,
        changes=usual.changes * 300,
    )
    line, usual_reminder = due(text=CLAIM_TEXT * 6), reminder()
    nagging = reminder(
        due=tuple(replace(line, key=f"c{n}/api/2026-05") for n in range(300)),
        moved=usual_reminder.moved * 300,
        ended=usual_reminder.ended * 300,
    )
    for rendered in (
        render_summary(told, language=language),
        render_request(request(waiting=ours), language=language),
        render_reminder(nagging, language=language),
        render_notice(notice(outages=notice().outages * 300), language=language),
    ):
        assert len(rendered.html.encode()) < 102_000


def test_the_nearest_deadline_comes_first():
    """The claim of 30 June stands above that of 31 July, whatever their amounts."""
    text = render_summary(summary()).text
    assert text.index("1. Parrot") < text.index("2. Cirrus Cloud")


def test_days_of_service_are_not_added_to_money():
    """Fifteen days and 100.00 EUR are not 100.00 EUR in two credits alone."""
    days = credit(
        key="a/b/2026-05/r0", credit_days="15", credit_percent=None, amount=money("0.00 EUR")
    )
    rendered = render_summary(summary(to_release=(days,), to_claim=(), withheld=()))
    assert rendered.subject == "SLA credits for May 2026: 1 to release"
    assert "15 days of service" in rendered.text
    assert "15 days of service" in Page(rendered.html).words


def test_a_month_of_which_everything_is_claimed_says_so():
    """Nothing is left to file; what is under way is listed with its status."""
    rendered = render_summary(summary(to_release=(), to_claim=(), withheld=()))
    assert rendered.subject == "SLA credits for May 2026: 1 claim under way"
    assert "Nothing waits for you." in flowing(rendered)
    assert "Claims under way (1): $75.00" in rendered.text
    assert "   Status: filed\n" in rendered.text


def test_both_sides_of_a_vendors_outage_stand_beside_each_other():
    """What we owe, and what can be recovered; never one number."""
    rendered = render_summary(summary())
    says = "we owe €1,140.00, and can ask those vendors for $360.00."
    assert says in flowing(rendered)
    assert says in Page(rendered.html).words
    assert "vendors’ outages" not in render_summary(summary(recoverable=())).text


def test_a_released_adjustment_is_shown_with_its_sign():
    """Minus 12.00 EUR, without a percent of its own."""
    line = credit(amount=money("-12.00 EUR"), credit_percent=None, notes="Adjustment: evidence.")
    rendered = render_summary(
        summary(to_release=(), to_claim=(), claimed=(), withheld=(), released=(line,))
    )
    assert rendered.subject == "SLA credits for May 2026: 1 released"
    assert "   -€12.00\n" in rendered.text
    assert "Terms: adjustment" in Page(rendered.html).words


def test_a_preview_says_above_all_that_it_was_not_sent():
    """On the page before the greeting, in the text on the first line."""
    rendered = pages()["preview"]
    words = Page(rendered.html).words
    assert words.index("Preview, not sent. This letter waits for release.") < words.index("Hello")
    assert rendered.text.startswith("*** Preview, not sent. This letter waits for release. ***\n")


def test_a_letter_that_is_sent_carries_no_banner():
    """Neither in text nor on the page."""
    rendered = pages()["notice"]
    assert "preview" not in (rendered.text + Page(rendered.html).words).lower()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"payout": Payout.CUSTOMER_BALANCE}, "It will be taken off your next invoice;"),
        (
            {"payout": Payout.REFUND},
            "We will refund it to the payment method of your last payment;",
        ),
        ({"payout": Payout.OUT_OF_BAND}, "We will arrange the payment with you separately."),
        (
            {"credit_days": "15", "credit_percent": None},
            "We extend your subscription by these days",
        ),
        (
            {"windows": CountedWindows(minutes=5, total=8_928, failed=17)},
            "counted in 8,928 windows of 5 min, of which 17 failed;",
        ),
        ({"excluded_ms": 3_600_000}, "of which 1 hr do not count, such as announced maintenance;"),
        ({"down_ms": None}, "For May 2026 we measured an uptime of 99.811827%."),
        ({"capped": True}, ": €100.00. This is the most that it allows for one month."),
        ({"tier": "as agreed"}, "billed for the month (as agreed):"),
        ({"tier": ""}, "billed for the month: €100.00."),
        ({"contact": ""}, "Questions? Simply answer this mail."),
    ],
)
def test_each_case_has_its_own_words(fields, says):
    """In the text and on the page alike."""
    rendered = render_notice(notice(**fields))
    assert says in flowing(rendered)
    assert says in Page(rendered.html).words


def test_an_additional_credit_says_what_was_granted_before():
    """100.00 before and 25.00 now make 125.00 EUR."""
    rendered = render_notice(
        notice(
            amount=money("25.00 EUR"), credited_before=money("100.00 EUR"), credit_percent="12.5"
        )
    )
    assert rendered.subject == "Additional service credit of €25.00: Payments API, May 2026"
    assert "We add €25.00 to your credit, which makes €125.00 for the month." in flowing(rendered)
    assert ": €125.00. Of this, €100.00 had already been credited." in flowing(rendered)


def test_a_reduced_credit_says_by_how_much():
    """100.00 less 25.00 leave 75.00 EUR; no minus sign is left to be understood."""
    rendered = render_notice(
        notice(
            amount=money("-25.00 EUR"), credited_before=money("100.00 EUR"), credit_percent="7.5"
        )
    )
    assert rendered.subject == "Correction of your service credit for Payments API, May 2026"
    assert "€75.00, which is €25.00 less than we had told you." in flowing(rendered)
    assert "Your credit: €75.00" in rendered.text
    assert "-25" not in rendered.text + Page(rendered.html).words


def test_of_many_outages_the_longest_are_listed_and_the_rest_summed():
    """Of 1 to 20 minutes, those of 9 to 20 are listed; 1 + ... + 8 = 36 minutes are summed."""
    outages = tuple(
        outage(f"2026-05-{n:02}T10:00:00", f"2026-05-{n:02}T10:{n:02}:00") for n in range(1, 21)
    )
    text = render_notice(notice(outages=outages, down_ms=210 * 60_000)).text
    assert text.count(" CEST: ") == 12
    assert text.index("9 May 2026") < text.index("20 May 2026")
    assert "- Shorter ones, together: 36 min" in text


def test_a_client_in_utc_reads_each_time_once():
    """No second line that says the same."""
    text = render_notice(notice(time_zone="UTC")).text
    assert "- 12 May 2026, 07:48 – 08:51 UTC: 1 hr 3 min\n- 20 May" in text


def test_without_explanation_or_outages_the_heading_goes_too():
    """No empty section."""
    rendered = render_notice(notice(explanation="", outages=(), details_url=""))
    assert "What happened" not in rendered.text + rendered.html
    assert "All details" not in rendered.text + rendered.html
