"""What is asked of tables in any form: which rows count, what to add up, in what order to write.

The rules set a few names that `WORK` obeys at the end; `WORK` expects `groups`, pairs of a row and
the rows it stands for, and writes a CSV file.
"""

from autoloop.gateway.offline.skills.recipe import Rule

_NOUN = r"(?:all |the |those )?\w+"
_COLUMN = r"(?P<column>[\w ]+?)"

SETTINGS = """
columns, tests, order, unique = [], [], [], None
digits, shows_all, limit, month_form = None, False, None, '%B %Y'
"""

COLUMNS = (
    Rule(
        says=r"`(?P<name>\w+)` \((?:how many|the number of)\b",
        does="columns.append(($name, 'count', ''))",
    ),
    Rule(
        says=r"`(?P<name>\w+)` \(the sum of (?P<column>[\w .]+)\)",
        does="columns.append(($name, 'sum', $column))",
    ),
    Rule(
        says=r"`(?P<name>\w+)` \(the month of (?P<column>[\w ]+)\)",
        does="columns.append(($name, 'month', $column))",
    ),
    Rule(
        says=r"`(?P<name>\w+)` \(the (?!sum of |month of |number of )(?P<column>[\w .]+)\)",
        does="columns.append(($name, 'field', $column))",
    ),
    Rule(
        says=r"(?<=[,s] |d )`(?P<name>\w+)`(?! \()",
        does="columns.append(($name, 'field', $name))",
    ),
)

ROWS = (
    Rule(
        says=rf"(?:leave out|ignore|skip|drop|exclude) {_NOUN} (?:whose|where the) {_COLUMN}"
        r" is (?P<value>[\w.,-]+)$",
        does="tests.append(lambda row: str(row[key($column)]).strip() != $value)",
    ),
    Rule(
        says=rf"only (?:count|use|take|keep) {_NOUN} (?:whose|where the) {_COLUMN}"
        r" is (?P<value>[\w.,-]+)$",
        does="tests.append(lambda row: str(row[key($column)]).strip() == $value)",
    ),
    Rule(
        says=rf"only (?:count|use|take|keep) {_NOUN} (?:\w+ )?in (?P<year>\d{{4}})"
        r" \(see (?P<column>\w+)\)",
        does="tests.append(lambda row: day(row[key($column)]).strftime('%Y') == $year)",
    ),
    Rule(
        says=r"(?:an?|every|each) (?P<column>\w+)(?: that occurs more than once)? counts (?:only )?"
        r"once(?:.*keep (?:its|the) (?P<which>first|last))?",
        does="unique = ($column, $which)",
    ),
)

RESULT = (
    Rule(
        says=r"\b(?:sort|order)(?: the \w+)? by (?P<column>\w+)"
        r"(?:, the (?P<way>smallest|oldest|earliest|largest|newest|latest) first)?"
        r"(?:[,;]? (?:and )?(?:equal ones|within an? \w+) by (?P<then>\w+))?",
        does="order = [($column, $way in ('largest', 'newest', 'latest')), ($then, False)]",
    ),
    Rule(says=r"with two decimals", does="digits = 2"),
    Rule(says=r"months as YYYY-MM\b", does="month_form = '%Y-%m'"),
    Rule(says=r"without any(?: such)? \w+ (?:appear|are listed)", does="shows_all = True"),
    Rule(
        says=r"keep only the first (?P<limit>\d+)\b",
        does="limit = int($limit)",
    ),
)

READ = """
from datetime import datetime

def number(text):
    return float(text) if '.' in str(text) else int(text)

def selected(rows):
    rows = [row for row in rows if all(test(row) for test in tests)]
    if unique:
        name, which = unique
        kept = {}
        for row in rows:
            if which == 'last' or row[key(name)] not in kept:
                kept[row[key(name)]] = row
        rows = list(kept.values())
    return rows

def value(row, members, kind, name):
    if kind == 'count':
        return len(members)
    if kind == 'sum':
        return sum(number(member[key(name)]) for member in members)
    found = row[key(name)]
    return day(found).strftime(month_form) if kind == 'month' else found

def grouped(rows):
    if not any(kind in ('count', 'sum') for _, kind, _ in columns):
        return [(row, [row]) for row in rows]
    groups = {}
    plain = [(kind, name) for _, kind, name in columns if kind not in ('count', 'sum')]
    for row in rows:
        same = tuple(value(row, [], kind, name) for kind, name in plain)
        groups.setdefault(same, (row, []))[1].append(row)
    return list(groups.values())

def rank(found):
    try:
        return (0, float(found), '')
    except ValueError:
        return (1, 0, str(found))

def shown(found):
    return found if digits is None else f'{found:.{digits}f}'
"""

WORK = """
result = [
    {new: value(row, members, kind, name) for new, kind, name in columns}
    for row, members in groups
]
for name, backwards in reversed(order):
    if name:
        result.sort(key=lambda row: rank(row[name]), reverse=backwards)
sums = {new for new, kind, _ in columns if kind == 'sum'}
with open($target, 'w', newline='') as file:
    out = csv.writer(file, lineterminator='\\n')
    out.writerow([new for new, _, _ in columns])
    for row in result[:limit]:
        out.writerow([shown(found) if new in sums else found for new, found in row.items()])
"""
