"""`troly backup` and `troly restore`."""

from __future__ import annotations

from pathlib import Path

import click

from troly.settings import settings


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--without-models", is_flag=True, help="Models can be trained again.")
@click.option("--with-keys", is_flag=True, help="Also DATA_DIR/encryption_keys and secret_key.")
def backup(file: Path, without_models: bool, with_keys: bool) -> None:
    """Write all data into FILE (.tar.gz) while everything runs.

    In it: the database, the files that citizens sent, the model that answers and the one before. Not in it:
    .env and, unless asked for, the keys. Whoever has FILE can read conversations.
    """
    from troly.backups.making import make

    made = make(
        settings(), file, with_models=not without_models, with_keys=with_keys, report=lambda line: _say(line)
    )
    media = sum(name.startswith("media/") for name in made.files)
    models = sum(name.startswith("models/") and name.endswith(".tar.gz") for name in made.files)
    click.echo(
        f"{file}: {file.stat().st_size / 1e6:.1f} MB, {sum(made.counts.values())} rows in "
        f"{len(made.counts)} tables, {media} files, {models} models; read again and found whole."
    )
    if made.keys and not with_keys:
        click.echo(f"Keep ENCRYPTION_KEYS apart from it (marks: {', '.join(made.keys)}).")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the data that are here.")
@click.option("--check", is_flag=True, help="Only check FILE and say what it needs.")
def restore(file: Path, force: bool, check: bool) -> None:
    """Bring the data of FILE here, where nothing is yet; stop troly before.

    FILE is checked first, older tables are brought up to date, and the keys must open what is encrypted.
    When something is wrong, nothing is changed.
    """
    from troly.backups import archive
    from troly.backups.restoring import needed_keys
    from troly.backups.restoring import restore as run

    config = settings()
    if check:
        manifest = archive.unpack(file, None)
        click.echo(
            f"{file} is whole: made {manifest.made_at} by troly {manifest.program} on {manifest.database} "
            f"{manifest.server}, tables at {manifest.revision}, {sum(manifest.counts.values())} rows."
        )
        lacking = needed_keys(config, manifest)
        click.echo(f"ENCRYPTION_KEYS lacks: {', '.join(lacking)}" if lacking else "All its keys are here.")
        click.echo(f"Settings that had a value: {', '.join(manifest.settings) or 'none'}")
        return
    done = run(config, file, force=force, report=lambda line: _say(line))
    click.echo(
        f"Restored the state of {done.manifest.made_at}: {done.conversations} conversations, "
        f"{done.waiting} messages wait and are answered at the next start; "
        f"the keys opened {done.opened} encrypted values."
    )
    if done.manifest.media_missing:
        click.echo(f"{done.manifest.media_missing} files were gone already when the backup was made.")
    click.echo("Who had data erased after that moment is back: erase them again (docs/operating.md).")
    lost = [name for name in done.manifest.settings if name not in _set(config)]
    if lost:
        click.echo(f"Set there and not here: {', '.join(lost)}")


def _set(config: object) -> set[str]:
    return {name.upper() for name in getattr(config, "model_fields_set", ())}


def _say(line: str) -> None:
    click.echo(line, err=True)
