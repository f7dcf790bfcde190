"""Workbooks: totals, a computed column, sheets put together, prices looked up."""

from autoloop.gateway.offline.skills.craft import PATH, Craft, CraftSkill
from autoloop.gateway.offline.skills.recipe import Rule
from autoloop.gateway.offline.skills.tables import COLUMNS, READ, RESULT, ROWS, SETTINGS, WORK

_WORKBOOK = rf"{PATH}\.xlsx"
_TERM = r"`[^`]+`|\w+"

_SHOW = """
python3 - $source <<'EOF'
import sys
from openpyxl import load_workbook
for sheet in load_workbook(sys.argv[1], data_only=True):
    print('#', sheet.title)
    for row in sheet.iter_rows(values_only=True):
        if any(cell is not None for cell in row):
            print(*('' if cell is None else cell for cell in row), sep='|')
EOF
"""

_OPEN = """
import csv, re
from openpyxl import Workbook, load_workbook

def key(name):
    return re.sub(r'[^a-z0-9]', '', str(name).lower())

def head_of(sheet, names):
    for cells in sheet.iter_rows():
        heads = {key(cell.value): cell.column for cell in cells if cell.value is not None}
        if all(key(name) in heads for name in names):
            return cells[0].row, heads
    raise SystemExit(f'no header with {names} on the sheet {sheet.title}')
"""
_OPEN_GUESS = """
import csv, re
from openpyxl import Workbook, load_workbook

def key(name):
    return name

def head_of(sheet, names):
    heads = {cell.value: cell.column for cell in sheet[1]}
    return 1, {name: heads[name] for name in [*names, *filter(None, heads)]}
"""
_LAST = """
def last_of(sheet, head):
    return min(sheet.max_row, SEEN - 1) if SEEN else sheet.max_row

book = load_workbook($source)
"""
_ROWS_OF_SHEET = f"""
{READ.strip()}
{SETTINGS.strip()}

def rows_of(sheet):
    head, heads = head_of(sheet, [name for _, _, name in columns if name])
    for cells in sheet.iter_rows(min_row=head + 1, max_row=last_of(sheet, head), values_only=True):
        yield {{name: cells[column - 1] for name, column in heads.items()}}
"""

_TOTALS = Craft(
    opening=rf"(?P<source>{_WORKBOOK})\b.*?\bwrite (?P<target>{PATH}\.csv) with a header line and"
    r" the columns",
    looks=(_SHOW,),
    load=_OPEN + _LAST + _ROWS_OF_SHEET,
    guess=_OPEN_GUESS + _LAST + _ROWS_OF_SHEET,
    rules=(*COLUMNS, *ROWS, *RESULT),
    work=f"groups = grouped(selected(rows_of(book.worksheets[0])))\n{WORK}",
    check="cat $target",
)

_COMPUTE_SETTINGS = "percent, digits, total_word = None, None, None"
_COMPUTE = Craft(
    opening=rf"(?P<source>{_WORKBOOK}), on the sheet (?P<sheet>\w+)\..*?\badd a column"
    rf" (?:called|named) (?P<new>\w+) .*?namely (?P<left>{_TERM}) times (?P<right>{_TERM})"
    rf" .*?save the workbook as (?P<target>{_WORKBOOK})",
    looks=(_SHOW,),
    load=f"{_OPEN}{_LAST}{_COMPUTE_SETTINGS}",
    guess=f"{_OPEN_GUESS}{_LAST}{_COMPUTE_SETTINGS}",
    rules=(
        Rule(says=r"take off the (?P<percent>\w+), .*percent", does="percent = $percent"),
        Rule(says=r"\bround \w+ \w+ to two decimals", does="digits = 2"),
        Rule(
            says=r"add a row with the word (?P<word>\w+) in its first column and the sum of",
            does="total_word = $word",
        ),
    ),
    work="""
sheet = book[$sheet]
head, heads = head_of(sheet, [$left, $right])
place = max(heads.values()) + 1
last = last_of(sheet, head)
sheet.cell(head, place, $new)
total = 0
for row in range(head + 1, last + 1):
    amount = sheet.cell(row, heads[key($left)]).value * sheet.cell(row, heads[key($right)]).value
    if percent:
        amount *= 1 - sheet.cell(row, heads[key(percent)]).value / 100
    amount = amount if digits is None else round(amount, digits)
    sheet.cell(row, place, amount)
    total += amount
if total_word:
    sheet.cell(sheet.max_row + 1, 1, total_word)
    sheet.cell(sheet.max_row, place, total if digits is None else round(total, digits))
book.save($target)
""",
    check=_SHOW.replace("$source", "$target"),
)

