"""Where what runs the tests lives: paths that are never carried from an agent to its tests."""

from autoloop.records.toolchains import TOOLCHAINS

SYSTEM_PATHS: tuple[str, ...] = (
    # Programs, libraries and what starts them.
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/usr", "/boot"),
    *("/dev", "/proc", "/sys", "/run", "/.dockerenv", "/etc/mtab"),
    # What belongs to the verification.
    *("/tests", "/solution", "/logs/verifier"),
    # What loaders, shells and interpreters read as they start.
    *("/etc/ld.so*", "/etc/environment", "/etc/profile*", "/etc/bash*", "/etc/zsh*", "/etc/zlogin"),
    *(
        "/etc/inputrc",
        "/etc/skel",
        "/etc/shells",
        "/etc/python*",
        "/etc/pip.conf",
        "/etc/gitconfig",
    ),
    *("/root/.bash*", "/root/.profile", "/root/.zsh*", "/root/.zprofile", "/root/.inputrc"),
    *(
        "/root/.pythonrc*",
        "/root/.curlrc",
        "/root/.wgetrc",
        "/root/.gitconfig",
        "/root/.config/git",
    ),
    *("/home/*/.bash*", "/home/*/.profile", "/home/*/.zsh*", "/home/*/.zprofile"),
    *("/home/*/.pythonrc*", "/home/*/.curlrc", "/home/*/.wgetrc", "/home/*/.gitconfig"),
    # What package managers read: from where they install, and what.
    *("/root/.config/pip", "/root/.pip", "/root/.pydistutils.cfg", "/root/.config/uv"),
    *("/root/.condarc", "/root/.npmrc", "/root/.yarnrc*"),
    *("/home/*/.config/pip", "/home/*/.pip", "/home/*/.pydistutils.cfg", "/home/*/.config/uv"),
    *("/home/*/.condarc", "/home/*/.npmrc", "/home/*/.yarnrc*"),
    *("/etc/uv", "/etc/npmrc", "/etc/conda"),
    # What other languages' tools read.
    *(path for one in TOOLCHAINS for path in one.setting_paths),
    *("/etc/php*", "/etc/maven", "/etc/R", "/etc/perl", "/etc/java*", "/etc/julia", "/etc/gemrc"),
    *("*/.local/bin", "*/.local/lib", "*/sitecustomize.py", "*/usercustomize.py", "*.pth"),
    # What installers take from here in place of what they would fetch.
    *("*/.cache/uv", "*/.cache/pip", "*/.cache/pypoetry", "*/.npm/_cacache", "*/.npm/_npx"),
    "*/.local/share/uv",
    # What works at a later time.
    *("/etc/cron*", "/etc/anacrontab", "/etc/at.*", "/etc/systemd", "/etc/init*", "/etc/rc*"),
    *("/var/spool/cron", "/var/spool/at"),
    # Who is who, and where what is.
    *("/etc/passwd*", "/etc/shadow*", "/etc/group*", "/etc/gshadow*", "/etc/sub[ug]id*"),
    *("/etc/sudoers*", "/etc/pam*", "/etc/security", "/etc/login.defs", "/etc/nsswitch.conf"),
    *("/etc/hosts*", "/etc/hostname", "/etc/resolv.conf", "/etc/localtime", "/etc/timezone"),
    *("/etc/alternatives", "/etc/ssl", "/etc/ca-certificates*"),
    # Packages: what was installed is not carried either, so neither is the list of it.
    *("/etc/apt", "/etc/dpkg", "/var/lib/dpkg", "/var/lib/apt", "/var/cache", "/var/log/apt"),
    *("/var/log/dpkg.log", "/var/lib/python*", "/var/lib/systemd"),
    *("*/site-packages", "*/dist-packages"),
    # pytest looks for these from the folder of the tests up to the root.
    *("/conftest.py", "/pytest.ini", "/.pytest.ini", "/tox.ini", "/setup.cfg", "/pyproject.toml"),
)
"""A path stands for itself and all below it; `*` stands for any characters, `/` among them.

A package folder that the agent made itself, such as that of a virtual environment in its working
folder, is none. Beside these, the folders of an image's own interpreters and of its PATH are.
"""
