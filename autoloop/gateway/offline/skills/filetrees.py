"""File trees: files sorted into folders, renamed, listed, packed into archives."""

from autoloop.gateway.offline.skills.craft import PATH, Craft, CraftSkill
from autoloop.gateway.offline.skills.recipe import Rule

_LIST = "find $source -type f | sort"

_WALK = """
import csv, os, re, shutil, tarfile, tempfile
from pathlib import Path

root = Path($source)

def start_afresh():
    kept = Path(tempfile.gettempdir(), 'before' + str(root).replace('/', '-'))
    if kept.exists():
        shutil.rmtree(root)
        shutil.copytree(kept, root)
    else:
        shutil.copytree(root, kept)

def files():
    found = sorted((path for path in root.rglob('*') if path.is_file()), key=str)
    return found[:SEEN]

def write_table(target, rows):
    with open(target, 'w', newline='') as file:
        csv.writer(file, lineterminator='\\n').writerows(rows)
"""

# Who has not looked takes the tree for flat: folders, and files in them.
_WALK_FLAT = _WALK.replace("root.rglob('*')", "[*root.glob('*'), *root.glob('*/*')]")

_SORT_SETTINGS = "case, aliases, bare, shows_hidden = str, {}, '', True"
_SORT = Craft(
    opening=rf"(?P<source>{PATH}) .*?\bmove its files into folders named after their extension"
    rf" below (?P<target>{PATH})",
    looks=(_LIST,),
    load=_WALK + _SORT_SETTINGS,
    guess=_WALK_FLAT + _SORT_SETTINGS,
    rules=(
        Rule(says=r"folder names are in lower case", does="case = str.lower"),
        Rule(
            says=r"files ending in \.?(?P<from>\w+) belong in the folder (?P<to>\w+)",
            does="aliases[$from] = $to",
        ),
        Rule(says=r"without an extension go to the folder (?P<bare>\w+)", does="bare = $bare"),
        Rule(says=r"leave hidden files", does="shows_hidden = False"),
    ),
    work="""
start_afresh()
target = Path($target)
shutil.rmtree(target, ignore_errors=True)
for path in files():
    if path.name.startswith('.') and not shows_hidden:
        continue
    extension = case(path.suffix[1:])
    folder = target / (aliases.get(extension, extension) or bare)
    folder.mkdir(parents=True, exist_ok=True)
    path.rename(folder / path.name)
""",
    check="find $target -type f | sort",
)

_RENAME_SETTINGS = "space, prefixes, endings, left_alone = ' ', [], {}, []"
_RENAME = Craft(
    opening=rf"\brename all files below (?P<source>{PATH}), .*? in lower case\b",
    looks=(_LIST,),
    load=_WALK + _RENAME_SETTINGS,
    guess=_WALK_FLAT + _RENAME_SETTINGS,
    rules=(
        Rule(says=r"space in a file name becomes an underscore", does="space = '_'"),
        Rule(says=r'drop the prefix "(?P<prefix>[^"]+)"', does="prefixes.append($prefix)"),
        Rule(
            says=r"the extension \.?(?P<from>\w+) becomes \.?(?P<to>\w+)",
            does="endings['.' + $from] = '.' + $to",
        ),
        Rule(
            says=r"leave everything below the folder (?P<folder>\S+) alone",
            does="left_alone.append($folder)",
        ),
        Rule(
            says=rf"write (?P<log>{PATH}) with the header line `(?P<header>[^`]+)`, one row"
            r" for each renamed file",
            does="write_table($log, [$header.split(','), *sorted(renamed)])",
            stage=2,
        ),
    ),
    prepare="""
def new_name(path):
    if path.relative_to(root).parts[0] in left_alone:
        return path
    name = path.name
    for prefix in prefixes:
        name = name.removeprefix(prefix)
    stem, ending = os.path.splitext(name.lower().replace(' ', space))
    return path.with_name(stem + endings.get(ending, ending))

start_afresh()
renamed = []
for path in files():
    new = new_name(path)
    if new != path:
        path.rename(new)
        renamed.append([str(path.relative_to(root)), str(new.relative_to(root))])
""",
    work="print(len(renamed), 'files renamed')",
    check=_LIST,
)

