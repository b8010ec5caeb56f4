"""The mail templates: two jinja environments over the same files.

The words of a mail stand in one file, `mail/LANGUAGE/NAME.j2`, which fills the
blocks of `layout`: the text layout in one environment, the HTML layout (with
autoescape) in the other. An admin who overrides one file changes both halves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
    nodes,
)

from mailgate.mail_filters import filters

_ABSENT = "templates: {} is missing; write it, or name another template"


def environments(
    locale: Locale, timezone: ZoneInfo, overrides: Path | None, words: Mapping[str, object]
) -> tuple[Environment, Environment]:
    """The environments for the text and for the HTML half.

    Looks for a template in `overrides` first, then among the shipped ones, which
    an override reaches under `shipped/…` to change a block or two. `words` are
    what every template knows.
    """
    # The shipped folder may be a namespace package: only a folder inside it has one path.
    shipped = Path(str(files("templates").joinpath("mail"))).parent
    places = [*([overrides] if overrides else []), shipped]
    loader = ChoiceLoader(
        [FileSystemLoader(places), PrefixLoader({"shipped": FileSystemLoader(shipped)})]
    )
    pair = []
    for kind in ("txt", "html"):
        environment = _Environment(
            loader=loader,
            autoescape=kind == "html",  # plain text would show the escapes
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.globals.update(words, layout=f"mail/layout.{kind}.j2")
        environment.filters.update(filters(locale, timezone))
        pair.append(environment)
    return pair[0], pair[1]


class _Environment(Environment):
    """Jinja looks globals up in a chain of dicts, which each mail would copy name by name."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **(d or {})}


def problems(environment: Environment, names: Iterable[str], known: Iterable[str]) -> list[str]:
    """What is wrong with these templates and those they build on, one sentence each.

    A file is missing, breaks jinja's syntax, or uses a name that is neither in
    `known` nor set by a template.
    """
    queue, sources, found = list(names), dict[str, nodes.Template](), []
    for name in queue:
        if name in sources or environment.loader is None:
            continue
        try:
            source = environment.loader.get_source(environment, name)[0]
            environment.get_template(name)
        except TemplateNotFound:
            found.append(_ABSENT.format(name))
            continue
        except TemplateSyntaxError as error:
            found.append(f"templates: {name}, line {error.lineno}: {error.message}")
            continue
        except UnicodeDecodeError:
            found.append(f"templates: {name} is not UTF-8 text; save the file as UTF-8")
            continue
        except OSError as error:
            found.append(f"templates: {name} cannot be read: {error.strerror}")
            continue
        sources[name] = environment.parse(source)
        queue += [one for one in meta.find_referenced_templates(sources[name]) if one]
    given = set(known).union(*(_assigned(tree) for tree in sources.values()))
    for name, tree in sources.items():
        for unknown in sorted(meta.find_undeclared_variables(tree) - given):
            found.append(
                f"templates: {name} uses {unknown!r}, which no mail has; see docs/templates.md"
            )
    return found


def absent(environment: Environment, names: Iterable[str]) -> list[str]:
    """Which of these templates have no file, one sentence each; reads them no further."""
    assert environment.loader
    found = []
    for name in names:
        try:
            environment.loader.get_source(environment, name)
        except TemplateNotFound:
            found.append(_ABSENT.format(name))
    return found


def _assigned(tree: nodes.Template) -> set[str]:
    stored = {one.name for one in tree.find_all(nodes.Name) if one.ctx == "store"}
    return stored | {macro.name for macro in tree.find_all(nodes.Macro)}
