"""What languages' own tools take from a home folder: settings as they start, packages, caches."""

from dataclasses import dataclass

HOMES = ("/root", "/home/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """The tools of one language. Places are in each home folder, unless they begin with `/`."""

    name: str
    runs: str
    """How their programs are called, as alternatives of a regular expression."""
    settings: tuple[str, ...] = ()
    """Read whenever they start. Nothing that they write by themselves is among them."""
    stores: tuple[str, ...] = ()
    """Packages, and what was compiled of them: used in place of what would be fetched."""
    installs: tuple[str, ...] = ()
    """Packages that nobody would fetch again: the agent's own work where the image had none."""
    variables: tuple[str, ...] = ()
    """Where else the environment of an image may say that stores are, in the shell's words."""
    words: tuple[str, ...] = ()
    """A task whose instruction has one of them is about the packages."""

    @property
    def setting_paths(self) -> tuple[str, ...]:
        """Paths and patterns of the settings."""
        return _in_homes(self.settings)

    @property
    def store_paths(self) -> tuple[str, ...]:
        """Paths and patterns of packages."""
        return _in_homes((*self.stores, *self.installs))

    def free_settings(self, instruction: str) -> tuple[str, ...]:
        """Paths of settings that an instruction names, by their own name or with their folder."""
        return _in_homes(tuple(one for one in self.settings if _short(one) in instruction))


def _in_homes(places: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        path
        for place in places
        for path in ((place,) if place.startswith("/") else (f"{home}/{place}" for home in HOMES))
    )


def _short(place: str) -> str:
    *_, folder, name = ("", *place.replace("*", "").split("/"))
    return name if "." in name else f"{folder}/{name}"


TOOLCHAINS: tuple[Toolchain, ...] = (
    Toolchain(
        name="java",
        runs=r"mvnw?|maven|gradlew?|sbt|mill|ant|ivy|coursier|cs",
        settings=(
            *(".m2/settings*.xml", ".m2/toolchains.xml", ".m2/extensions.xml", ".mavenrc"),
            *(".gradle/init.d", ".gradle/init.gradle*", ".gradle/gradle.properties"),
        ),
        stores=(
            *(".m2/repository", ".m2/wrapper", ".gradle/caches", ".gradle/wrapper"),
            *(".gradle/jdks", ".gradle/native", ".ivy2", ".sbt", ".cache/coursier"),
        ),
        variables=("$GRADLE_USER_HOME",),
        words=(
            *("/.m2", "mvn install", "mavenLocal", "MavenLocal", "local Maven repository"),
            *("/.gradle", "/.ivy2", "/.sbt"),
        ),
    ),
    Toolchain(
        name="go",
        runs=r"go|gotestsum|ginkgo",
        settings=(".config/go/env",),
        stores=("go/pkg/mod", ".cache/go-build"),
        variables=("${GOPATH:+$GOPATH/pkg/mod}", "$GOMODCACHE", "$GOCACHE"),
        words=("GOPATH", "GOMODCACHE", "GOCACHE", "pkg/mod"),
    ),
    Toolchain(
        name="rust",
        runs=r"cargo|rustc|nextest",
        settings=(".cargo/config*", ".cargo/env"),
        stores=(".cargo/registry", ".cargo/git"),
        variables=("${CARGO_HOME:+$CARGO_HOME/registry}", "${CARGO_HOME:+$CARGO_HOME/git}"),
        words=("/.cargo/registry", "/.cargo/git", "CARGO_HOME"),
    ),
    Toolchain(
        name="ruby",
        runs=r"ruby|rspec|rake|bundler?|gem|minitest|cucumber",
        settings=(".gemrc", ".bundle/config", ".rspec", ".config/rspec"),
        stores=(".gem", ".bundle/cache", ".bundle/plugin", ".local/share/gem", "/var/lib/gems"),
        variables=("$GEM_HOME", "$GEM_PATH", "$BUNDLE_PATH"),
        words=("/.gem/", "/.bundle", "gem install", "GEM_HOME", "BUNDLE_PATH", "/var/lib/gems"),
    ),
    Toolchain(
        name="php",
        runs=r"php|phpunit|composer|pest|codecept",
        settings=(".composer/config.json", ".config/composer/config.json"),
        stores=(
            *(".composer/vendor", ".composer/cache", ".composer/composer.*", ".cache/composer"),
            *(".config/composer/vendor", ".config/composer/composer.*"),
        ),
        variables=("$COMPOSER_HOME", "$COMPOSER_CACHE_DIR"),
        words=("/.composer", "/composer/vendor", "composer global", "COMPOSER_HOME"),
    ),
    Toolchain(
        name="dotnet",
        runs=r"dotnet|msbuild|nuget|vstest",
        stores=(".nuget", ".config/NuGet", ".local/share/NuGet", ".dotnet/tools"),
        variables=("$NUGET_PACKAGES",),
        words=("/.nuget", "dotnet tool install", "NUGET_PACKAGES"),
    ),
    Toolchain(
        name="r",
        runs=r"R|Rscript|testthat",
        settings=(".Rprofile", ".Renviron"),
        stores=("R/*-library", ".local/share/renv", ".cache/R", ".local/lib/R"),
        variables=("$R_LIBS", "$R_LIBS_USER", "$R_LIBS_SITE"),
        words=("R_LIBS", "site-library", "install.packages"),
    ),
    Toolchain(
        name="perl",
        runs=r"perl|prove|cpanm?|carton",
        settings=(".proverc",),
        installs=("perl5",),
        stores=(".cpan", ".cpanm"),
        variables=("$PERL5LIB", "$PERL_LOCAL_LIB_ROOT"),
        words=("/perl5", "PERL5LIB", "local::lib", "cpanm"),
    ),
    Toolchain(
        name="julia",
        runs=r"julia",
        settings=(".julia/config",),
        installs=(".julia",),
        variables=("$JULIA_DEPOT_PATH",),
        words=("/.julia", "JULIA_DEPOT_PATH", "Pkg.add"),
    ),
    Toolchain(
        name="lua",
        runs=r"lua[\d.]*|luajit|busted|luarocks",
        settings=(".luarocks/config*", ".busted"),
        installs=(".luarocks",),
        stores=(".cache/luarocks",),
        words=("/.luarocks", "luarocks install"),
    ),
    Toolchain(
        name="ocaml",
        runs=r"opam|dune|ocaml\w*",
        installs=(".opam",),
        stores=(".cache/dune",),
        variables=("$OPAMROOT",),
        words=("/.opam", "opam install", "OPAMROOT"),
    ),
    Toolchain(
        name="haskell",
        runs=r"cabal|stack|ghci?|runghc",
        installs=(".cabal", ".stack", ".local/state/cabal"),
        stores=(".cache/cabal",),
        variables=("$CABAL_DIR", "$STACK_ROOT"),
        words=("/.cabal", "/.stack", "cabal install"),
    ),
    Toolchain(
        name="elixir",
        runs=r"mix|elixir|iex|rebar3|erl",
        settings=(".iex.exs", ".erlang"),
        installs=(".mix",),
        stores=(".hex", ".cache/rebar3"),
        variables=("$MIX_HOME", "$HEX_HOME"),
        words=("/.mix", "/.hex", "mix archive"),
    ),
    Toolchain(
        name="javascript",
        runs=r"deno|bunx?|yarn|pnpm|npx|npm|node",
        settings=(".bunfig.toml", ".pnpmrc", ".config/pnpm"),
        stores=(
            *(".cache/deno", ".bun/install", ".cache/yarn", ".yarn/berry", ".local/share/pnpm"),
            ".cache/node",
        ),
        variables=("$DENO_DIR", "${BUN_INSTALL:+$BUN_INSTALL/install}", "$YARN_CACHE_FOLDER"),
        words=("/.bun/", "DENO_DIR", "cache/deno", "cache/yarn", "/.yarn"),
    ),
)