_INVENTORY_SETTINGS = "skipped, smallest, order = set(), 0, None"
_INVENTORY = Craft(
    opening=rf"(?P<source>{PATH})\. List all files below (?:it|that folder) in"
    rf" (?P<target>{PATH}\.csv) with the header line `(?P<header>\w+,\w+)`",
    looks=(_LIST,),
    load=_WALK + _INVENTORY_SETTINGS,
    guess=_WALK_FLAT + _INVENTORY_SETTINGS,
    rules=(
        Rule(
            says=r"skip every folder named (?P<one>[\w.-]+)(?: or (?P<two>[\w.-]+))?,",
            does="skipped |= {$one, $two}",
        ),
        Rule(says=r"empty files are not listed", does="smallest = 1"),
        Rule(
            says=r"sort by (?P<column>\w+), the (?P<way>largest|smallest) first; equal ones by \w+",
            does="order = ($column, -1 if $way == 'largest' else 1)",
        ),
    ),
    work="""
rows = []
for path in files():
    place, size = path.relative_to(root), path.stat().st_size
    if not skipped & set(place.parts[:-1]) and size >= smallest:
        rows.append([str(place), size])
if order:
    rows.sort(key=lambda row: (row[1] * order[1], row[0]))
write_table($target, [$header.split(','), *rows])
""",
    check="cat $target",
)

_PACK_SETTINGS = "goes_deep, empties_go, undated_stay = False, False, False"
_PACK = Craft(
    opening=rf"files below (?P<source>{PATH}) carry their day .*?\bpack those from before"
    rf" (?P<until>\d{{4}}-\d\d-\d\d) into (?P<target>{PATH}), one archive per month",
    looks=(_LIST, "find $source -type f -size 0 | sort"),
    load=_WALK + _PACK_SETTINGS,
    guess=_WALK_FLAT + _PACK_SETTINGS,
    rules=(
        Rule(says=r"look into the subfolders", does="goes_deep = True"),
        Rule(says=r"empty \w+ files .*deleted without being packed", does="empties_go = True"),
        Rule(says=r"without a day in their name stay", does="undated_stay = True"),
        Rule(
            says=rf"write (?P<manifest>{PATH}) with the header line `(?P<header>[^`]+)`",
            does="""
rows = []
for archive in sorted(target.glob('*.tar.gz')):
    with tarfile.open(archive) as tar:
        sizes = [member.size for member in tar if member.isfile()]
    rows.append([archive.name, len(sizes), sum(sizes)])
write_table($manifest, [$header.split(','), *rows])
""",
            stage=2,
        ),
    ),
    prepare="target = Path($target)",
    work="""
start_afresh()
shutil.rmtree(target, ignore_errors=True)
target.mkdir()
months = {}
for path in files():
    day = re.search(r'(\\d{4})-?(\\d\\d)-?(\\d\\d)', path.name)
    if path.parent != root and not goes_deep or not day and undated_stay:
        continue
    if day and '-'.join(day.groups()) >= $until:
        continue
    if path.stat().st_size or not empties_go:
        month = f'{day[1]}-{day[2]}' if day else 'unknown'
        months.setdefault(month, []).append(path)
    else:
        path.unlink()
for month, paths in months.items():
    with tarfile.open(target / f'{month}.tar.gz', 'w:gz') as tar:
        for path in paths:
            tar.add(path, path.relative_to(root))
            path.unlink()
""",
    check="find $source $target -type f | sort",
)


class FiletreesSkill(CraftSkill):
    """Sorting, renaming, listing and packing files."""

    def __init__(self) -> None:
        super().__init__(name="filetrees", crafts=(_SORT, _RENAME, _INVENTORY, _PACK))
