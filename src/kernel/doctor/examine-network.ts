import { connect, createServer } from 'node:net';

import { type Finding, reportOn } from './finding.ts';

export type Listener = { readonly setting: string; readonly host: string; readonly port: number };

/** Whether we could listen there, or do already. */
export const examinePort = async ({ setting, host, port }: Listener): Promise<Finding> => {
  const { ok, warning, error } = reportOn('ports');
  const where = `${host}:${port} (${setting})`;
  if (port === 0) return ok(`${setting} is 0: any free port`);
  const problem = await tryToListen(host, port);
  if (problem === null) return ok(`${where} is free`);
  if (problem !== 'EADDRINUSE') return error(`nobody can listen on ${where}: ${problem}`, `change ${setting}`);
  if (await isOurs(host, port)) return ok(`Ashlar answers on ${where}`);
  return warning(`something listens on ${where} that does not answer as Ashlar`, `stop it, or change ${setting}`);
};

const tryToListen = (host: string, port: number): Promise<string | null> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (thrown: NodeJS.ErrnoException) => resolve(thrown.code ?? thrown.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)));
  });

/** The probes say so, or, on a port of their own, the metrics. */
const isOurs = async (host: string, port: number): Promise<boolean> => {
  const answers = await Promise.all(
    ['/health', '/metrics'].map(async (path) => {
      try {
        const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
        const url = `http://${name.includes(':') ? `[${name}]` : name}:${port}${path}`;
        const response = await fetch(url, { signal: AbortSignal.timeout(2000), redirect: 'manual' });
        return { status: response.status, text: await response.text() };
      } catch {
        // No answer, or none in HTTP: then it is somebody else.
        return null;
      }
    }),
  );
  return answers.some((answer) => answer !== null && /"status":\s*"ok"|ashlar_/.test(answer.text));
};

export type Service = {
  readonly check: string;
  readonly host: string;
  readonly port: number;
  readonly setting: string;
};

/** That something accepts connections there; who signs in is seen when it is used. */
export const examineService = ({ check, host, port, setting }: Service): Promise<Finding> => {
  const { ok, error } = reportOn(check);
  const where = `${host}:${port} (${setting})`;
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3000 });
    const end = (finding: Finding) => {
      socket.destroy();
      resolve(finding);
    };
    const fail = (reason: string) =>
      end(error(`${where} cannot be reached: ${reason}`, `start it, open the way to it, or correct ${setting}`));
    socket
      .once('connect', () => end(ok(`${where} accepts connections`)))
      .once('timeout', () => fail('no answer within 3 s'))
      .once('error', (thrown: NodeJS.ErrnoException) => fail(thrown.code ?? thrown.message));
  });
};
