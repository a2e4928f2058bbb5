//! The tables: made once, by any number of nodes, wholly or not at all, and as SQLite has them.

use std::collections::BTreeSet;

use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::*;

/// The names of the tables of ours in a database.
pub(crate) fn names(postgres: &Postgres, url: &str) -> Vec<String> {
    let listed = postgres.sql(
        url,
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '\\_%' \
         ORDER BY tablename",
    );
    listed.unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn any_number_of_nodes_may_start_at_once() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let url = url.clone();
        opening.spawn(async move { open(&url).await });
    }
    let opened: Vec<_> = opening.join_all().await.into_iter().map(Result::unwrap).collect();
    let (first, last) = (opened.first().unwrap(), opened.last().unwrap());
    let channel = Channel::make(first, 1).await.unwrap();
    // They have the same root secret: the key is the same one to all.
    channel.is_kept(last).await;
    let applied =
        postgres.sql(&url, "SELECT count(*) = count(DISTINCT version) FROM _sqlx_migrations");
    assert_eq!(applied.unwrap(), "t");
}

#[tokio::test]
async fn a_database_that_is_opened_again_keeps_what_is_in_it() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    let first = open(&url).await.unwrap();
    let (ours, theirs) =
        (Channel::make(&first, 1).await.unwrap(), Channel::make(&first, 2).await.unwrap());
    drop(first);
    let again = open(&url).await.unwrap();
    ours.is_kept(&again).await;
    theirs.is_kept(&again).await;
}

/// Something of somebody else's is where a table would be made.
#[tokio::test]
async fn a_change_of_the_tables_that_fails_changes_none_and_can_be_tried_again() {
    let postgres = Postgres::start().unwrap();
    let whole = postgres.url().unwrap();
    open(&whole).await.unwrap();
    let tables = names(&postgres, &whole);
    assert!(tables.len() > 5, "{tables:?}");
    // Made early and late.
    for table in tables.iter().step_by(tables.len() / 3) {
        let url = postgres.url().unwrap();
        postgres.sql(&url, &format!("CREATE TABLE {table} (kept TEXT)")).unwrap();
        postgres.sql(&url, &format!("INSERT INTO {table} VALUES ('by somebody')")).unwrap();
        let error = open(&url).await.unwrap_err().to_string();
        assert!(error.contains(&format!("relation \"{table}\" already exists")), "{error}");
        assert_eq!(names(&postgres, &url), [table.as_str()]);
        let kept = postgres.sql(&url, &format!("SELECT kept FROM {table}")).unwrap();
        assert_eq!(kept, "by somebody");

        postgres.sql(&url, &format!("DROP TABLE {table}")).unwrap();
        let database = open(&url).await.unwrap();
        Channel::make(&database, 1).await.unwrap().is_kept(&database).await;
        assert_eq!(names(&postgres, &url), tables);
    }
}

#[tokio::test]
async fn a_database_of_a_later_version_is_left_as_it_is() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    let channel = Channel::make(&open(&url).await.unwrap(), 1).await.unwrap();
    let later = "INSERT INTO _sqlx_migrations \
                 (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', true, '\\x00', 0)";
    postgres.sql(&url, later).unwrap();
    let error = open(&url).await.unwrap_err();
    assert!(!error.is_temporary(), "{error}");
    assert!(error.to_string().contains("a later version of this program"), "{error}");
    postgres.sql(&url, "DELETE FROM _sqlx_migrations WHERE version = 9999").unwrap();
    channel.is_kept(&open(&url).await.unwrap()).await;
}

/// A column: its table, name and type, whether it may be empty, and its part of the primary key.
type Column = (String, String, String, bool, bool);

const COLUMNS: &str = "\
SELECT c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES', EXISTS (
    SELECT 1 FROM information_schema.key_column_usage k
    JOIN information_schema.table_constraints t USING (constraint_name, table_name)
    WHERE t.constraint_type = 'PRIMARY KEY'
    AND k.table_name = c.table_name AND k.column_name = c.column_name)
FROM information_schema.columns c
WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_%'";

async fn of_sqlite() -> BTreeSet<Column> {
    let folder = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", folder.path().join("weir.db").display());
    open(&file).await.unwrap();
    let mut connection = SqliteConnection::connect(&file).await.unwrap();
    let columns = "SELECT t.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_schema t, \
                   pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE '\\_%' \
                   ESCAPE '\\' AND t.name NOT LIKE 'sqlite%'";
    let rows = sqlx::query(columns).fetch_all(&mut connection).await.unwrap();
    let column = |row: sqlx::sqlite::SqliteRow| {
        let kind = match row.get::<String, _>(2).as_str() {
            "INTEGER" => "bigint",
            "TEXT" => "text",
            "BLOB" => "bytea",
            other => panic!("a column of the type {other}"),
        };
        let is_key = row.get::<i64, _>(4) > 0;
        // SQLite's own number of a row is never empty, whether that is said or not.
        let is_nullable = row.get::<i64, _>(3) == 0 && !is_key;
        (row.get(0), row.get(1), kind.to_owned(), is_nullable, is_key)
    };
    rows.into_iter().map(column).collect()
}

#[tokio::test]
async fn both_databases_have_the_same_tables() {
    let postgres = Postgres::start().unwrap();
    let url = postgres.url().unwrap();
    open(&url).await.unwrap();
    let listed = postgres.sql(&url, COLUMNS).unwrap();
    let column = |line: &str| {
        let cells: Vec<_> = line.split('|').collect();
        let [table, name, kind, is_nullable, is_key] = cells.try_into().unwrap();
        (table.to_owned(), name.to_owned(), kind.to_owned(), is_nullable == "t", is_key == "t")
    };
    let of_server: BTreeSet<Column> = listed.lines().map(column).collect();
    let of_file = of_sqlite().await;
    let only = |one: &BTreeSet<Column>, other| one.difference(other).cloned().collect::<Vec<_>>();
    assert!(of_file.len() > 50, "{of_file:?}");
    assert_eq!((only(&of_file, &of_server), only(&of_server, &of_file)), (vec![], vec![]));
}
