"""`bavn centre rollout` whole: the roll-out itself, its files and the terms that members sign."""

from bavn.app.cli.centre.rollout import files, rollout, terms

app = rollout.app
files.attach(app)
terms.attach(app)
