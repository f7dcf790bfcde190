"""Broken programs: mended by trying small changes until their tests pass.

The step that mends is a little automated program repair of its own: it tries changes of single
words (comparisons, operators, numbers, names), runs the program's tests on each, and keeps what
lets more of them pass.
"""

from autoloop.gateway.offline.skills.craft import PATH, Craft, CraftSkill
from autoloop.gateway.offline.skills.recipe import Rule

_SETTINGS = """
import ast, difflib, os, re, shutil, tempfile
from pathlib import Path

source, suffix = Path($source), None
kept = Path(tempfile.gettempdir(), 'before' + $source.replace('/', '-'))

def files(place):
    return [place] if place.is_file() else sorted(place.rglob('*.py'))

def changed():
    return [(old, new) for old, new in zip(files(kept), files(source))
            if old.read_text() != new.read_text()]
"""
_LOAD = f"{_SETTINGS}\nKINDS = ('comparison', 'operator', 'number', 'name')"
_GUESS = f"{_SETTINGS}\nKINDS = ('comparison',)"

_CANDIDATES = """
import importlib, inspect, io, keyword, signal, sys, time, tokenize, unittest

PATIENCE_S = 12

SWAPS = {
    'comparison': {'<': ['<='], '<=': ['<'], '>': ['>='], '>=': ['>']},
    'operator': {
        '<': ['>'], '<=': ['>='], '>': ['<'], '>=': ['<='], '==': ['!='], '!=': ['=='],
        '+': ['-'], '-': ['+'], '*': ['/', '//', '+'], '/': ['*', '//'], '//': ['/', '%'],
        '%': ['//'], '+=': ['=', '-='], '-=': ['+='], '=': ['+='], 'and': ['or'], 'or': ['and'],
        'not': [''], 'True': ['False'], 'False': ['True'], 'min': ['max'], 'max': ['min'],
        'any': ['all'], 'all': ['any'], 'lower': ['upper'], 'upper': ['lower'], 'in': ['not in'],
        'append': ['extend'], 'extend': ['append'], 'strip': ['rstrip'], 'continue': ['break'],
        'lstrip': ['strip', 'rstrip'], 'rstrip': ['strip', 'lstrip'], 'break': ['continue'],
    },
}

def tokens(text):
    found = list(tokenize.generate_tokens(io.StringIO(text).readline))
    return list(zip([None, *found], found))

def others(kind, before, token, pool):
    if kind == 'number' and token.type == tokenize.NUMBER:
        near = [str(int(token.string) + by) for by in (1, -1)] if token.string.isdigit() else []
        return [*near, *pool['number']]
    if kind == 'name' and token.type == tokenize.NAME and not keyword.iskeyword(token.string):
        return pool['attribute' if before and before.string == '.' else 'name']
    return SWAPS.get(kind, {}).get(token.string, [])

def pool_of(pairs):
    pool = {'number': {}, 'attribute': {}, 'name': {}}
    for before, token in pairs:
        if token.type == tokenize.NUMBER:
            pool['number'][token.string] = True
        elif token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            pool['attribute' if before and before.string == '.' else 'name'][token.string] = True
    return pool

def candidates(kind, text, seen):
    pairs, lines = tokens(text), text.splitlines(True)
    pool = pool_of(pairs)
    for before, token in pairs:
        (row, start), (_, end) = token.start, token.end
        if row > seen:
            return
        if re.match(r'\\s*(def|class|from|import|@)', token.line) and kind == 'name':
            continue
        for word in others(kind, before, token, pool):
            if word != token.string:
                line = lines[row - 1]
                yield ''.join([*lines[:row - 1], line[:start] + word + line[end:], *lines[row:]])
"""
_TRIALS = """
place = Path($tests)
place = place if place.is_dir() else place.parent
tests = [Path($tests)] if Path($tests).is_file() else sorted(place.glob('test_*.py'))
sys.path[:0] = [str(place), str(source.parent)]
sys.dont_write_bytecode, sys.pycache_prefix = True, '/tmp/none'
sys.modules.pop('conftest', None)

def too_long(*_):
    raise TimeoutError

signal.signal(signal.SIGVTALRM, too_long)

def call(module, test):
    names = inspect.signature(test).parameters
    test(**{name: inspect.unwrap(getattr(module, name))() for name in names})

def outcomes(module):
    for name, found in list(vars(module).items()):
        if inspect.isclass(found) and issubclass(found, unittest.TestCase):
            for case in unittest.defaultTestLoader.loadTestsFromTestCase(found):
                result = unittest.TestResult()
                case.run(result)
                yield result.wasSuccessful()
        elif name.startswith('test_') and inspect.isfunction(found):
            try:
                call(module, found)
                yield True
            except BaseException:
                yield False

def passed():
    ours = (str(place), str(source))
    for name, module in list(sys.modules.items()):
        if str(getattr(module, '__file__', None)).startswith(ours):
            del sys.modules[name]
    importlib.invalidate_caches()
    good, bad = 0, 0
    for test in tests:
        signal.setitimer(signal.ITIMER_VIRTUAL, 1, 1)
        try:
            results = list(outcomes(importlib.import_module(test.stem)))
        except BaseException:
            results = [False]
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        good, bad = good + sum(results), bad + len(results) - sum(results)
    return good if bad else float('inf')
"""
_MEND = """
def visible(paths):
    left = SEEN if SEEN else 10 ** 9
    for at, path in enumerate(paths):
        left -= (1 if at == 0 else 2) if len(paths) > 1 else 0
        yield path, left
        left -= len(path.read_text().splitlines())

def attempts(kinds):
    for kind in kinds:
        for path, seen in visible(files(source)):
            for text in candidates(kind, path.read_text(), seen):
                if time.process_time() > PATIENCE_S:
                    return
                yield path, text

def best_of(kinds, now):
    best = (now, None, None)
    for path, text in attempts(kinds):
        original = path.read_text()
        path.write_text(text)
        count = passed()
        path.write_text(original)
        if count > best[0]:
            best = (count, path, text)
        if count == float('inf'):
            break
    return best

if kept.exists():
    for old, new in zip(files(kept), files(source)):
        shutil.copy(old, new)
elif source.is_dir():
    shutil.copytree(source, kept)
else:
    shutil.copy(source, kept)
now = passed()
# Names can be mixed up in so many ways that they are tried when nothing else helps.
while now < float('inf'):
    better, path, text = best_of(KINDS[:3], now)
    if not path:
        better, path, text = best_of(KINDS[3:], now)
    if not path:
        break
    path.write_text(text)
    now = better
for old, new in changed():
    if suffix:
        shutil.copy(old, f'{new}{suffix}')
    print(new, *difflib.unified_diff(old.read_text().splitlines(), new.read_text().splitlines(),
                                     lineterm='', n=0), sep='\\n')
print('all tests pass' if now == float('inf') else f'{now} tests pass, not all')
"""

