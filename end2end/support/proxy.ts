// A small HTTP proxy: it hands requests to its servers in turn, and remembers what passed. Host and
// Origin go through untouched, as behind a load balancer that the servers know by SESAME_PUBLIC_URL.

import { Agent, type IncomingMessage, type Server as HttpServer, type ServerResponse, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that passed, with its headers but without the cookies. */
export interface Passed {
  method: string;
  target: string;
  headers: string;
  server: number;
}

export class Proxy {
  readonly passed: Passed[] = [];
  /** Where the servers are; filled once they run, because they must know the proxy's address. */
  readonly servers: string[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private turn = 0;
  private readonly http: HttpServer = createServer((incoming, outgoing) => this.hand(incoming, outgoing));

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.http.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.http.closeAllConnections();
    this.agent.destroy();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private hand(incoming: IncomingMessage, outgoing: ServerResponse): void {
    // Calls of the API take turns; what a page loads beside them must not upset the order.
    if (incoming.url?.startsWith('/api/')) this.turn = (this.turn + 1) % this.servers.length;
    const { cookie: _, ...headers } = incoming.headers;
    this.passed.push({
      method: incoming.method ?? '',
      target: incoming.url ?? '',
      headers: JSON.stringify(headers),
      server: this.turn,
    });
    const onward = request(
      new URL(incoming.url ?? '/', this.servers[this.turn]),
      { method: incoming.method, headers: incoming.headers, agent: this.agent },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on('error', () => {
      if (!outgoing.headersSent) outgoing.writeHead(502, { 'content-type': 'text/html' });
      outgoing.end('<h1>502 Bad Gateway</h1>');
    });
    incoming.pipe(onward);
  }
}
