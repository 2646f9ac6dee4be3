// Reads databases so that at every moment somebody is within a read transaction: two readers, each
// beginning before the other one ends. A process of its own, as a backup or a shell would be.
//   node permanent-reader.ts HOLD_MS PATH …
import Database from 'better-sqlite3';

const [holdMs, ...paths] = process.argv.slice(2);
const turnMs = Number(holdMs);

for (const path of paths) {
  for (const offsetMs of [0, turnMs / 2]) {
    const reader = new Database(path, { readonly: true, timeout: 5_000 });
    const look = reader.prepare('SELECT count(*) FROM sqlite_schema');
    setTimeout(() => {
      setInterval(() => {
        if (reader.inTransaction) reader.exec('COMMIT');
        reader.exec('BEGIN');
        look.get();
      }, turnMs);
    }, offsetMs);
  }
}