_GATHER_SETTINGS = "skipped, front, needed, order = [], None, None, None"
_GATHER = Craft(
    opening=rf"in (?P<source>{_WORKBOOK}) every \w+ has its own sheet, all with the same columns"
    rf" \((?P<columns>[^)]+)\)\..*? in one sheet (?:named|called) (?P<sheet>\w+) .*?"
    rf"(?P<target>{_WORKBOOK})",
    looks=(_SHOW,),
    load=f"{_OPEN}{_LAST}{_GATHER_SETTINGS}",
    guess=f"{_OPEN_GUESS}{_LAST}{_GATHER_SETTINGS}",
    rules=(
        Rule(says=r"\bsheet (?P<name>\w+) is not .*skip it", does="skipped.append($name)"),
        Rule(
            says=r"column (?:named|called) (?P<name>\w+) in front .*name of the sheet",
            does="front = $name",
        ),
        Rule(says=r"leave out rows without (?P<column>\w+)$", does="needed = $column"),
        Rule(
            says=r"sort by (?P<column>\w+), the (?P<way>oldest|newest|smallest|largest) first",
            does="order = ($column, $way in ('newest', 'largest'))",
        ),
    ),
    work="""
columns = re.split(', *', $columns)
rows = []
for sheet in book:
    if sheet.title in skipped:
        continue
    head, heads = head_of(sheet, columns)
    for row in range(head + 1, last_of(sheet, head) + 1):
        values = {name: sheet.cell(row, heads[key(name)]).value for name in columns}
        if not needed or values[needed] is not None:
            rows.append({front: sheet.title, **values} if front else values)
if order:
    rows.sort(key=lambda row: row[order[0]], reverse=order[1])
merged = Workbook()
merged.active.title = $sheet
merged.active.append([front, *columns] if front else columns)
for row in rows:
    merged.active.append(list(row.values()))
merged.save($target)
""",
    check=_SHOW.replace("$source", "$target"),
)

_LOOKUP_SETTINGS = """
clean, lasts, absent, listed = str, False, None, lambda names: names
"""
_LOOKUP = Craft(
    opening=rf"(?P<source>{_WORKBOOK}) has two sheets: (?P<sheet>\w+), where the column"
    r" (?P<price>\w+) .*?look its (?P<link>\w+) up in the sheet (?P<list>\w+) and take the"
    rf" (?P<found>{_TERM}) .*?save the workbook as (?P<target>{_WORKBOOK})",
    looks=(_SHOW,),
    load=_OPEN + _LAST + _LOOKUP_SETTINGS,
    guess=_OPEN_GUESS + _LAST + _LOOKUP_SETTINGS,
    rules=(
        Rule(
            says=r"without regard to case and (?:surrounding )?spaces",
            does="clean = lambda text: str(text).strip().upper()",
        ),
        Rule(says=r"listed twice .*the last one counts", does="lasts = True"),
        Rule(says=r"not in the list, write (?P<mark>\S+)", does="absent = $mark"),
        Rule(
            says=r"in \w+\.txt without surrounding spaces, in capitals, sorted",
            does="listed = lambda names: sorted({name.strip().upper() for name in names})",
        ),
        Rule(
            says=rf"write the \w+ which the [\w ]+ lacks to (?P<missing>{PATH})",
            does="""
missing = [name for name in asked if clean(name) not in prices]
open($missing, 'w').write(''.join(f'{name}\\n' for name in listed(missing)))
""",
            stage=2,
        ),
    ),
    prepare="""
prices = {}
head, heads = head_of(book[$list], [$link, $found])
for row in range(head + 1, last_of(book[$list], head) + 1):
    name = clean(book[$list].cell(row, heads[key($link)]).value)
    if lasts or name not in prices:
        prices[name] = book[$list].cell(row, heads[key($found)]).value
sheet = book[$sheet]
head, heads = head_of(sheet, [$link, $price])
places = range(head + 1, last_of(sheet, head) + 1)
asked = [sheet.cell(row, heads[key($link)]).value for row in places]
""",
    work="""
for row, name in zip(places, asked):
    sheet.cell(row, heads[key($price)], prices.get(clean(name), absent))
book.save($target)
""",
    check=_SHOW.replace("$source", "$target"),
)


class SpreadsheetsSkill(CraftSkill):
    """Work on workbooks with openpyxl."""

    def __init__(self) -> None:
        super().__init__(name="spreadsheets", crafts=(_LOOKUP, _GATHER, _COMPUTE, _TOTALS))
