"""`python -m services.cli`."""

from services.cli.app import app

app(prog_name="ketenbus")
