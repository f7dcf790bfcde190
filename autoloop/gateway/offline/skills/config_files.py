"""Configuration: edit INI files, merge environment files, read YAML and properties."""

from autoloop.gateway.offline.skills.recipe import Recipe, RecipeJob, Rule

_INI = Recipe(
    opening=r"`(?P<source>/[^`]+\.(?:ini|conf|cfg))`.*`(?P<target>/[^`]+\.(?:ini|conf|cfg))`",
    load="""
data = open($source).read().splitlines()[:SEEN]
sign = ' : ' if any(' : ' in line for line in data) else ' = '
""",
    guess="data = open($source).read().splitlines()\nsign = ' = '",
    save="open($target, 'w').write('\\n'.join(data) + '\\n')",
    rules=(
        Rule(
            says=r"section `(?P<section>[^`]+)`.* `(?P<key>[^`]+)` .*(?:must|should|is to) be "
            r"`(?P<value>[^`]+)`",
            does="""
inside = ''
for at, line in enumerate(data):
    inside = line.strip('[]') if line.startswith('[') else inside
    if inside == $section and line.split(sign)[0] == $key:
        data[at] = $key + sign + $value
""",
        ),
        Rule(
            says=r"^(?:remove|delete) `(?P<key>[^`]+)` .*(?:everywhere|wherever|every section)",
            does="data = [line for line in data if line.split(sign)[0] != $key]",
        ),
        Rule(
            says=r"(?:at|to) the end\b.*section `(?P<section>[^`]+)` with `(?P<key>[^`]+)` set to "
            r"`(?P<value>[^`]+)`",
            does="""
sign = globals().get('sign') or (' : ' if any(' : ' in line for line in data) else ' = ')
data += ['', '[' + $section + ']', $key + sign + $value]
""",
            stage=2,
        ),
        Rule(
            says=r"comment .*section `(?P<section>[^`]+)`.*`(?P<comment>[^`]+)`",
            does="data.insert(data.index('[' + $section + ']'), $comment)",
            stage=3,
        ),
    ),
)
_ENVIRONMENT = Recipe(
    opening=r"`(?P<low>/[^`]*\.env)`.*`(?P<high>/[^`]*\.env)`.*`(?P<target>/[^`]*\.env)`",
    load="""
def read(path):
    lines = [line.strip().removeprefix('export ') for line in open(path)]
    return dict(line.split('=', 1) for line in lines if '=' in line and not line.startswith('#'))
data = {**read($low), **read($high)}
""",
    guess="""
def read(path):
    return dict(line.strip().split('=', 1) for line in open(path) if '=' in line)
data = {**read($low), **read($high)}
""",
    save="""
open($target, 'w').write(''.join(f'{name}={value}\\n' for name, value in data.items()))
""",
    inputs=("low", "high"),
    looks_around=True,
    rules=(
        Rule(
            says=r"names? (?:begin|start)s? with `(?P<start>[^`]+)`",
            does="data = {k: v for k, v in data.items() if not k.startswith($start)}",
        ),
        Rule(
            says=r"empty .*(?:not written|left out|removed|no line)",
            does="data = {k: v for k, v in data.items() if v}",
            stage=2,
        ),
        Rule(
            says=r"(?:in|into|by) alphabetical order|sort",
            does="data = dict(sorted(data.items()))",
            stage=3,
        ),
        Rule(
            says=r"values? .*space.*double quotes",
            does="data = {k: f'\"{v}\"' if ' ' in v else v for k, v in data.items()}",
            stage=4,
        ),
    ),
)
_SERVICES = Recipe(
    opening=r"`(?P<source>/[^`]+\.ya?ml)`.*`(?P<target>/[^`]+\.json)`",
    load="""
import yaml
text = ''.join(open($source).readlines()[:SEEN])
data = yaml.safe_load(text)
data = next(part for part in data.values() if isinstance(part, list))
data = [dict(entry, ports=entry.get('ports') or []) for entry in data]
""",
    guess="""
import yaml
data = yaml.safe_load(open($source)).get('services') or {}
data = [dict(entry, name=name, ports=entry.get('ports') or []) for name, entry in data.items()]
""",
    save="""
data = [[entry['name'], [re.split('[/:]', str(port)) for port in entry['ports']]] for entry in data]
ports = {name: int(found[0][0]) if found else None for name, found in data}
json.dump(ports, open($target, 'w'), indent=2)
""",
    rules=(
        Rule(
            says=r"^(?:leave out|skip) .*`enabled: (?P<state>\w+)`",
            does="data = [entry for entry in data if str(entry.get('enabled')).lower() != $state]",
        ),
        Rule(
            says=r"(?:no|without) ports?.*(?:leave|left|skip|do not|not)",
            does="data = [entry for entry in data if entry['ports']]",
        ),
        Rule(
            says=r"name .*`(?P<prefix>[^`]+)` in front",
            does="data = [dict(entry, name=$prefix + entry['name']) for entry in data]",
            stage=2,
        ),
    ),
)
_PROPERTIES = Recipe(
    opening=r"`(?P<source>/[^`]+\.properties)`.*`(?P<target>/[^`]+\.json)`",
    load=r"""
lines = [line.strip() for line in open($source).read().splitlines()[:SEEN]]
lines = [line for line in lines if line and line[0] not in '#!']
pairs = [re.split(r'\s*[=:]\s*', line, maxsplit=1) for line in lines]
data = dict(pair for pair in pairs if len(pair) == 2)
""",
    guess=r"""
lines = [line.strip() for line in open($source).read().splitlines()[:SEEN]]
data = dict(re.split(r'\s*=\s*', line, maxsplit=1) for line in lines if '=' in line)
""",
    save="""
tree = {}
for name, value in data.items():
    *folders, leaf = name.split('.') if globals().get('nested') else [name]
    place = tree
    for folder in folders:
        place = place.setdefault(folder, {})
    place[leaf] = value
json.dump(tree, open($target, 'w'), indent=2)
""",
    rules=(
        Rule(
            says=r"(?:leave out|drop|skip) .*name contains `(?P<word>[^`]+)`",
            does="data = {k: v for k, v in data.items() if $word not in k}",
        ),
        Rule(
            says=r"numbers .*(?:true|false|booleans?)",
            does=r"""
def typed(text):
    return json.loads(text) if re.fullmatch(r'-?\d+(\.\d+)?|true|false', text) else text
data = {k: typed(v) for k, v in data.items()}
""",
            stage=2,
        ),
        Rule(
            says=r"commas? .*lists?",
            does="""
data = {k: v.split(', ') if isinstance(v, str) and ', ' in v else v for k, v in data.items()}
""",
            stage=2,
        ),
        Rule(says=r"dots? .*(?:nested|objects?|levels?)", does="nested = True", stage=3),
    ),
)


class ConfigSkill:
    """Configuration files."""

    @property
    def name(self) -> str:
        """Short name."""
        return "config"

    def understand(self, instruction: str) -> RecipeJob | None:
        """The job, when it is about a configuration file of a known kind."""
        recipes = (_INI, _ENVIRONMENT, _SERVICES, _PROPERTIES)
        jobs = (recipe.understand(instruction) for recipe in recipes)
        return next((job for job in jobs if job is not None), None)
