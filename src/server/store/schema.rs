//! The tables as the migrations make them, for people who read about them.

use super::{SHARED, SQLITE};

/// A table.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its columns with their types, in order.
    pub columns: Vec<(&'static str, &'static str)>,
}

/// All tables, oldest first. What only an engine's own index of words needs is left out.
#[must_use]
pub fn tables() -> Vec<Table> {
    let mut migrations: Vec<_> = SHARED.iter().chain(SQLITE.iter()).collect();
    migrations.sort_by_key(|migration| migration.version);
    let mut tables = Vec::new();
    for migration in migrations {
        read(migration.sql.as_str(), &mut tables);
    }
    tables
}

/// Reads the spelling that our migrations have: a column a line.
fn read(sql: &'static str, tables: &mut Vec<Table>) {
    let mut inside = false;
    for line in sql.lines() {
        let mut words = line.split_whitespace();
        if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
            let name = rest.trim_end_matches(" (");
            let columns = Vec::new();
            tables.push(Table { name, columns });
            inside = true;
        } else if let Some(rest) = line.strip_prefix("ALTER TABLE ") {
            let mut words = rest.split_whitespace();
            let table = words.next();
            let table = tables.iter_mut().find(|known| Some(known.name) == table);
            if let (Some(table), Some(column), Some(kind)) = (table, words.nth(2), words.next()) {
                table.columns.push((column, kind.trim_end_matches(';')));
            }
        } else if line.starts_with(')') {
            inside = false;
        } else if let (true, Some(table), Some(column), Some(kind)) =
            (inside, tables.last_mut(), words.next(), words.next())
            && column.starts_with(|c: char| c.is_ascii_lowercase())
        {
            table.columns.push((column, kind.trim_end_matches(',')));
        }
    }
}
