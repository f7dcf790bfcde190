"""SQLite databases: queried into a file, updated, freed of duplicates, archived."""

from autoloop.gateway.offline.skills.craft import PATH, Craft, CraftSkill
from autoloop.gateway.offline.skills.recipe import Rule

_DATABASE = rf"{PATH}\.(?:db|sqlite3?)"
_SCHEMA = "sqlite3 $db .schema"

_OPEN = """
import csv, json, os, re, shutil, sqlite3, tempfile

def connect():
    return sqlite3.connect($db)

def start_afresh():
    kept = tempfile.gettempdir() + '/before' + $db.replace('/', '-')
    if os.path.exists(kept):
        shutil.copy(kept, $db)
    else:
        shutil.copy($db, kept)

def seen(table):
    limit = f'LIMIT {max(1, SEEN - 1)}' if SEEN else ''
    return f'(SELECT rowid FROM {table} {limit})'
"""
_KNOW = """
def column(table, name):
    plain = lambda text: re.sub(r'[^a-z0-9]', '', text.lower())
    return next(row[1] for row in connect().execute(f'PRAGMA table_info({table})')
                if plain(row[1]) == plain(name))

def primary(table):
    return next(row[1] for row in connect().execute(f'PRAGMA table_info({table})') if row[5])

def reference(table, other):
    return next(row[3] for row in connect().execute(f'PRAGMA foreign_key_list({table})')
                if row[2].lower() == other.lower())

def day(column):
    return (f"CASE WHEN {column} LIKE '__.__.____' THEN substr({column}, 7) || '-'"
            f" || substr({column}, 4, 2) || '-' || substr({column}, 1, 2) ELSE {column} END")
"""
_ASSUME = """
def column(table, name):
    return name

def primary(table):
    return 'id'

def reference(table, other):
    return other.lower().rstrip('s') + '_id'

def day(column):
    return column
"""
_LOAD = _OPEN + _KNOW
_GUESS = _OPEN + _ASSUME

_QUERY_SETTINGS = "columns, tests, order, limit, digits = [], [], '', '', False"
_QUERY = Craft(
    opening=rf"(?P<db>{_DATABASE}) \(SQLite\) .*?; (?P<many>\w+)\.(?P<link>\w+) refers to"
    rf" (?P<one>\w+)\.(?P<id>\w+)\. .*?\bwrite (?P<target>{PATH}\.csv)",
    looks=(
        _SCHEMA,
        'sqlite3 -header $db "SELECT * FROM "$one',
        'sqlite3 -header $db "SELECT * FROM "$many',
    ),
    load=_LOAD + _QUERY_SETTINGS,
    guess=_GUESS + _QUERY_SETTINGS,
    rules=(
        Rule(
            says=r"`(?P<name>\w+)` \(the (?P<column>\w+\.\w+)\)",
            does="columns.append(($name, $column, False))",
        ),
        Rule(
            says=r"`(?P<name>\w+)` \(the sum of (?P<column>\w+\.\w+)\)",
            does="columns.append(($name, 'sum(' + $column + ')', True))",
        ),
        Rule(
            says=r"only (?:count|use|take) \w+ whose (?P<column>\w+) is (?P<value>\w+)$",
            does="tests.append($many + '.' + $column + ' = ' + repr($value))",
        ),
        Rule(
            says=r"sort by (?P<column>\w+)(?:, the (?P<way>largest|smallest|newest|oldest) first)?",
            does="order = 'ORDER BY ' + $column + ' DESC' * ($way in ('largest', 'newest'))",
        ),
        Rule(says=r"only the first (?P<limit>\d+) rows", does="limit = 'LIMIT ' + $limit"),
        Rule(says=r"with two decimals", does="digits = True"),
    ),
    work="""
shown = ', '.join(f'{found} AS {name}' for name, found, _ in columns)
plain = ', '.join(found for _, found, is_sum in columns if not is_sum)
tests += [$many + '.rowid IN ' + seen($many), $one + '.rowid IN ' + seen($one)]
rows = connect().execute(
    f'SELECT {shown} FROM ' + $many + ' JOIN ' + $one
    + ' ON ' + $many + '.' + $link + ' = ' + $one + '.' + $id
    + ' WHERE ' + ' AND '.join(tests) + f' GROUP BY {plain} {order} {limit}')
with open($target, 'w', newline='') as file:
    out = csv.writer(file, lineterminator='\\n')
    out.writerow([name for name, _, _ in columns])
    for row in rows:
        sums = [digits and isinstance(cell, float) for cell in row]
        out.writerow([f'{cell:.2f}' if rounds else cell for cell, rounds in zip(row, sums)])
""",
    check="cat $target",
)

