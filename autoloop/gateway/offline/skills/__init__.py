"""The stand-in's trades, one module each."""

from autoloop.gateway.offline.skill import Skill
from autoloop.gateway.offline.skills.config_files import ConfigSkill
from autoloop.gateway.offline.skills.csv_rows import CsvSkill
from autoloop.gateway.offline.skills.filetrees import FiletreesSkill
from autoloop.gateway.offline.skills.json_shapes import JsonSkill
from autoloop.gateway.offline.skills.log_lines import LogsSkill
from autoloop.gateway.offline.skills.programs import ProgramsSkill
from autoloop.gateway.offline.skills.reports import ReportsSkill
from autoloop.gateway.offline.skills.spreadsheets import SpreadsheetsSkill
from autoloop.gateway.offline.skills.sqlite import SqliteSkill
from autoloop.gateway.offline.skills.text_work import TextSkill

SKILLS: tuple[Skill, ...] = (
    CsvSkill(),
    JsonSkill(),
    LogsSkill(),
    TextSkill(),
    ConfigSkill(),
    SpreadsheetsSkill(),
    ProgramsSkill(),
    FiletreesSkill(),
    SqliteSkill(),
    ReportsSkill(),
)
