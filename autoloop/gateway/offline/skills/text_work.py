"""Plain text: count words, outline a handbook, tidy up a typescript, collect what was agreed."""

from autoloop.gateway.offline.skills.recipe import Recipe, RecipeJob, Rule

_LINES = "lines = open($source, encoding='utf-8', newline='').read().splitlines()[:SEEN]"
_WRITE = "open($target, 'w').write('\\n'.join(data) + '\\n')"

_WORDS = Recipe(
    opening=r"^(?=.*\bwords?\b)(?=.*how often).*?`(?P<source>/[^`]+\.txt)`.*"
    r"`(?P<target>/[^`]+\.txt)`",
    load=_LINES + "\ndata = re.findall(r\"[A-Za-z'-]+\", '\\n'.join(lines))",
    guess=_LINES + "\ndata = ' '.join(lines).split()",
    save="data = [f'{word} {count}' for word, count in data]\n" + _WRITE,
    rules=(
        Rule(
            says=r"capital (?:and|or) small letters|upper and lower ?case",
            does="data = [word.lower() for word in data]",
        ),
        Rule(
            says=r"words? .*listed in `(?P<stop>/[^`]+)`",
            does="""
stop = {line.strip().lower() for line in open($stop) if not line.startswith('#')}
data = [word for word in data if word.lower() not in stop]
""",
            stage=2,
        ),
        Rule(
            says=r"how often",
            does="""
counts = {}
for word in data:
    counts[word] = counts.get(word, 0) + 1
data = list(counts.items())
""",
            stage=3,
        ),
        Rule(
            says=r"(?:most frequent|commonest) .*(?:first|on top)",
            does="data.sort(key=lambda pair: (-pair[1], pair[0]))",
            stage=3,
        ),
        Rule(
            says=r"(?:after|no more than) (?:the )?(?P<n_top>\d+)",
            does="data = data[:$n_top]",
            stage=3,
        ),
    ),
)
_OUTLINE = Recipe(
    opening=r"^(?=.*(?:contents|outline)).*?`(?P<source>/[^`]+\.md)`.*"
    r"`(?P<target>/[^`]+\.(?:md|txt))`",
    load=_LINES
    + r"""
data = [[len(m[1]), m[2].strip()] for m in map(re.compile(r'(#+) (.+)').match, lines) if m]
fenced, inside = [], False
for line in lines:
    inside ^= line.startswith('```')
    fenced += [line[2:].strip().lstrip('# ')] if inside else []
""",
    guess=_LINES
    + r"""
data = [[len(m[1]), m[2].strip()] for m in map(re.compile(r'(#) (.+)').match, lines) if m]
fenced = []
""",
    save="""
shape = globals().get('shape', '{indent}{title}')
data = [shape.format(indent='  ' * (level - 2), title=title) for level, title in data]
"""
    + _WRITE,
    rules=(
        Rule(
            says=r"(?:inside|within|between) .*(?:code|fences|```)",
            does="data = [pair for pair in data if pair[1] not in fenced]",
        ),
        Rule(
            says=r"only .*levels? (?P<n_low>\d) and (?P<n_high>\d)",
            does="data = [pair for pair in data if $n_low <= pair[0] <= $n_high]",
        ),
        Rule(
            says=r"(?:begins?|starts?) with `(?P<start>[^`]+)`.*(?:leave out|skip|do not)"
            r"|(?:leave out|skip) .*(?:begins?|starts?) with `(?P<begin>[^`]+)`",
            does="data = [pair for pair in data if not pair[1].startswith($start or $begin)]",
            stage=2,
        ),
        Rule(
            says=r"each line .*`(?P<bullet>[-*+] ?)`.*indented",
            does="shape = '{indent}' + $bullet.strip() + ' {title}'",
            stage=3,
        ),
    ),
)
_TIDY = Recipe(
    opening=r"^(?=.*\b(?:tidy|clean)).*?`(?P<source>/[^`]+\.txt)`.*`(?P<target>/[^`]+\.txt)`",
    load="data = open($source, newline='').read().splitlines()[:SEEN]",
    guess="data = open($source, newline='').read().rstrip('\\n').split('\\n')",
    save=_WRITE,
    rules=(
        Rule(
            says=r"(?:remove|drop|leave out) .*lines? .*(?:begin|start)s? with `(?P<start>[^`]+)`",
            does="data = [line for line in data if not line.startswith($start)]",
        ),
        Rule(
            says=r"(?:spaces|blanks) .*end of (?:a|the|each|every) lines?",
            does="data = [line.rstrip(' \\t') for line in data]",
        ),
        Rule(
            says=r"(?:several|more than one|two or more) (?:empty|blank) lines",
            does="""
data = [line for at, line in enumerate(data) if line.strip() or not at or data[at - 1].strip()]
""",
            stage=2,
        ),
        Rule(
            says=r"(?:write|spell) `(?P<old>[^`]+)` as `(?P<new>[^`]+)`.*(?:capital|sentence)",
            does="""
data = [line.replace($old, $new).replace($old.capitalize(), $new.capitalize()) for line in data]
""",
            stage=2,
        ),
        Rule(
            says=r"(?:write|spell) `(?P<old>[^`]+)` as `(?P<new>[^`]+)`",
            does="data = [line.replace($old, $new) for line in data]",
            stage=2,
        ),
    ),
)
_ACTIONS = Recipe(
    opening=r"`(?P<source>/[^`]+\.txt)`.*`(?P<mark>[A-Z]+) \w+: [^`]+`.*`(?P<target>/[^`]+\.txt)`",
    load=_LINES
    + r"""
found = (re.match(r'\s*' + $mark + r' (\w+): (.*)', line) for line in lines)
data = [[m[1], m[2].strip()] for m in found if m]
""",
    guess=_LINES
    + r"""
found = (re.match($mark + r' (\w+): (.*)', line) for line in lines)
data = [[m[1], m[2].strip()] for m in found if m]
""",
    save="data = [f'{name}: {text}' for name, text in data]\n" + _WRITE,
    rules=(
        Rule(
            says=r"(?:marked|end with|ending in) `(?P<done>[^`]+)`",
            does="data = [[name, text] for name, text in data if $done not in text]",
        ),
        Rule(
            says=r"(?i:names?) .*`[A-Z][a-z]+`",
            does="data = [[name.capitalize(), text] for name, text in data]",
        ),
        Rule(
            says=r"number in (?:round )?(?:brackets|parentheses)",
            does=r"""
data = [[name, re.sub(r' \(\d+\)', '', text)] for name, text in data]
""",
        ),
        Rule(
            says=r"^sort .*by (?:the )?(?:person|name)",
            does="data.sort(key=lambda pair: pair[0].lower())",
        ),
    ),
)


class TextSkill:
    """Plain text."""

    @property
    def name(self) -> str:
        """Short name."""
        return "text"

    def understand(self, instruction: str) -> RecipeJob | None:
        """The job, when it is about words, headings, lines or notes of a text."""
        recipes = (_OUTLINE, _ACTIONS, _TIDY, _WORDS)
        jobs = (recipe.understand(instruction) for recipe in recipes)
        return next((job for job in jobs if job is not None), None)
