"""The engine that fills in pages: every text is escaped, and none of it acts unseen."""

from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from vau_agent.reports.text import visible


def page_environment(package: str) -> Environment:
    """Open the templates of a package, which lie in its folder `templates`.

    A name that a template forgot to be given is an error.
    """

    def load(name: str) -> str:
        return read_template(package, name)

    return Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )


def read_template(package: str, name: str) -> str:
    """Read a template or a style sheet as it stands."""
    return files(package).joinpath("templates", name).read_text(encoding="utf-8")


def _printable(value: object) -> object:
    """Make what acts unseen visible in every text the template prints."""
    return visible(value) if type(value) is str else value