_RULES = (
    Rule(says=r"\b(?:do not (?:change|touch)|must stay as|stays? unchanged)\b", does=""),
    Rule(
        says=r"save a copy of it under the same name with (?P<suffix>\.\w+) appended",
        does="suffix = $suffix",
    ),
    Rule(
        says=rf"\b(?:set|raise) (?P<name>\w+) in (?:the module|(?P<file>{PATH}))"
        r" to (?P<value>[\d.]+)",
        does="""
path = Path($file or $source)
text = re.sub('(?m)^' + $name + ' = .*', $name + ' = "' + $value + '"', path.read_text())
path.write_text(text)
""",
        stage=2,
    ),
    Rule(
        says=rf'(?:add|put) the line "(?P<line>[^"]+)" at the (?P<end>end|top) of (?P<file>{PATH})',
        does="""
lines = [line for line in Path($file).read_text().splitlines() if line != $line]
lines.insert(0 if $end == 'top' else len(lines), $line)
Path($file).write_text('\\n'.join(lines) + '\\n')
""",
        stage=2,
    ),
    Rule(
        says=rf"the name of the function (?:that )?you changed to (?P<told>{PATH})",
        does="""
def functions(path):
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.name: ast.dump(node) for node in nodes if isinstance(node, ast.FunctionDef)}

names = [name for old, new in changed() for name, body in functions(new).items()
         if functions(old).get(name) != body]
Path($told).write_text(''.join(f'{name}\\n' for name in names))
""",
        stage=3,
    ),
    Rule(
        says=rf"the path of the file you changed to (?P<told>{PATH})",
        does="Path($told).write_text(''.join(f'{new}\\n' for _, new in changed()))",
        stage=3,
    ),
    Rule(
        says=r"the names of the files you (?:changed|repaired), without folder,"
        rf" to (?P<told>{PATH})",
        does="""
versions = re.compile(r'(?m)^\\w*version\\w* = .*', re.IGNORECASE)
names = [new.name for old, new in changed()
         if versions.sub('', old.read_text()) != versions.sub('', new.read_text())]
Path($told).write_text(''.join(f'{name}\\n' for name in sorted(names)))
""",
        stage=3,
    ),
)

_REPAIR = Craft(
    opening=rf"^(?=.*\b(?:bug|broke|wrong|mistakes?|does not do what)\b)(?=.*\bpass(?:es)?\b)[^/]*"
    rf"(?P<source>{PATH})\b.*?\btests in (?P<tests>{PATH})",
    looks=("find $source -name '*.py' | sort | xargs tail -n +1",),
    load=_LOAD,
    guess=_GUESS,
    rules=_RULES,
    work=_CANDIDATES + _TRIALS + _MEND,
    check="cd $tests 2> /dev/null || cd $$(dirname $tests);"
    " python3 -B -m pytest -q -p no:cacheprovider",
)


class ProgramsSkill(CraftSkill):
    """Mending small Python programs with the help of their tests."""

    def __init__(self) -> None:
        super().__init__(name="programs", crafts=(_REPAIR,))
