"""Frame and style of report.html."""

from autoloop.records.text import html_text

STYLE = """
:root{color-scheme:light dark;--ink:#1d2330;--soft:#687083;--line:#dfe3ea;--paper:#fff;
--card:#f6f7f9;--good:#1a7f4b;--bad:#b3423a;--best:#3366a8}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#99a1b3;--line:#333a48;--paper:#14171d;
--card:#1c2029;--good:#4cc38a;--bad:#f0857c;--best:#7aa7e8}}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:60rem;background:var(--paper);
color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{margin:0;font-size:1.6rem}h2{margin:2.2rem 0 .6rem;font-size:1.1rem}
p.soft,.soft{color:var(--soft)}
.cards{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.2rem 0}
.card{flex:1 1 10rem;padding:.8rem 1rem;border-radius:.6rem;background:var(--card)}
.card b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.4rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}
.step{margin:.5rem 0;padding:.7rem 1rem;border-radius:.6rem;background:var(--card)}
.step summary{cursor:pointer}.step p{margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
.tag{font-weight:600}.keep .tag{color:var(--good)}.revert .tag,.undecided .tag{color:var(--bad)}
pre{overflow-x:auto;padding:.6rem;border:1px solid var(--line);border-radius:.4rem;
background:var(--paper);font-size:12.5px;line-height:1.4}
.add{color:var(--good)}.del{color:var(--bad)}
svg{width:100%;height:auto}svg text{fill:var(--soft);font-size:11px}
svg .grid{stroke:var(--line)}svg .best{fill:none;stroke:var(--best);stroke-width:2.5}
svg .whisker{stroke:var(--line);stroke-width:2}
svg .keep{fill:var(--good)}
svg .revert,svg .undecided,svg .empty{fill:none;stroke:var(--bad);stroke-width:2}
"""
# Nothing may be loaded or run, whatever an edit or a model wrote into the texts shown.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(title: str, body: str) -> str:
    """A whole HTML document; `body` is HTML already."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html_text(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )
