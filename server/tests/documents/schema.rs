//! The database schema, as a picture and as a list of columns: from a database that the migrations
//! made, and from the comments in them.

use std::{collections::BTreeMap, fs};

use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use crate::{HANDOVER, block, markdown, privacy, workspace};

/// A column of a table.
pub(crate) struct Column {
    pub(crate) name: String,
    kind: String,
    marks: Vec<&'static str>,
    may_be_null: bool,
}

/// A reference from a column to a table.
struct Reference {
    column: String,
    to: String,
}

pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    references: Vec<Reference>,
}

#[tokio::test]
async fn the_picture_shows_the_schema() {
    let tables = tables(&mut migrated().await).await;
    let mut lines = vec!["erDiagram".to_owned()];
    for table in &tables {
        lines.push(format!("    {} {{", table.name));
        lines.extend(table.columns.iter().map(|column| format!("        {}", attribute(column))));
        lines.push("    }".to_owned());
    }
    for table in &tables {
        let references = table.references.iter();
        lines.extend(references.map(|r| format!("    {} ||--o{{ {} : {}", r.to, table.name, r.column)));
    }
    block::hold(HANDOVER, "schema", &markdown::mermaid(&lines));
}

fn attribute(column: &Column) -> String {
    let mut words = vec![column.kind.clone(), column.name.clone()];
    if !column.marks.is_empty() {
        words.push(column.marks.join(", "));
    }
    if column.may_be_null {
        words.push("\"may be null\"".to_owned());
    }
    words.join(" ")
}

#[tokio::test]
async fn the_guide_tells_what_every_column_holds() {
    let tables = tables(&mut migrated().await).await;
    let comments = comments(&tables);
    let rows = tables.iter().flat_map(|table| {
        table.columns.iter().map(|column| {
            let key = (table.name.clone(), column.name.clone());
            let comment = comments.get(&key).unwrap_or_else(|| panic!("no comment on {key:?}"));
            let class = privacy::class(&table.name, &column.name).word();
            [format!("`{}`", table.name), format!("`{}`", column.name), comment.clone(), class.to_owned()]
        })
    });
    block::hold(HANDOVER, "columns", &markdown::table(["table", "column", "meaning", "about"], rows));
}

/// The texts of the migrations of SQLite, in their order.
fn migrations() -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(workspace().join("migrations/sqlite"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// An empty database of the newest schema.
pub(crate) async fn migrated() -> SqliteConnection {
    let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    for migration in migrations() {
        sqlx::raw_sql(AssertSqlSafe(migration)).execute(&mut database).await.unwrap();
    }
    database
}

/// The tables in the order in which they were made.
pub(crate) async fn tables(database: &mut SqliteConnection) -> Vec<Table> {
    let names: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
    )
    .fetch_all(&mut *database)
    .await
    .unwrap();
    let mut tables = Vec::new();
    for name in names {
        let references = references(database, &name).await;
        let columns = columns(database, &name, &references).await;
        tables.push(Table { name, columns, references });
    }
    tables
}

async fn references(database: &mut SqliteConnection, table: &str) -> Vec<Reference> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT \"from\", \"table\" FROM pragma_foreign_key_list(?1) ORDER BY id")
            .bind(table)
            .fetch_all(database)
            .await
            .unwrap();
    rows.into_iter().map(|(column, to)| Reference { column, to }).collect()
}

async fn columns(database: &mut SqliteConnection, table: &str, references: &[Reference]) -> Vec<Column> {
    let unique = unique(database, table).await;
    let rows: Vec<(String, String, bool, bool)> =
        sqlx::query_as("SELECT name, type, \"notnull\", pk > 0 FROM pragma_table_info(?1) ORDER BY cid")
            .bind(table)
            .fetch_all(database)
            .await
            .unwrap();
    rows.into_iter()
        .map(|(name, kind, not_null, primary)| {
            let refers = references.iter().any(|reference| reference.column == name);
            let marks = [("PK", primary), ("FK", refers), ("UK", unique.contains(&name))];
            let marks = marks.into_iter().filter(|(_, holds)| *holds).map(|(mark, _)| mark).collect();
            Column { name, kind, marks, may_be_null: !not_null && !primary }
        })
        .collect()
}

/// The columns that are unique by themselves.
async fn unique(database: &mut SqliteConnection, table: &str) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT min(i.name) FROM pragma_index_list(?1) l JOIN pragma_index_info(l.name) i
         WHERE l.\"unique\" AND l.origin <> 'pk' GROUP BY l.name HAVING count(*) = 1",
    )
    .bind(table)
    .fetch_all(database)
    .await
    .unwrap()
}

/// What the migrations say of each column, in the comment right before it.
fn comments(tables: &[Table]) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for migration in migrations() {
        let mut table = String::new();
        let mut comment: Vec<&str> = Vec::new();
        for line in migration.lines().map(str::trim) {
            if let Some(text) = line.strip_prefix("--") {
                comment.push(text.trim());
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let column = match *words.as_slice() {
                ["CREATE", "TABLE", name, ..] => {
                    name.clone_into(&mut table);
                    None
                }
                ["ALTER", "TABLE", name, "ADD", "COLUMN", column, ..] => {
                    name.clone_into(&mut table);
                    Some(column)
                }
                [first, ..] => Some(first),
                [] => None,
            };
            let is_column = |name: &str| {
                tables.iter().any(|t| t.name == table && t.columns.iter().any(|column| column.name == name))
            };
            if let Some(column) = column.filter(|column| is_column(column) && !comment.is_empty()) {
                found.insert((table.clone(), column.to_owned()), comment.join(" "));
            }
            comment.clear();
        }
    }
    found
}
