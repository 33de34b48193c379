// Stands between a client and the mock, hands everything through as it comes, and keeps what was asked and how it was answered.

import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Recorder {
  url: string;
  /** In the order of their answers. `path` is without its query. */
  calls: { method: string; path: string; status: number }[];
  close(): Promise<void>;
}

export async function record(target: string): Promise<Recorder> {
  const calls: Recorder['calls'] = [];
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    // The mock's URLs name the host that it was asked by: what it hands out comes through here too.
    const onward = send(new URL(url, target), { method, headers }, (answer) => {
      const { statusCode: status = 0, headers: said } = answer;
      calls.push({ method, path: url.replace(/\?.*$/, ''), status });
      response.writeHead(status, said);
      answer.pipe(response);
      response.on('close', () => answer.destroy());
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whether `path` is one that the document's `template` stands for. */
export function isAt(template: string, path: string): boolean {
  return new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
}
