"""The command line: `ordercraft COMMAND --help` says what each does. Exit codes: 0 done, 1 refused or a check failed, 2 wrong usage."""

import sys
from importlib import import_module
from pkgutil import iter_modules

import click

import api.commands
from api.settings import Settings
from engine.problems import Problem

#: By command its module, which has a trailing underscore where Python keeps the word for itself.
_MODULES = {module.name.rstrip("_"): module.name for module in iter_modules(api.commands.__path__)}


class Commands(click.Group):
    """A command is a module of `api.commands` that defines `command`; problems are printed with their next step, never as tracebacks."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Every command by name."""
        return sorted(_MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import only the command that is run: the others' libraries stay unloaded."""
        if cmd_name not in _MODULES:
            return None
        command: click.Command = import_module(f"api.commands.{_MODULES[cmd_name]}").command
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command, unless its settings are wrong: that is said at once, before the command's libraries load for seconds."""
        try:
            if "--help" not in ctx.args:
                _look_at_settings()
            return super().invoke(ctx)
        except Problem as problem:
            _tell(problem)
        except Exception as error:
            from api.surroundings import in_words  # its libraries load only when something went wrong

            told = in_words(error)
            if told is None:
                raise
            _tell(told)
        sys.exit(1)


def _look_at_settings() -> None:
    settings = Settings.from_environment()
    if settings.database_url:
        from api.surroundings import checked_url  # SQLAlchemy reads the URL

        checked_url(settings.database_url)


def _tell(problem: Problem) -> None:
    click.secho(f"{problem.detail}", fg="red", err=True)
    for field, messages in problem.errors.items():
        click.echo(f"  {field}: {'; '.join(messages)}", err=True)
    for finding in getattr(problem, "findings", ()):
        click.echo(f"  {finding}", err=True)
    if problem.next_step:
        click.echo(problem.next_step, err=True)


main = Commands(name="ordercraft", help="Order-to-cash on BPMN diagrams that run.")
