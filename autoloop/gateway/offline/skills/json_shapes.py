"""JSON: lists of records to filter, change and count, and layered settings to merge."""

from autoloop.gateway.offline.skills.recipe import Recipe, RecipeJob, Rule

_LOOKED = """
text = open($source, encoding='utf-8').read()
lines = text.splitlines()
try:
    data = json.loads(text)
except ValueError:
    data = [json.loads(line) for line in lines if line.strip()]
while isinstance(data, dict):
    data = max((part for part in data.values() if isinstance(part, (list, dict))), key=len)
data = data[: max(1, len(data) * (SEEN or len(lines)) // len(lines))]
"""
_GUESSED = """
data = json.load(open($source, encoding='utf-8'))
data = data if isinstance(data, list) else [data]
"""
_GET = """
def get(record, path):
    for part in path.split('.'):
        record = record.get(part) if isinstance(record, dict) else None
    return record
"""
_SAVE = """
if $target.endswith('.csv'):
    with open($target, 'w', newline='') as file:
        writer = csv.DictWriter(file, list(data[0]), restval='', extrasaction='ignore',
                                lineterminator='\\n')
        writer.writeheader()
        writer.writerows(data)
else:
    json.dump(data, open($target, 'w'), indent=2)
"""
_FIELD = r"`(?P<field>[^`]+)`"

_CHOOSE = (
    Rule(
        says=rf"^(?:leave out|do not count|remove|drop) .*(?:whose|where) {_FIELD} is "
        r"`?(?P<bad>[\w-]+)`?",
        does="data = [r for r in data if str(r.get($field)).lower() != $bad.lower()]",
    ),
    Rule(
        says=rf"same {_FIELD} .*(?:only once|a single time|one time)",
        does="data = list({r.get($field): r for r in data}.values())",
    ),
)
_CHANGE = (
    Rule(
        says=rf"how often .* each {_FIELD}",
        does="""
counts = {}
for r in data:
    counts[r.get($field)] = counts.get(r.get($field), 0) + 1
data = counts
""",
        stage=2,
    ),
    Rule(
        says=r"fewer than (?P<n_least>\d+) times",
        does="data = {name: count for name, count in data.items() if count >= $n_least}",
        stage=2,
    ),
    Rule(
        says=r"^(?:raise|increase) the `(?P<price>[^`]+)` .*"
        rf"(?:whose|where) {_FIELD} is `(?P<good>[^`]+)` by (?P<n_percent>\d+) percent",
        does="""
for r in data:
    if r.get($field) == $good:
        r[$price] = round(r.get($price, 0) * (100 + $n_percent) / 100, 2)
""",
        stage=2,
    ),
    Rule(
        says=rf"field {_FIELD} with the value `(?P<value>[^`]+)`",
        does="for r in data:\n    r[$field] = $value",
        stage=2,
    ),
    Rule(
        says=rf"^(?:sort|order) .*by {_FIELD}(?P<order>.*)",
        does="""
data.sort(key=lambda r: r.get($field), reverse='newest' in $order or 'highest' in $order)
""",
        stage=2,
    ),
    Rule(
        says=r"with the columns? (?P<all_columns>`.+?) (?:in this order|to|into|as) ",
        does="""
columns = $all_columns
places = dict(zip(columns, columns))
""",
        stage=3,
    ),
    Rule(
        says=r"`(?P<column>[^`]+)` is (?:the|what) .*`(?P<path>[^`]+\.[^`]+)`",
        does="places[$column] = $path",
        stage=3,
    ),
    Rule(
        says=r"^(?:write|put) `(?P<filler>[^`]+)` (?:where|when|if) .*(?:missing|not there|absent)",
        does="filler = $filler",
        stage=3,
    ),
)
_RECORDS = Recipe(
    opening=r"`(?P<source>/[^`]+\.jsonl?)`.*`(?P<target>/[^`]+\.(?:json|csv))`",
    load=_LOOKED,
    guess=_GUESSED,
    save=_GET.lstrip("\n")
    + """
if 'columns' in globals():
    filler = globals().get('filler', '')
    filled = lambda value: filler if value is None else value
    data = [{c: filled(get(r, p)) for c, p in places.items()} for r in data]
"""
    + _SAVE.lstrip("\n"),
    rules=(*_CHOOSE, *_CHANGE),
)

_MERGE = """
def merge(low, high):
    for key, value in high.items():
        if isinstance(value, dict) and isinstance(low.get(key), dict) and deep:
            merge(low[key], value)
        elif isinstance(value, list) and isinstance(low.get(key), list) and join:
            low[key] = low[key] + [item for item in value if item not in low[key]]
        elif value is None and drop:
            low.pop(key, None)
        else:
            low[key] = value
join, drop = data.get('join'), data.get('drop')
deep = data.get('deep')
merged = data['low']
merge(merged, data['high'])
if data.get('sorted'):
    merged = dict(sorted(merged.items()))
merged.update(data.get('extra', {}))
json.dump(merged, open($target, 'w'), indent=2)
"""
_LAYERS = Recipe(
    opening=r"`(?P<low>/[^`]+\.json)`.*`(?P<high>/[^`]+\.json)`.*`(?P<target>/[^`]+\.json)`",
    load="data = {'low': json.load(open($low)), 'high': json.load(open($high))}",
    guess="data = {'low': json.load(open($high)), 'high': json.load(open($low))}",
    save=_MERGE,
    inputs=("low", "high"),
    looks_around=True,
    rules=(
        Rule(says=r"objects? .*(?:key by key|merged)", does="data['deep'] = True"),
        Rule(says=r"lists? .*(?:joined|appended|both)", does="data['join'] = True", stage=2),
        Rule(says=r"`?null`? .*(?:removes|removed|deletes)", does="data['drop'] = True", stage=3),
        Rule(
            says=r"add `(?P<key>[^`]+)` with the value `(?P<value>[^`]+)`",
            does="data['extra'] = {$key: $value}",
            stage=4,
        ),
    ),
)


class JsonSkill:
    """Records and settings in JSON."""

    @property
    def name(self) -> str:
        """Short name."""
        return "json"

    def understand(self, instruction: str) -> RecipeJob | None:
        """The job, when it is about records or about layers of settings."""
        return _LAYERS.understand(instruction) or _RECORDS.understand(instruction)