_RAISE_SETTINGS = "tests, new_price, log = ['1'], '{price} * {factor}', None"
_RAISE = Craft(
    opening=r"\b(?P<verb>raise|lower) the (?P<price>\w+) of all \w+ in the (?P<column>\w+)"
    r" (?P<value>\w+) by (?P<percent>[\d.]+) percent\. .*? in the table (?P<table>\w+) of the"
    rf" SQLite database (?P<db>{_DATABASE})",
    looks=(_SCHEMA, 'sqlite3 -header $db "SELECT * FROM "$table'),
    load=_LOAD + _RAISE_SETTINGS,
    guess=_GUESS + _RAISE_SETTINGS,
    rules=(
        Rule(
            says=r"round the new \w+ to two decimals",
            does="new_price = 'round({price} * {factor}, 2)'",
        ),
        Rule(
            says=r"do not touch [\w ]+ \((?P<flag>\w+) is (?P<number>\d+)\)",
            does="tests.append(column($table, $flag) + ' <> ' + $number)",
        ),
        Rule(
            says=r"in a new table (?P<log>\w+) with the columns (?P<a>\w+), (?P<b>\w+)"
            r" and (?P<c>\w+)",
            does="log = ($log, $a, $b, $c)",
        ),
    ),
    work="""
start_afresh()
db, table = connect(), $table
price, category = column(table, $price), column(table, $column)
factor = 1 + float($percent) / 100 * (1 if $verb.lower() == 'raise' else -1)
new_price = new_price.format(price=price, factor=factor)
where = f"{category} = ? AND rowid IN {seen(table)} AND " + ' AND '.join(tests)
if log:
    db.execute('CREATE TABLE {} ({} INTEGER, {} REAL, {} REAL)'.format(*log))
    db.execute(f'INSERT INTO {log[0]} SELECT {primary(table)}, {price}, {new_price} FROM {table}'
               f' WHERE {where}', ($value,))
db.execute(f'UPDATE {table} SET {price} = {new_price} WHERE {where}', ($value,))
db.commit()
""",
    check='sqlite3 -header $db "SELECT * FROM "$table',
)

_DOUBLES_SETTINGS = "same, latest, pointing, told = '{}', None, [], None"
_DOUBLES = Craft(
    opening=rf"SQLite database (?P<db>{_DATABASE}) .*?duplicates in its table (?P<table>\w+)\. .*?"
    r"with the same (?P<column>\w+) are one",
    looks=(_SCHEMA, 'sqlite3 -header $db "SELECT * FROM "$table'),
    load=_LOAD + _DOUBLES_SETTINGS,
    guess=_GUESS + _DOUBLES_SETTINGS,
    rules=(
        Rule(
            says=r"without regard to case and (?:surrounding )?spaces",
            does="same = 'lower(trim({}))'",
        ),
        Rule(says=r"keep the row with the latest (?P<date>\w+)", does="latest = $date"),
        Rule(
            says=r"\bcolumn of the table (?P<other>\w+) point to the row that (?:stays|is kept)",
            does="pointing.append($other)",
        ),
        Rule(
            says=rf"write the number of removed rows to (?P<target>{PATH})",
            does="told = $target",
        ),
    ),
    work="""
start_afresh()
db, table = connect(), $table
id, same = primary(table), same.format(column(table, $column))
best = f'max({column(table, latest)})' if latest else f'min({id})'
db.execute(f'CREATE TEMP TABLE kept AS SELECT {same} AS same, {id} AS id, {best} FROM {table}'
           f' WHERE rowid IN {seen(table)} GROUP BY 1')
db.execute(f'CREATE TEMP TABLE moved AS SELECT {id} AS old, kept.id AS new FROM {table}'
           f' JOIN kept ON kept.same = {same} WHERE {id} <> kept.id'
           f' AND {table}.rowid IN {seen(table)}')
for other in pointing:
    link = reference(other, table)
    db.execute(f'UPDATE {other} SET {link} = (SELECT new FROM moved WHERE old = {link})'
               f' WHERE {link} IN (SELECT old FROM moved)')
removed = db.execute(f'DELETE FROM {table} WHERE {id} IN (SELECT old FROM moved)').rowcount
db.commit()
if told:
    open(told, 'w').write(f'{removed}\\n')
""",
    check='sqlite3 -header $db "SELECT * FROM "$table',
)

