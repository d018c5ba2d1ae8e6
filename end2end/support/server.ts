// The real binary, as an operator would start it: clean environment, folder of its own, a free
// port of 127.0.0.1. It can be stopped and started again on the same port and data.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

import type { Clock } from './clock';

const BINARY = path.resolve(__dirname, '..', process.env.SESAME_BIN ?? '../target/release/sesame');
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;

/** Settings by their environment variable. */
export type Settings = Record<string, string>;

/** What any `sesame` process of ours gets: nothing of the environment of the tests but PATH. */
function environment(settings: Settings): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', ...settings };
}

/** Runs a `sesame` command to its end and gives what it printed. */
export async function sesame(args: string[], settings: Settings): Promise<string> {
  binaryIsThere();
  const { stdout } = await promisify(execFile)(BINARY, args, { env: environment(settings) });
  return stdout;
}

export class Server {
  /** Everything the server wrote to standard error, over all its starts. */
  log = '';
  private child: ChildProcess | undefined;

  constructor(
    readonly port: number,
    readonly clock: Clock,
    private readonly settings: Settings,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it and waits until it is ready. */
  async start(): Promise<void> {
    if (this.child) throw new Error('this server runs already');
    binaryIsThere();
    const child = spawn(BINARY, ['serve', '--listen', `127.0.0.1:${this.port}`], {
      env: environment({ SESAME_LOG_FORMAT: 'json', ...this.settings, ...this.clock.environment() }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    child.stderr.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    try {
      // It says so itself once it listens.
      await within(START_LIMIT_MS, 'start', new Promise<void>((resolve, reject) => {
        let printed = '';
        child.stdout.on('data', (chunk: Buffer) => {
          printed += chunk.toString();
          if (printed.includes('http://')) resolve();
        });
        child.once('error', reject);
        child.once('exit', (code) => reject(new Error(`it ended with exit code ${code}`)));
      }));
      const ready = await fetch(`${this.url}/_/ready`);
      if (!ready.ok) throw new Error(`/_/ready answered ${ready.status}`);
    } catch (error) {
      child.kill('SIGKILL');
      this.child = undefined;
      throw new Error(`the server did not start: ${error instanceof Error ? error.message : error}\n${this.log}`);
    }
  }

  /** Asks it to stop, as an operator would, and waits until it has. */
  async stop(): Promise<void> {
    const child = this.child;
    if (!child) return;
    this.child = undefined;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (child.exitCode === null) child.kill('SIGTERM');
    const code = child.exitCode ?? (await within(STOP_LIMIT_MS, 'stop', ended));
    if (code !== 0) throw new Error(`the server stopped with exit code ${code}\n${this.log}`);
  }

  /** Gone at once, whatever it was doing. */
  async kill(): Promise<void> {
    const child = this.child;
    if (!child) return;
    this.child = undefined;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
  }
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      if (address === null || typeof address === 'string') return reject(new Error('no port'));
      probe.close(() => resolve(address.port));
    });
  });
}

/** Starts a server on a free port; another one where somebody was faster. */
export async function startServer(clock: Clock, settings: Settings): Promise<Server> {
  for (let tries = 1; ; tries += 1) {
    const server = new Server(await freePort(), clock, settings);
    try {
      await server.start();
      return server;
    } catch (error) {
      if (tries === 3 || !String(error).includes('Cannot listen')) throw error;
    }
  }
}

export function binaryIsThere(): void {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing: run \`make build\`, or set SESAME_BIN.`);
}

async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not ${what} within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
