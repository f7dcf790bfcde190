"""Reports from several tables: merged, joined, or compared with each other."""

from autoloop.gateway.offline.skills.craft import PATH, Craft, CraftSkill
from autoloop.gateway.offline.skills.recipe import Rule
from autoloop.gateway.offline.skills.tables import COLUMNS, READ, RESULT, ROWS, SETTINGS, WORK

_PATHS = rf"(?P<paths>{PATH}(?:, {PATH})*,? and {PATH})"

_LOAD = f"""
import csv, json, re
{READ.strip()}

def key(name):
    return re.sub(r'[^a-z0-9]', '', name.lower())

def rows_of(path):
    lines = open(path, encoding='utf-8-sig').read().splitlines()
    delimiter = max(';|\\t,', key=lines[0].count)
    table = csv.DictReader(lines[:SEEN], delimiter=delimiter)
    return [{{key(name): found for name, found in row.items()}} for row in table]

def day(text):
    for form in ('%Y-%m-%d', '%d.%m.%Y', '%d/%m/%Y'):
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            pass
    raise ValueError(text)
{SETTINGS.strip()}
"""
_GUESS = f"""
import csv, json, re
{READ.strip()}

def key(name):
    return name

def rows_of(path):
    return list(csv.DictReader(open(path)))[:SEEN]

def day(text):
    return datetime.strptime(text, '%Y-%m-%d')
{SETTINGS.strip()}
"""

_MERGE = Craft(
    opening=rf"(?=.*\b(?:merge|combine)\b)(?=.*?{_PATHS}).*?\b(?:into|in) (?P<target>{PATH}\.csv)",
    looks=("cat $paths",),
    load=_LOAD,
    guess=_GUESS,
    rules=(*COLUMNS, *ROWS, *RESULT),
    work=f"groups = grouped(selected([row for path in $paths for row in rows_of(path)]))\n{WORK}",
    check="cat $target",
)

_JOIN = Craft(
    opening=rf"(?:from|in|of) (?P<one>{PATH}) and join the \w+ (?:of|in|from) (?P<many>{PATH}) to"
    rf" them on (?P<link>\w+)\. Write (?P<target>{PATH})",
    looks=("cat $one", "cat $many"),
    load=_LOAD,
    guess=_GUESS,
    rules=(*COLUMNS, *ROWS, *RESULT),
    work=f"""
many = selected(rows_of($many))
groups = [(row, [other for other in many if other[key($link)] == row[key($link)]])
          for row in rows_of($one)]
groups = [(row, members) for row, members in groups if members or shows_all]
{WORK.strip()}
""",
    check="cat $target",
)

_COMPARE_SETTINGS = "adds_up, fold, absent, absent_order = False, str, None, list"
_COMPARE_RULES = (
    Rule(says=r"\badd its \w+ up\b|\badd up its \w+", does="adds_up = True"),
    Rule(
        says=r"upper and lower case mean the same|without regard to case", does="fold = str.upper"
    ),
    Rule(says=r"not (?:\w+ )?at all count as 0\b", does="absent = 0"),
    Rule(says=r"\bin [\w.-]+ alphabetically$", does="absent_order = sorted"),
    Rule(
        says=rf"write (?P<summary>{PATH}), an object with the keys `(?P<all>\w+)` \(how many the"
        r" \w+ has\), `(?P<differing>\w+)` \(how many differ\) and `(?P<sum>\w+)` \(the sum of",
        does="""
summary = {
    $all: len(booked), $differing: len(rows), $sum: sum(row[-1] for row in rows)
}
json.dump(summary, open($summary, 'w'))
""",
        stage=2,
    ),
    Rule(
        says=rf"(?P<missing>{PATH}\.txt) with the \w+ that no \w+ has",
        does="""
missing = [name for name in booked if fold(name) not in counted]
open($missing, 'w').write(''.join(f'{name}\\n' for name in absent_order(missing)))
""",
        stage=3,
    ),
    RESULT[0],
)

_COMPARE = Craft(
    opening=rf"book is (?P<book>{PATH}), the counts are {_PATHS}; in all of them the \w+ is in"
    rf" (?P<name>`[^`]+`) and the \w+ in (?P<quantity>`[^`]+`)\. .*?write (?P<target>{PATH}) with"
    r" the header line (?P<header>`[^`]+`)",
    looks=("cat $book", "cat $paths"),
    load=f"{_LOAD}\n{_COMPARE_SETTINGS}",
    guess=f"{_GUESS}\n{_COMPARE_SETTINGS}",
    rules=_COMPARE_RULES,
    prepare="""
booked = {row[key($name)]: int(row[key($quantity)]) for row in rows_of($book)}
counted = {}
for path in $paths:
    for row in rows_of(path):
        name = fold(row[key($name)])
        counted[name] = int(row[key($quantity)]) + (counted.get(name, 0) if adds_up else 0)
rows = []
for name, amount in booked.items():
    found = counted.get(fold(name), absent)
    if found is not None and found != amount:
        rows.append((name, amount, found, found - amount))
""",
    work="""
heads = $header.split(',')
for name, backwards in reversed(order):
    if name:
        rows.sort(key=lambda row: row[heads.index(name)], reverse=backwards)
with open($target, 'w', newline='') as file:
    csv.writer(file, lineterminator='\\n').writerows([heads, *rows])
""",
    check="cat $target",
)


class ReportsSkill(CraftSkill):
    """Merging, joining and comparing tables."""

    def __init__(self) -> None:
        super().__init__(name="reports", crafts=(_COMPARE, _JOIN, _MERGE))
