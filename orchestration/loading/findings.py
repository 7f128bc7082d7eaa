"""What is odd about the input, but does not stop the load: ``raw.input_findings``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import duckdb

from orchestration.loading.expectations import Expectations
from orchestration.loading.files import RawFile
from orchestration.loading.finding import PLACE, Finding
from orchestration.loading.lines import find_places, unit_of
from orchestration.loading.odd_amount_texts import find_amounts_like_thousands
from orchestration.loading.odd_amounts import find_odd_amounts
from orchestration.loading.odd_columns import find_telling_columns
from orchestration.loading.odd_dates import find_odd_dates
from orchestration.loading.odd_files import find_second_files
from orchestration.loading.odd_keys import find_dominant_keys, find_half_matching_keys
from orchestration.loading.odd_orders import find_orders_without_rows
from orchestration.loading.odd_people import find_odd_people
from orchestration.loading.odd_places import find_odd_places
from orchestration.loading.odd_tables import find_empty_tables
from orchestration.loading.odd_texts import find_odd_texts
from orchestration.loading.odd_timestamps import find_odd_timestamps
from orchestration.loading.odd_values import find_broken_rows, find_unlisted_values
from orchestration.loading.row_tests import lines_of_rejects


def create_findings_table(connection: duckdb.DuckDBPyConnection) -> None:
    """Make ``raw.input_findings`` where it is not there yet; dbt does so, too."""
    connection.execute(
        """
        create table if not exists raw.input_findings (
            finding_code varchar, table_name varchar, file_name varchar, column_name varchar,
            line_number bigint, found_value varchar, affected_count bigint, message varchar,
            remedy varchar, found_at timestamp
        )
        """
    )


def record_findings(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[RawFile],
    expectations: Expectations | None,
) -> None:
    """Look at what was loaded, and write what is odd about it in place of the last load's.

    Args:
        connection: the warehouse, with all files in its ``raw`` schema, within a transaction.
        files: all files of the source, changed or not.
        expectations: what the settings say; none to hold nothing against them.

    Raises:
        InputError: amounts in several currencies, amounts with a point between thousands, or no
            order before the as-of date.
    """
    findings: list[Finding] = []
    if expectations is not None:
        findings += find_odd_dates(connection, files, expectations)
        findings += find_odd_timestamps(connection, files, expectations)
        findings += find_odd_places(connection, files, expectations)
    findings += find_second_files(files)
    findings += find_empty_tables(connection, files)
    findings += find_orders_without_rows(connection, files)
    findings += find_telling_columns(files, expectations)
    findings += find_odd_amounts(connection, files)
    findings += find_amounts_like_thousands(connection, files)
    findings += find_odd_texts(connection, files)
    findings += find_dominant_keys(connection, files)
    findings += find_odd_people(connection, files)
    findings += find_half_matching_keys(connection, files)
    findings += find_unlisted_values(connection, files, expectations)
    findings += find_broken_rows(connection, files)
    _write(connection, _with_lines(connection, files, findings))


def _with_lines(
    connection: duckdb.DuckDBPyConnection, files: Sequence[RawFile], findings: Sequence[Finding]
) -> list[Finding]:
    """The findings with their lines; each file is gone through once, if it must be."""
    lines: dict[tuple[str, int], int] = {}
    for file in files:
        positions = {
            finding.position
            for finding in findings
            if finding.file is file and finding.position is not None
        }
        if positions:
            places = find_places(file, positions, lines_of_rejects(connection, file))
            for position, place in places.items():
                lines[file.table.name, position] = place.line_number
    return [_with_line(finding, lines) for finding in findings]


def _with_line(finding: Finding, lines: dict[tuple[str, int], int]) -> Finding:
    file = finding.file
    if file is None or finding.position is None:
        return finding
    line = lines.get((file.table.name, finding.position))
    place = f"{file.path.name}, "
    if line is not None:
        place += f"{unit_of(file)} {line}, "
    place += f"column {finding.column_name}"
    return replace(finding, line_number=line, message=finding.message.replace(PLACE, place, 1))


def _write(connection: duckdb.DuckDBPyConnection, findings: Sequence[Finding]) -> None:
    create_findings_table(connection)
    connection.execute("delete from raw.input_findings")
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        [
            finding.code,
            finding.file.table.name if finding.file else None,
            finding.file.path.name if finding.file else None,
            finding.column_name,
            finding.line_number,
            finding.found_value,
            finding.affected_count,
            finding.message,
            finding.remedy,
            now,
        ]
        for finding in findings
    ]
    if rows:
        connection.executemany(
            "insert into raw.input_findings values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
        )
