//! Look-ups that happen for every publisher find their rows by indexes, however many there are.

use sqlx::{AssertSqlSafe, Row};

use super::*;
use crate::sql::stream_keys::PUBLISH_KEY;

/// 1,000 streams of as many users with a device each, and 10,000 keys. Ten times as many have the
/// same plans.
const MANY: [&str; 5] = [
    "INSERT INTO organisations VALUES ('org_0123456789abcdefghjkmnpqrs', 'A', 1, 1)",
    "WITH RECURSIVE n (n) AS (SELECT 10000 UNION ALL SELECT n + 1 FROM n WHERE n < 10999) \
     INSERT INTO users SELECT 'usr_000000000000000000000' || n, organisations.id, \
     n || '@example.org', 'A', 'streamer', 'active', NULL, NULL, '{\"status\":\"unverified\"}', \
     0, NULL, NULL, NULL, 1, 1 FROM n, organisations",
    "INSERT INTO devices SELECT replace(id, 'usr', 'dev'), organisation, id, 'encoder', 'A', '', \
     NULL, NULL, 1, NULL, 1 FROM users",
    "INSERT INTO streams SELECT 'live/' || id, organisation, id, '', NULL, '{}', '{}', NULL, NULL, 1, \
     1 FROM users",
    "WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 9) \
     INSERT INTO stream_keys SELECT replace(id, 'usr_0', 'key_' || n), 'live/' || id, \
     organisation, lower(hex(randomblob(32))), '', NULL, replace(id, 'usr', 'dev'), '[]', 1, \
     NULL, NULL, NULL FROM users, n",
];

/// What SQLite does for a statement, a line for each table.
async fn plan(database: &SqlDatabase, text: &str) -> Vec<String> {
    let Engine::Sqlite(pool) = &database.engine else { panic!("a file is no server") };
    let explain = format!("EXPLAIN QUERY PLAN {text}");
    let rows = sqlx::query(AssertSqlSafe(explain)).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

#[tokio::test]
async fn a_publisher_is_found_by_indexes_among_thousands() {
    let fixture = Fixture::new();
    let database = fixture.open().await;
    for text in MANY {
        run(&database, text).await;
    }
    run(&database, "ANALYZE").await;
    let hash = database.root.hash("weir_key");
    let Engine::Sqlite(pool) = &database.engine else { panic!("a file is no server") };
    let update = "UPDATE stream_keys SET hash = $1 WHERE id LIKE 'key_7%10500'";
    let updated = sqlx::query(update).bind(hash).execute(pool).await.unwrap();
    assert_eq!(updated.rows_affected(), 1);
    let found = database.publish_key("weir_key").await.unwrap().unwrap();
    assert_eq!(found.stream.owner, found.user.map(|user| user.id));
    assert_eq!(found.key.device, found.device.map(|device| device.id));
    for text in [
        PUBLISH_KEY,
        "SELECT id FROM stream_keys WHERE stream = $1",
        "SELECT name FROM streams WHERE name = $1",
        "DELETE FROM streams WHERE name = $1",
        "SELECT id FROM users WHERE email = $1",
        "UPDATE stream_keys SET label = '' WHERE organisation = $1 AND device_id = $2",
        "UPDATE streams SET owner = NULL WHERE organisation = $1 AND owner = $2",
        "SELECT count(*) FROM devices WHERE organisation = $1 AND user_id = $2",
        "SELECT id FROM sessions WHERE user_id = $1",
        "SELECT id FROM tickets WHERE hash = $1",
        "SELECT id FROM api_keys WHERE hash = $1",
    ] {
        let plan = plan(&database, text).await;
        assert!(!plan.is_empty());
        for line in plan {
            let by_index = line.starts_with("SEARCH") && line.contains(" INDEX ");
            assert!(by_index, "{text}: {line}");
        }
    }
}
