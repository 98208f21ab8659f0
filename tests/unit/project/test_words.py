"""Python, Markdown and protobuf files are in ordinary engineering English, without wording that confuses readers."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

GENERATED = ("common/wire/pb/",)
THIS_FILE = "tests/unit/project/test_words.py"

PUBLISHED = ("one training, told β", "a training a β", "a training a PSNR")
"""Names of curves in the published tables, which stay as they are."""

WORDING = {
    "told: say `β-conditioned`, `gets`, `is passed`": r"told",
    "what it came to: say `the total`, `the result`": r"what (it|they|the [a-z]+) came to|came to nothing",
    "stands for itself, stands against: say `is compared with`": r"stands? (for itself|against)",
    "knob: say `β control`, `setting`": r"knobs?",
    "tally, sitting, farewell, whereabouts: say `count`, `session`, `shutdown`, `address`": (
        r"(tally|tallies|sitting|farewell|whereabouts)"
    ),
    "last words, own words: say `the end of its log`, `its error message`": r"(last|own) words",
    "a sentence that begins with `Of`": r'(?:(?<=""")|(?<=[.:;] ))Of(?! course)',
    "`of which` without a noun before it": r"(?<!\beach )(?<!\ball )(?<!\bsome )(?<!\bone )(?<!\bnone )of (which|whom)",
    "the one that: name the thing": r"the one (of|that|which|with which|whose|he|it|they)",
    "what it is, what they do: name the thing": (
        r"what (it|they|he|she) (is|are|was|were|has|have|had|gives?|takes?|says?|sees?)"
    ),
    "whoever, somebody: name the party": r"(whoever|whomever|somebody)",
    "a line an epoch: say `one line per epoch`": (
        r"(a|an|one) (?!few|little)[a-z]+ (a|an) (link|epoch|row|sample|seed|step|block|query|device|process|party|"
        r"task|class|mark|side|name|round|threshold|view|curve|hop|layer|phase|split|figure|β|psnr|field|message|stage|line|"
        r"file|key|test|trial|training|target|reading|setting|column|panel|repetition|container|query|word)"
    ),
    "so many as, so much as: say `as many as`": r"so (many|much) [a-z]+ (as|that)",
    "tells of, says of: say `reports`, `describes`": r"(tells?|says?) of",
    "mend: say `repair`, `fix`, `remedy`": r"mend(s|ed|ing)?",
    "passed over: say `ignored`": r"passed over",
    "held to: say `checked against`": r"(is|are|was|were) held to",
    "for it is: say `because it is`": r"(?<=[a-z`’)0-9]), for (it|they|he|she|there|nobody|those)",
    "lest, midst, thereof: say `so that … not`, `middle`": r"(lest|midst|thereof|thereby)",
    "as the paper has it: say `as in the paper`": r"as [a-z'’ ]+ ha(s|ve) it",
    "a run of samples: say `a group of samples`": r"a run of (samples|levels|blocks|ids|queries)",
    "not to be had: say `not available`": r"(is|are|was|were) (not )?to be had",
    "wished for: say `requested`": r"a wish|wish(es|ed)",
    "hear of, heard from, without a word: say `receive`, `without a message`": r"hear(s|d)? (of|from)|without a word",
    "news: say `changes`, `new entropies`": r"news",
    "stays what it is, stays as it is: say `is unchanged`": r"(stays?|leave|leaves) (what|as) (it|they) (is|are)",
    "what torch makes of it: say `computes from`": r"what (the )?[a-z]+ makes? of",
    "of so many classes: say the number": r"(of|from|by|with) so (many|much)",
    "for want of, at odds, in vain: say `without`, `contradicts`, `without effect`": (
        r"(for (want|lack) of|at odds|in vain)"
    ),
}  # fmt: skip
"""Regular expressions of whole words, case-insensitive, with what to write instead."""

CLAUSE = r'^\s*[rf]?"""(What|Which|Where|Whose|Who|Why|How(?! (long|much|many|often)))\b'
"""A docstring that begins like a question has no verb: name the thing, or say in a sentence what it does."""


def prose() -> Iterator[tuple[str, int, str]]:
    """Yield path, number and text of every line of the tracked Python, Markdown and protobuf files."""
    command = ["git", "ls-files", "-z", "*.py", "*.md", "*.proto"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.rstrip("\0").split("\0"):
        path = ROOT / name
        if name.startswith((*GENERATED, THIS_FILE)) or path.is_symlink() or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            yield name, number, line


def whole_words(pattern: str) -> re.Pattern[str]:
    """Compile a pattern for whole words; an underscore of a name separates words, too."""
    pattern = pattern.replace(" ", "[ _]")
    flags = 0 if "Of" in pattern else re.IGNORECASE
    return re.compile(rf"(?<![^\W_])(?:{pattern})(?![^\W_])", flags)


def without_published_names(line: str) -> str:
    for name in PUBLISHED:
        line = line.replace(name, "")
    return line


@pytest.mark.parametrize("advice", WORDING)
def test_no_file_has_wording_that_readers_stumble_over(advice: str) -> None:
    pattern = whole_words(WORDING[advice])
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, number, line in prose()
        if pattern.search(without_published_names(line))
    ]
    assert not found, f"{advice}\n" + "\n".join(found)


def test_docstrings_do_not_begin_like_a_question() -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, number, line in prose()
        if name.endswith(".py") and re.search(CLAUSE, line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("networks that are told β", "told"),
        ("def test_the_knob_is_turned() -> None:", "knob"),
        ('    """Of a decoder."""', "a sentence"),
        ("lines, of which the legend has the values", "`of which`"),
        ("a line an epoch", "a line"),
        ("what it is", "what it is"),
        ("the link that a device wished for", "wished"),
        ("before it heard of the new start", "hear of"),
        ("def test_other_errors_stay_as_they_are() -> None:", "stays what it is"),
        ("what torch makes of the outputs", "what torch"),
        ("one of so many classes", "of so many"),
    ],
)
def test_the_patterns_find_old_wording(line: str, advice: str) -> None:
    assert next(each for each, pattern in WORDING.items() if whole_words(pattern).search(line)).startswith(advice)


@pytest.mark.parametrize(
    "line",
    [
        "the children that it started, all of which have ended",
        "Of course, a device may leave.",
        "a bolder claim",
        "the one-process floor",
        "one line per epoch, a few symbols a sample",
        "Time limit to wait for the result",
    ],
)
def test_the_patterns_leave_ordinary_wording_alone(line: str) -> None:
    assert not [advice for advice, pattern in WORDING.items() if whole_words(pattern).search(line)]
