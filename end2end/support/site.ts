// A running Sésame, as tests see it: an address, a clock, and the servers behind.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Clock } from './clock';
import { createDatabase } from './postgres';
import { Proxy } from './proxy';
import { type Server, type Settings, sesame, startServer } from './server';

export interface Site {
  /** The address people type. */
  url: string;
  clock: Clock;
  servers: Server[];
  /** The folder of everything it keeps. */
  folder: string;
  /** What stands before the servers, where something does. */
  proxy?: Proxy;
  close(): Promise<void>;
}

/** Runs `start` with a folder of its own, which does not outlive a start that fails. */
async function withFolder(start: (folder: string) => Promise<Site>): Promise<Site> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sesame-e2e-'));
  try {
    return await start(folder);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

/** One server on the embedded database. */
export function onSqlite(settings: Settings = {}): Promise<Site> {
  return withFolder((folder) => startOnSqlite(folder, settings));
}

async function startOnSqlite(folder: string, settings: Settings): Promise<Site> {
  const clock = new Clock(folder);
  const server = await startServer(clock, { SESAME_DATA_DIR: path.join(folder, 'data'), ...settings });
  return {
    url: server.url,
    clock,
    servers: [server],
    folder,
    close: async () => {
      await server.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** One server on the embedded database, behind a proxy that remembers what passed. */
export async function onSqliteBehindProxy(settings: Settings = {}): Promise<Site> {
  const proxy = new Proxy();
  await proxy.listen();
  const site = await onSqlite({ SESAME_PUBLIC_URL: proxy.url, ...settings });
  proxy.servers.push(site.url);
  return {
    ...site,
    url: proxy.url,
    proxy,
    close: async () => {
      await proxy.close();
      await site.close();
    },
  };
}

/** Two servers on one PostgreSQL database, taking turns behind a proxy. */
export function onPostgres(settings: Settings = {}): Promise<Site> {
  return withFolder((folder) => startOnPostgres(folder, settings));
}

async function startOnPostgres(folder: string, settings: Settings): Promise<Site> {
  const clock = new Clock(folder);
  const database = await createDatabase();
  const shared = {
    DATABASE_URL: database.url,
    SESAME_KEYS_FILE: path.join(folder, 'keys'),
    SESAME_DATABASE_MAX_CONNECTIONS: '5',
  };
  await sesame(['migrate'], shared);
  await sesame(['keys', 'generate'], shared);
  const proxy = new Proxy();
  await proxy.listen();
  const every = { ...shared, SESAME_PUBLIC_URL: proxy.url, ...settings };
  const servers = [await startServer(clock, every), await startServer(clock, every)];
  proxy.servers.push(...servers.map((server) => server.url));
  return {
    url: proxy.url,
    clock,
    servers,
    folder,
    proxy,
    close: async () => {
      await proxy.close();
      for (const server of servers) await server.stop();
      await database.drop();
      rmSync(folder, { recursive: true });
    },
  };
}
