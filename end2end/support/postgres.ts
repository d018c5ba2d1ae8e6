// A database of its own in the cluster that scripts/with-postgres starts.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';

/** Why there is no PostgreSQL to test on; `undefined` where there is one, or where there has to be. */
export function withoutPostgres(): string | undefined {
  if (process.env.SESAME_TEST_DATABASE_URL) return undefined;
  if ((process.env.SESAME_TEST_REQUIRE ?? '').split(',').includes('postgres')) return undefined;
  return 'no PostgreSQL: run under scripts/with-postgres';
}

export async function createDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const cluster = process.env.SESAME_TEST_DATABASE_URL;
  if (!cluster) throw new Error('PostgreSQL is required here: run under scripts/with-postgres');
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  await psql(cluster, `CREATE DATABASE ${name}`);
  const url = new URL(cluster);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => psql(cluster, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function psql(url: string, statement: string): Promise<void> {
  await promisify(execFile)(program(), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', statement]);
}

/** psql beside the newest PostgreSQL; Debian keeps it off PATH where only the server is installed. */
function program(): string {
  // A folder of servers need not hold the client.
  const beside = `${process.env.PG_BIN}/psql`;
  if (process.env.PG_BIN && existsSync(beside)) return beside;
  const root = '/usr/lib/postgresql';
  let versions: string[] = [];
  try {
    versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  } catch {
    // Elsewhere than on Debian it stands on PATH.
  }
  return versions.length > 0 ? `${root}/${versions[0]}/bin/psql` : 'psql';
}
