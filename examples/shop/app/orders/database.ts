import { DatabaseSync } from 'node:sqlite';
import type { Order } from './order.ts';

export interface OrderDatabase {
  /** Durable when it returns. An order whose key is there already is not stored again: the earlier one is returned. */
  save(order: Order, owner: { customer: string; key: string }): Order;
  byKey(customer: string, key: string): Order | undefined;
  byId(customer: string, id: string): Order | undefined;
  /** The newest first, at most 100. */
  byCustomer(customer: string): Order[];
  /** Throws when the file cannot be written any more. */
  check(): void;
  close(): void;
}

/** Opens or makes the orders' SQLite file; ':memory:' for one that is not kept. */
export function openDatabase(path: string): OrderDatabase {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA busy_timeout = 2000;
    CREATE TABLE IF NOT EXISTS orders (
      id TEXT PRIMARY KEY, customer TEXT NOT NULL, key TEXT NOT NULL, created_at TEXT NOT NULL, document TEXT NOT NULL,
      UNIQUE (customer, key)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS orders_by_customer ON orders (customer, created_at DESC);
    CREATE TABLE IF NOT EXISTS heartbeat (id INTEGER PRIMARY KEY CHECK (id = 1), beats INTEGER NOT NULL) STRICT;
  `);
  const insert = database.prepare(
    'INSERT INTO orders (id, customer, key, created_at, document) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const oneByKey = database.prepare('SELECT document FROM orders WHERE customer = ? AND key = ?');
  const oneById = database.prepare('SELECT document FROM orders WHERE customer = ? AND id = ?');
  const ofCustomer = database.prepare(
    'SELECT document FROM orders WHERE customer = ? ORDER BY created_at DESC, rowid DESC LIMIT 100',
  );
  const beat = database.prepare('INSERT INTO heartbeat VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET beats = beats + 1');
  const orderOf = (row: Record<string, unknown> | undefined): Order | undefined =>
    row === undefined ? undefined : (JSON.parse(String(row.document)) as Order);

  return {
    save(order, { customer, key }) {
      insert.run(order.id, customer, key, order.createdAt, JSON.stringify(order));
      const stored = orderOf(oneByKey.get(customer, key));
      if (stored === undefined) throw new Error(`order ${order.id} was not stored`);
      return stored;
    },
    byKey: (customer, key) => orderOf(oneByKey.get(customer, key)),
    byId: (customer, id) => orderOf(oneById.get(customer, id)),
    byCustomer: (customer) => ofCustomer.all(customer).flatMap((row) => orderOf(row) ?? []),
    check: () => void beat.run(),
    close: () => database.close(),
  };
}
