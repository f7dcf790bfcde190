"""Rows of a table in a text file: choose, clean, compute, summarise and write them anew."""

from autoloop.gateway.offline.skills.recipe import Recipe, RecipeJob, Rule

_LOOKED = """
lines = open($source, encoding='utf-8').read().splitlines()[:SEEN]
lines = [line for line in lines if line.strip() and not line.startswith('#')]
mark = max(',;|\\t', key=lines[0].count)
data = [{k: v or '' for k, v in row.items() if k} for row in csv.DictReader(lines, delimiter=mark)]
"""
_GUESSED = """
lines = open($source, encoding='utf-8').read().splitlines()[:SEEN]
data = [{k: v or '' for k, v in row.items() if k} for row in csv.DictReader(lines)]
"""
_SAVE = """
head = list(data[0]) if data else []
with open($target, 'w', newline='') as file:
    writer = csv.DictWriter(file, head, delimiter=globals().get('mark', ','), restval='',
                            extrasaction='ignore', lineterminator='\\n')
    writer.writeheader()
    writer.writerows(data)
"""
_NUMBER = "float(({}.get({}) or '0').replace(',', '.'))"
_THINGS = r"(?:the |all |those )?[a-z]+"


def _number(row: str, column: str) -> str:
    return _NUMBER.format(row, column)


_CHOOSE = (
    Rule(
        says=rf"^(?:keep|take) only {_THINGS} (?:whose|where) `(?P<column>[^`]+)` is "
        "(?P<all_good>`.+)",
        does="data = [row for row in data if row.get($column) in $all_good]",
    ),
    Rule(
        says=rf"^(?:skip|ignore|leave out) {_THINGS} (?:in which|where) "
        "`(?P<column>[^`]+)` is empty",
        does="data = [row for row in data if (row.get($column) or '').strip()]",
    ),
    Rule(
        says=r"same `(?P<column>[^`]+)` .*more than once.* keep only the last",
        does="""
kept = {}
for row in data:
    kept.pop(row.get($column), None)
    kept[row.get($column)] = row
data = list(kept.values())
""",
    ),
)
_CLEAN = (
    Rule(
        says=r"\b(?:spaces|blanks) (?:around|before and after)",
        does="data = [{k: v.strip() for k, v in row.items()} for row in data]",
    ),
    Rule(
        says=r"`(?P<column>[^`]+)` .*(?:in|to) (?:small letters|lower ?case)",
        does="for row in data:\n    row[$column] = row.get($column, '').lower()",
    ),
    Rule(
        says=r"`(?P<column>[^`]+)` .*(?:nothing but|only) (?:its )?digits",
        does="for row in data:\n    row[$column] = re.sub('[^0-9]', '', row.get($column, ''))",
    ),
)
_COMPUTE = (
    Rule(
        says=r"one (?:row|line) (?:per|for each) `(?P<column>[^`]+)`",
        does="""
groups = {}
for row in data:
    groups.setdefault(row.get($column, ''), []).append(row)
data = [{$column: name, '': rows} for name, rows in groups.items()]
""",
        stage=2,
    ),
    Rule(
        says=r"`(?P<new>[^`]+)` (?:is|holds) the number of",
        does="for row in data:\n    row[$new] = len(row.get('', ()))",
        stage=2,
    ),
    Rule(
        says=r"`(?P<new>[^`]+)` (?:is|holds) the (?P<kind>average|highest|lowest) of "
        r"`(?P<old>[^`]+)`",
        does=f"""
for row in data:
    values = [{_number("each", "$old")} for each in row.get('', ())] or [0.0]
    average = round(sum(values) / len(values), 1)
    row[$new] = dict(average=average, highest=max(values), lowest=min(values))[$kind]
""",
        stage=2,
    ),
    Rule(
        says=r"column `(?P<new>[^`]+)`.* `(?P<one>[^`]+)` times `(?P<two>[^`]+)`",
        does=f"""
for row in data:
    row[$new] = format({_number("row", "$one")} * {_number("row", "$two")}, '.2f')
""",
        stage=2,
    ),
    Rule(
        says=r"`(?P<column>[^`]+)` (?:of|is) (?P<n_least>\d+) or more.* `(?P<cost>[^`]+)` "
        r".*?(?P<n_off>\d+) percent",
        does=f"""
for row in data:
    if {_number("row", "$column")} >= $n_least:
        row[$cost] = format({_number("row", "$cost")} * (100 - $n_off) / 100, '.2f')
""",
        stage=2,
    ),
)
_ARRANGE = (
    Rule(
        says=r"^sort .*by `(?P<column>[^`]+)`(?P<order>.*)",
        does="""
down = re.search('last|latest|newest|highest|largest|descending', $order) is not None
data.sort(key=lambda row: row.get($column, ''), reverse=down)
""",
        stage=2,
    ),
    Rule(
        says=r"^(?:leave out|drop|remove) the columns? (?P<all_columns>`.+)",
        does="data = [{k: v for k, v in row.items() if k not in $all_columns} for row in data]",
        stage=2,
    ),
    Rule(
        says=r"(?:rename the column|the column) `(?P<old>[^`]+)` (?:is called|to) `(?P<new>[^`]+)`",
        does="data = [{$new if k == $old else k: v for k, v in row.items()} for row in data]",
        stage=2,
    ),
    Rule(
        says=r"(?:last|final|closing) row .*`(?P<label>[^`]+)` .*`(?P<first>[^`]+)` .*"
        r"sum of `(?P<column>[^`]+)`",
        does=f"""
total = sum({_number("row", "$column")} for row in data)
data.append({{$first: $label, $column: format(total, '.2f')}})
""",
        stage=3,
    ),
    Rule(
        says=r"(?:separate|separated) .*(?:with|by) (?:an? )?(?P<name>semicolon|comma|tab)",
        does="mark = {'semicolon': ';', 'comma': ',', 'tab': '\\t'}[$name]",
        stage=3,
    ),
)

_ROWS = Recipe(
    opening=r"`(?P<source>/[^`]+\.(?:csv|tsv))`.*`(?P<target>/[^`]+\.csv)`",
    load=_LOOKED,
    guess=_GUESSED,
    save="for row in data:\n    row.pop('', None)\n" + _SAVE.lstrip("\n"),
    rules=(*_CHOOSE, *_CLEAN, *_COMPUTE, *_ARRANGE),
)


class CsvSkill:
    """Tables in text files."""

    @property
    def name(self) -> str:
        """Short name."""
        return "csv"

    def understand(self, instruction: str) -> RecipeJob | None:
        """The job, when every detail is about rows and columns."""
        return _ROWS.understand(instruction)
