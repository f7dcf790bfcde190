"""Words that any program or prompt may use, so that they give no task away."""

import re
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"[A-Za-z]+")
# Formats, tools and things that harnesses of every kind speak of.
_TECHNICAL = frozenset(
    """
    api apt async atif awk base64 bash bat bz2 cargo cfg chmod cmd conf config configs cpp css csv curl
    dataframe dataframes dataset dates db decimal delimiter df diff docker dockerfile docs docx docstring
    emails encodings env excel exe ffmpeg filename filenames filesystem folder folders formatting git
    github glob golang grep gz gzip harness head header headers heredoc htm html http https image
    images ini input inputs instruction instructions interpreter java javascript jpeg jpg jq js json
    jsonl kubernetes latex linter llm log logs lxml make makefile markdown md metadata modules mypy
    node notebook npm numpy openpyxl output outputs pandas parquet parser path paths pdf perl php pip
    pipeline placeholder plan planner png postgres powershell pptx preview prompt prompts pyproject
    pytest python query queries readme regex repo repository requirement requirements requirements
    rounding rounded rows ruby rust schema script scripts sed sentence sheet sheets shell shellcheck
    sorting sorted spreadsheet spreadsheets sql sqlite sqlite3 stderr stdin stdout step steps subagent subfolder
    subfolders subprocess summarize summary svg table tables tabs tar tests tgz timeout todo toml tool
    tools traceback transcript truncated tsv txt typescript typo ubuntu unit unittest utf utf8 verify
    verification verified verifier wget whitespace workbook workbooks workflow xls xlsm xlsx xml yaml
    yml zip column columns date totals total headline checklist deliverable deliverables reread
    careful carefully precise precisely brief briefly ascending descending alphabetical alphabetically
    decimals digit digits duplicate duplicated deduplicate merge merged join joined filter filtered
    average mean median percent percentage count counts counted bug fix fixed fixing debug debugging refactor
    rename renamed convert converted extract extracted aggregate group grouped hello world example
    foo bar baz main app home tmp usr opt etc var user users data
    """.split()
)


@cache
def common_words() -> frozenset[str]:
    """Words of Python's own documentation, and of the trade."""
    text = files("autoloop.guards").joinpath("common_words.txt").read_text(encoding="utf-8")
    return frozenset(text.split()) | _TECHNICAL


def is_common(word: str) -> bool:
    """Whether a word, or its singular, is in everybody's vocabulary."""
    known, plain = common_words(), word.lower()
    if plain in known or len(plain) < len("abc"):
        return True
    return any(
        plain.endswith(end) and plain[: -len(end)] in known for end in ("s", "es", "ed", "ing", "ly")
    )


def is_all_common(text: str) -> bool:
    """Whether a text holds no word that few people use; digits count as nothing."""
    return all(is_common(word) for word in _WORD.findall(text))
