"""What AWS requires of a database, by engine. The provider does not check it before the apply.

Sources:
  engines, names, users, passwords   https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
                                     https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
                                     https://docs.aws.amazon.com/documentdb/latest/developerguide/API_CreateDBCluster.html
  versions                           https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_PostgreSQL.html and its
                                     neighbours for MySQL, MariaDB, Oracle, SQL Server;
                                     https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.VersionPolicy.html
  runtimes                           https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html

A version is judged by its form alone. The list of versions changes each month, but 15.4 never becomes a version of
MySQL. Versions and runtimes that are old but still accepted are not reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_POSTGRES: Final = r"(9|[1-3]\d)(\.\d+){0,2}(-\w+)?"
_MYSQL: Final = r"[589](\.\d+){0,2}"

INSTANCE_ENGINES: Final[Mapping[str, str]] = {
    "mysql": _MYSQL,
    "mariadb": r"(5|1\d)(\.\d+){0,2}",
    "postgres": _POSTGRES,
    "aurora-postgresql": _POSTGRES,
    "aurora-mysql": r"[589]\.[\d.]+(mysql_aurora\.[\d.]+)?",
    "oracle-ee": r"(1[1-9]|2\d)(\..+)?",
    "oracle-ee-cdb": r"(1[1-9]|2\d)(\..+)?",
    "oracle-se2": r"(1[1-9]|2\d)(\..+)?",
    "oracle-se2-cdb": r"(1[1-9]|2\d)(\..+)?",
    "sqlserver-dev-ee": r"1\d\..+",
    "sqlserver-ee": r"1\d\..+",
    "sqlserver-ex": r"1\d\..+",
    "sqlserver-se": r"1\d\..+",
    "sqlserver-web": r"1\d\..+",
    "db2-ae": r"1\d\..+",
    "db2-se": r"1\d\..+",
    # Former engines, and engines of other services that use the same type of instance.
    "aurora": r".+",
    "docdb": r"[3-9](\.\d+){0,2}",
    "neptune": r"1(\.\d+){0,3}",
    "oracle-se": r".+",
    "oracle-se1": r".+",
}
"""The engines of a database instance, each with a pattern of its versions; without custom engines (`custom-…`)."""

BLOCKED_RUNTIMES: Final = frozenset(
    "nodejs nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x python2.7 python3.6 "
    "dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 ruby2.5".split()
)
"""Runtimes with which AWS creates no new functions."""

_RESERVED_USERS: Final[Mapping[str, frozenset[str]]] = {
    "postgres": frozenset({"admin", "rdsadmin"}),
    "aurora-postgresql": frozenset({"admin", "rdsadmin"}),
}
_RESERVED_ALWAYS: Final = frozenset({"rdsadmin"})
_LONGEST_PASSWORD: Final = {"mysql": 41, "aurora-mysql": 41, "mariadb": 41, "docdb": 100}

FORBIDDEN_IN_PASSWORDS: Final = '/"@ '
DEFAULT_SPECIAL_CHARACTERS: Final = "!@#$%&*()-_=+[]{}<>:?"
"""The special characters of a `random_password` without `override_special`
(https://registry.terraform.io/providers/hashicorp/random/latest/docs/resources/password)."""


class DatabaseArguments(NamedTuple):
    """The arguments of a resource type that describe a database. An empty name means that it has no such argument."""

    database: str = ""
    user: str = ""
    password: str = ""
    engine: str = "engine"
    default_engine: str = ""


TYPES: Final[Mapping[str, DatabaseArguments]] = {
    "aws_db_instance": DatabaseArguments("db_name", "username", "password"),
    "aws_rds_cluster": DatabaseArguments("database_name", "master_username", "master_password"),
    "aws_rds_cluster_instance": DatabaseArguments(),
    "aws_docdb_cluster": DatabaseArguments("", "master_username", "master_password", default_engine="docdb"),
}


def engine_misfit(engine: str) -> str | None:
    """Why AWS creates no instance of an engine; None if it does or may."""
    if engine in INSTANCE_ENGINES or engine.startswith("custom-"):
        return None
    near = [known for known in INSTANCE_ENGINES if known.startswith(engine) or engine.startswith(known)]
    return f'there is no engine "{engine}"' + (f"; there is {', '.join(near)}" if near else "")


def version_misfit(engine: str, version: str) -> str | None:
    """Why an engine cannot have this version; None if it can."""
    form = INSTANCE_ENGINES.get(engine)
    if form is None or re.fullmatch(form, version):
        return None
    return f"{version} is not a version of {engine}"


def database_misfit(engine: str, name: str) -> str | None:
    """Why a database cannot have this name; None if it can, or if the engine's rules are not known."""
    if engine not in ("mysql", "mariadb", "postgres", "aurora-mysql", "aurora-postgresql"):
        return None
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        return None
    return "a database's name has letters, digits and underscores only, and begins with a letter"


def user_misfit(engine: str, name: str) -> str | None:
    """Why the master user cannot have this name; None if it can."""
    if name.lower() in _RESERVED_USERS.get(engine, _RESERVED_ALWAYS):
        return f'"{name}" is a reserved word of {engine or "the engine"}'
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
        return "a user's name has letters, digits and underscores only, and begins with a letter"
    return None


def password_misfit(engine: str, password: str) -> str | None:
    """Why AWS refuses the master user's password; None if it accepts it. The reason never quotes the password."""
    if any(char in FORBIDDEN_IN_PASSWORDS or not " " <= char <= "~" for char in password):
        return 'a password has no "/", no "@", no quotation mark and no space in it, and printable ASCII only'
    if len(password) < 8:
        return "a password has 8 characters at least"
    most = _LONGEST_PASSWORD.get(engine, 128)
    return f"a password has {most} characters at most" if len(password) > most else None