_ARCHIVE_SETTINGS = "stays, more, read_day, archives = '0', '', str, [$archive]"
_ARCHIVE = Craft(
    opening=rf"(?P<db>{_DATABASE}) \(SQLite\).*?\bmove all \w+ from before"
    r" (?P<until>\d{4}-\d\d-\d\d) \(see (?P<date>\w+)\) out of the table (?P<table>\w+)"
    r" into a new table (?P<archive>\w+)",
    looks=(_SCHEMA, 'sqlite3 -header $db "SELECT * FROM "$table'),
    load=_LOAD + _ARCHIVE_SETTINGS,
    guess=_GUESS + _ARCHIVE_SETTINGS,
    rules=(
        Rule(
            says=r"\((?P<column>\w+) is (?P<value>\w+)\) stay where they are",
            does="stays = column($table, $column) + ' = ' + repr($value)",
        ),
        Rule(says=r"is text with the day first", does="read_day = day"),
        Rule(
            says=r"add a column (?P<name>\w+) that is (?P<value>[\w-]+) in every row",
            does="more = ', ' + repr($value) + ' AS ' + $name",
        ),
        Rule(says=r"into a new table (?P<more>\w+) in the same way", does="archives.append($more)"),
        Rule(
            says=r"the lines of these \w+ from the table (?P<lines>\w+) into a new table"
            r" (?P<lines_archive>\w+)",
            does="""
id, link = primary($table), reference($lines, $table)
moved = f'{link} IN (SELECT {id} FROM ' + $archive + ')'
db.execute('DROP TABLE IF EXISTS ' + $lines_archive)
db.execute('CREATE TABLE ' + $lines_archive + ' AS SELECT * FROM ' + $lines + f' WHERE {moved}')
db.execute('DELETE FROM ' + $lines + f' WHERE {moved}')
db.commit()
""",
            stage=2,
        ),
        Rule(
            says=rf"write (?P<report>{PATH}), an object with the keys `(?P<a>\w+)` and"
            r" `(?P<b>\w+)`",
            does="""
counts = [db.execute(f'SELECT count(*) FROM {name}').fetchone()[0] for name in archives]
json.dump(dict(zip(($a, $b), counts)), open($report, 'w'))
""",
            stage=3,
        ),
    ),
    prepare="db = connect()",
    work="""
db.close()
start_afresh()
db, table = connect(), $table
date = read_day(column(table, $date))
old = f'{date} < ? AND NOT {stays} AND rowid IN {seen(table)}'
db.execute('CREATE TABLE ' + $archive + f' AS SELECT *{more} FROM {table} WHERE {old}', ($until,))
db.execute(f'DELETE FROM {table} WHERE {old}', ($until,))
db.commit()
""",
    check='sqlite3 -header $db "SELECT * FROM "$archive',
)


class SqliteSkill(CraftSkill):
    """Queries and changes of SQLite databases."""

    def __init__(self) -> None:
        super().__init__(name="sqlite", crafts=(_QUERY, _RAISE, _DOUBLES, _ARCHIVE))
