// The servers' clock. libfaketime stands around the process and reads how far to be ahead from a
// file, so that six months or the next code are a line written, and nothing in the product knows.

import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const SECOND = 1;
export const MINUTE = 60;
export const HOUR = 3600;
export const DAY = 86_400;

/** Real time plus an offset that only grows. Several servers may share one. */
export class Clock {
  private readonly file: string;
  private ahead = 0;

  constructor(folder: string) {
    this.file = path.join(folder, 'clock');
    this.write();
  }

  /** What the servers take for now. */
  now(): Date {
    return new Date(Date.now() + this.ahead * 1000);
  }

  /** Moves the servers' clock forward, at once and for all of them. */
  advance(seconds: number): void {
    this.ahead += seconds;
    this.write();
  }

  /** Complains where libfaketime is missing. */
  static isThere(): void {
    library();
  }

  /** What a process needs in its environment to live by this clock. */
  environment(): Record<string, string> {
    return {
      LD_PRELOAD: library(),
      FAKETIME_TIMESTAMP_FILE: this.file,
      // The file is read at every look at the clock.
      FAKETIME_NO_CACHE: '1',
      // Time-outs and durations stay real.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** The file is replaced whole: a server never reads half of it. */
  private write(): void {
    writeFileSync(`${this.file}.new`, `+${this.ahead}`);
    renameSync(`${this.file}.new`, this.file);
  }
}

/** libfaketime, in its variant for programs with several threads. */
function library(): string {
  const named = process.env.LIBFAKETIME;
  if (named) return named;
  const folders = readdirSync('/usr/lib', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join('/usr/lib', entry.name, 'faketime'));
  const found = ['/usr/lib/faketime', '/usr/local/lib/faketime', ...folders]
    .map((folder) => path.join(folder, 'libfaketimeMT.so.1'))
    .find((file) => existsSync(file));
  if (!found) throw new Error('libfaketime is missing: apt-get install faketime, or set LIBFAKETIME.');
  return found;
}
