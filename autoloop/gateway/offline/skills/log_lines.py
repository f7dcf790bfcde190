"""Log files: pick entries by their fields, count them and write short lists."""

from autoloop.gateway.offline.skills.recipe import Recipe, RecipeJob, Rule

_LOOKED = r"""
forms = [
    r'\S+ (?P<ip>[0-9.]+) \S+ \S+ \[(?P<time>[^]]+)\] "\S+ (?P<path>\S+) \S+" (?P<status>\d+)',
    r'\[\S+\] (?P<time>\S+) query=(?P<query>\S+) user=(?P<user>\S+) took=(?P<took>[0-9.]+m?s)',
    r'(?P<time>\S+ +\d+ \S+) \S+ sshd\[\d+\]: (?P<what>\w+) .*?(?P<ip>\d+[.]\d+[.]\d+[.]\d+)',
    r'(?P<time>\S+ [0-9:]+)\S* (?P<level>[A-Z]+) +\S+ - ',
]
data = []
for path in $paths:
    for line in open(path, encoding='utf-8').read().splitlines()[:SEEN]:
        found = next(filter(None, (re.match(form, line) for form in forms)), None)
        if found:
            data.append(found.groupdict())
"""
_GUESSED = r"""
names = ['time', 'ip', 'level', 'query', 'user', 'took', 'path', 'status']
data = [dict(zip(names, line.split())) for path in $paths for line in open(path)]
"""
_SECONDS = r"""
def ms(text):
    number = float(re.sub('[^0-9.]', '', text or '') or 0)
    return number if (text or '').endswith('ms') else number * 1000
"""
_CHOOSE = (
    Rule(
        says=r"only .*status (?:of |is )?(?P<n_low>\d+) or (?:above|more|higher)",
        does="""
data = [r for r in data if int(re.sub('[^0-9]', '', r.get('status', '')) or 0) >= $n_low]
""",
    ),
    Rule(
        says=r"^(?:leave out|ignore|skip) .*(?:from|of) (?:the (?:address|user) )?"
        r"`(?P<who>[\w.]+)`",
        does="data = [r for r in data if $who not in (r.get('ip'), r.get('user'))]",
    ),
    Rule(
        says=r"(?:leave out|ignore|skip) .*addresses .*(?:begin|start) with `(?P<start>[^`]+)`",
        does="data = [r for r in data if not (r.get('ip') or '').startswith($start)]",
    ),
    Rule(
        says=r"`\?`.*(?:does not count|is cut off|belong|ignore)|(?:ignore|cut off) .*`\?`",
        does="for r in data:\n    r['path'] = r.get('path', '').split('?')[0]",
    ),
    Rule(
        says=r"(?:longer|more) than (?P<n_ms>\d+) milliseconds",
        does=_SECONDS.strip("\n") + "\ndata = [r for r in data if ms(r.get('took')) > $n_ms]",
    ),
    Rule(
        says=r"failed (?:login )?attempts?|failed logins",
        does="data = [r for r in data if r.get('what') == 'Failed']",
    ),
)
_COUNT = (
    Rule(
        says=r"how (?:many|often) .*(?:per|(?:for|of|from) each) (?P<what>path|address|hour)",
        does=r"""
name = {'path': 'path', 'address': 'ip', 'hour': 'time'}[$what]
keys = [r.get(name) or '' for r in data]
if name == 'time':
    keys = [re.sub(r'(\d+)\.(\d+)\.(\d+) (\d+):.*', r'\3-\2-\1 \4', key) for key in keys]
counts = {}
for key, r in zip(keys, data):
    counts.setdefault(key, []).append(r.get('level') or '')
data = sorted(counts.items())
""",
        stage=2,
    ),
    Rule(
        says=r"only .*at least (?P<n_least>\d+) (?:of them|failed|times|attempts)",
        does="data = [pair for pair in data if len(pair[1]) >= $n_least]",
        stage=2,
    ),
    Rule(
        says=r"only the (?P<n_top>\d+) (?:paths|pages|addresses) with the most",
        does="data = sorted(data, key=lambda pair: (-len(pair[1]), pair[0]))[:$n_top]",
        stage=2,
    ),
)
_TOTALS = Recipe(
    opening=r"`(?P<source>/[^`]+\.log[.0-9]*)`.*`(?P<target>/[^`]+\.(?:csv|json))`",
    load="paths = [$source]\n" + _LOOKED.replace("$paths", "paths").strip("\n"),
    guess="paths = [$source]\n" + _GUESSED.replace("$paths", "paths").strip("\n"),
    save="""
if $target.endswith('.json'):
    json.dump({key: len(hits) for key, hits in data}, open($target, 'w'), indent=2)
else:
    head = data.pop(0) if data and isinstance(data[0], str) else ''
    lines = [head] if head else []
    lines += [f'{key},{len(hits)}' for key, hits in data]
    open($target, 'w').write('\\n'.join(lines) + '\\n')
""",
    rules=(
        *_COUNT,
        *_CHOOSE,
        Rule(
            says=r"first line .*`(?P<head>[^`]+)`|header (?:line )?`(?P<header>[^`]+)`",
            does="data = [$head or $header] + list(data)",
            stage=3,
        ),
    ),
)
_ENTRIES = Recipe(
    opening=r"`(?P<source>/[^`]+\.log)`.*one line per (?:query|entry).*`(?P<target>/[^`]+\.txt)`",
    load="paths = [$source]\n" + _LOOKED.replace("$paths", "paths").strip("\n"),
    guess="paths = [$source]\n" + _GUESSED.replace("$paths", "paths").strip("\n"),
    save=_SECONDS.lstrip("\n")
    + """
form = globals().get('form', '{time} {query} {took}')
day = globals().get('day', str)
lines = [form.format(time=day(r.get('time') or ''), query=r.get('query'), user=r.get('user'),
                     took=r.get('took'), ms=round(ms(r.get('took')))) for r in data]
open($target, 'w').write('\\n'.join(lines) + '\\n')
""",
    rules=(
        *_CHOOSE,
        Rule(
            says=r"(?:slowest|longest) .*(?:first|on top)",
            does=_SECONDS.strip("\n") + "\ndata.sort(key=lambda r: -ms(r.get('took')))",
            stage=2,
        ),
        Rule(
            says=r"^each line has .*time.* name.* milliseconds",
            does="form = '{time} {query} {ms}'",
            stage=2,
        ),
        Rule(
            says=r"only the time of (?:the )?day",
            does="day = lambda text: text[-8:]",
            stage=2,
        ),
    ),
)
_HOURS = Recipe(
    opening=r"`(?P<older>/[^`]+\.log[.0-9]*)`.*`(?P<newer>/[^`]+\.log[.0-9]*)`.*"
    r"`(?P<target>/[^`]+\.csv)`",
    load="paths = [$older, $newer]\n" + _LOOKED.replace("$paths", "paths").strip("\n"),
    guess="paths = [$newer]\n" + _GUESSED.replace("$paths", "paths").strip("\n"),
    save="""
lines = [','.join(map(str, line[:3])) for line in data]
open($target, 'w').write('\\n'.join(lines) + '\\n')
""",
    inputs=("older", "newer"),
    looks_around=True,
    rules=(
        *_COUNT[:1],
        Rule(
            says=r"columns `hour`, `(?P<one>\w+)` and `(?P<two>\w+)`",
            does="""
pick = {'errors': ['ERROR'], 'warnings': ['WARN']}
data = [[key, sum(hit in pick[$one] for hit in hits), sum(hit in pick[$two] for hit in hits),
         hits.count('FATAL')] for key, hits in data]
data.insert(0, ['hour', $one, $two])
""",
            stage=3,
        ),
        Rule(
            says=r"`FATAL` .*count.* (?:as|like|among)",
            does="data = data[:1] + [[a, b + d, c, 0] for a, b, c, d in data[1:]]",
            stage=4,
        ),
        Rule(
            says=r"hours? .*(?:neither|no) .*(?:leave|left|skip|do not)",
            does="data = data[:1] + [row for row in data[1:] if row[1] or row[2]]",
            stage=4,
        ),
        Rule(
            says=r"(?:last|final|closing) (?:line|row) .*`(?P<label>\w+)`.*(?:sum|total)",
            does="""
rows = data[1:]
data.append([$label, sum(row[1] for row in rows), sum(row[2] for row in rows)])
""",
            stage=5,
        ),
    ),
)


class LogsSkill:
    """Log files."""

    @property
    def name(self) -> str:
        """Short name."""
        return "logs"

    def understand(self, instruction: str) -> RecipeJob | None:
        """The job, when it is about the entries of log files."""
        recipes = (_HOURS, _ENTRIES, _TOTALS)
        jobs = (recipe.understand(instruction) for recipe in recipes)
        return next((job for job in jobs if job is not None), None)
