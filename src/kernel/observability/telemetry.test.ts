import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';

import { AppError, kernelError } from '../error.ts';
import { runInScope } from './scope.ts';
import { describeRequest, traceResponse } from './request-span.ts';
import { openTelemetry } from './open-telemetry.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';

const parentTrace = '0af7651916cd43dd8448eb211c80319c';
const parentSpan = 'b7ad6b7169203331';
const sampled = `00-${parentTrace}-${parentSpan}-01`;

const value = z.object({ stringValue: z.string() }).or(z.object({ intValue: z.coerce.number() }));
const attributes = z
  .array(z.object({ key: z.string(), value }))
  .transform((list) => Object.fromEntries(list.map(({ key, value: one }) => [key, Object.values(one)[0]])));
const exported = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
              kind: z.number(),
              attributes,
              status: z.object({ code: z.number(), message: z.string().optional() }),
              events: z.array(z.unknown()),
            }),
          ),
        }),
      ),
    }),
  ),
});
type Export = z.output<typeof exported>;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const listen = async (answer: (request: IncomingMessage) => Promise<number | null>): Promise<string> => {
  const server = createServer((request, response) => {
    void answer(request).then((status) => status !== null && response.writeHead(status).end('{}'));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // `as`: it listens on TCP.
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
};

/** A collector that keeps what it is sent. */
const openCollector = async () => {
  const exports: Export[] = [];
  const requests: IncomingMessage[] = [];
  const endpoint = await listen(async (request) => {
    requests.push(request);
    exports.push(exported.parse(await json(request)));
    return 200;
  });
  const spans = () =>
    exports
      .flatMap((one) => one.resourceSpans)
      .flatMap((one) => one.scopeSpans)
      .flatMap((one) => one.spans);
  const spanNamed = (name: string) => spans().find((span) => span.name === name);
  return { endpoint, exports, requests, spans, spanNamed };
};

const openLog = () => {
  const lines: Record<string, unknown>[] = [];
  return { log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }), lines };
};

const open = (over: Partial<TelemetryOptions> = {}): Promise<Telemetry> =>
  openTelemetry({
    otlpEndpoint: null,
    headers: {},
    sampleRatio: 1,
    serviceName: 'ashlar',
    release: '1.2.3',
    role: 'run-all-in-one',
    log: openLog().log,
    ...over,
  });

test("off: gives every run a trace id, continues a caller's, and records nothing", async () => {
  const telemetry = await open();
  const own = telemetry.openRequestScope('GET', undefined);
  const continued = telemetry.openRequestScope('GET', sampled);
  const child = telemetry.openScope('task', own);

  expect(own).toMatchObject({ traceId: expect.stringMatching(/^[\da-f]{32}$/), span: null, operation: null });
  expect(telemetry.openRequestScope('GET', 'nonsense').traceId).not.toBe(own.traceId);
  expect(continued.traceId).toBe(parentTrace);
  expect(child.traceId).toBe(own.traceId);
  expect(runInScope(own, () => telemetry.startSpan('query'))).toBeNull();
  expect(traceResponse(continued)).toBe(`00-${parentTrace}-${parentTrace.slice(16)}-00`);
  describeRequest(own, { method: 'GET', route: '/', status: 200 });
  telemetry.closeScope(own, null);
  await telemetry.close();
});

test('off: loads no code of the SDK and opens no socket', async () => {
  const source = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    const { openTelemetry } = await import(${JSON.stringify(import.meta.resolve('./open-telemetry.ts'))});
    const telemetry = await openTelemetry({ otlpEndpoint: null, sampleRatio: 1 });
    telemetry.closeScope(telemetry.openRequestScope('GET', undefined), null);
    console.log(JSON.stringify({ loaded, resources: process.getActiveResourcesInfo() }));`;
  const program = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { loaded, resources } = JSON.parse(await text(program.stdout));
  expect(loaded.join('\n')).toContain('trace-context.ts');
  expect(loaded.join('\n')).not.toContain('@opentelemetry');
  expect(resources.filter((name: string) => /tcp|udp|dns/i.test(name))).toEqual([]);
});

test('on: sends the request, what ran inside of it, and whose call it was', async () => {
  const collector = await openCollector();
  const telemetry = await open({ otlpEndpoint: `${collector.endpoint}/`, headers: { 'x-collector-key': 'k' } });

  const request = telemetry.openRequestScope('GET', sampled);
  runInScope(request, () => telemetry.startSpan('auth.find-session', 'client')?.end());
  const task = telemetry.openScope('platform.tidy', request);
  telemetry.closeScope(task, null);
  describeRequest(request, { method: 'GET', route: '/api/v1/things/{id}', status: 200 });
  telemetry.closeScope(request, null);
  await telemetry.close();

  const server = collector.spanNamed('GET /api/v1/things/{id}');
  expect(server).toMatchObject({
    traceId: parentTrace,
    parentSpanId: parentSpan,
    kind: 2,
    attributes: {
      'http.request.method': 'GET',
      'http.route': '/api/v1/things/{id}',
      'http.response.status_code': 200,
    },
    status: { code: 0 },
  });
  expect(collector.spanNamed('auth.find-session')).toMatchObject({
    traceId: parentTrace,
    parentSpanId: server?.spanId,
    kind: 3,
  });
  expect(collector.spanNamed('platform.tidy')).toMatchObject({
    traceId: parentTrace,
    parentSpanId: server?.spanId,
    kind: 1,
  });
  expect(traceResponse(request)).toBe(`00-${parentTrace}-${server?.spanId}-01`);
  expect(collector.requests[0]?.url).toBe('/v1/traces');
  expect(collector.requests[0]?.headers['x-collector-key']).toBe('k');
  expect(collector.exports[0]?.resourceSpans[0]?.resource.attributes).toMatchObject({
    'service.name': 'ashlar',
    'service.version': '1.2.3',
    'ashlar.role': 'run-all-in-one',
  });
});

test('on: a failure shows its code, is marked if the fault is ours, and tells nothing else', async () => {
  const collector = await openCollector();
  const telemetry = await open({ otlpEndpoint: collector.endpoint });
  const cause = new Error('planted-secret in a cause');
  const refusal = new AppError('INVALID_CREDENTIALS', { kind: 'unauthenticated', details: { hint: 'planted-secret' } });

  telemetry.closeScope(telemetry.openScope('failing', undefined), kernelError('INTERNAL', { cause }));
  telemetry.closeScope(telemetry.openScope('refusing', undefined), refusal);
  await telemetry.close();

  expect(collector.spanNamed('failing')).toMatchObject({
    status: { code: 2, message: 'INTERNAL' },
    attributes: { 'error.type': 'INTERNAL' },
    events: [],
  });
  expect(collector.spanNamed('refusing')).toMatchObject({
    status: { code: 0 },
    attributes: { 'error.type': 'INVALID_CREDENTIALS' },
  });
  expect(JSON.stringify(collector.exports)).not.toContain('planted-secret');
});

test('on: a caller decides for its whole trace, and the ratio for traces that begin here', async () => {
  const collector = await openCollector();
  const none = await open({ otlpEndpoint: collector.endpoint, sampleRatio: 0 });

  const unsampled = none.openRequestScope('begins here', undefined);
  expect(unsampled).toMatchObject({ span: null, traceId: expect.stringMatching(/^[\da-f]{32}$/) });
  expect(runInScope(unsampled, () => none.startSpan('query'))).toBeNull();
  expect(none.openScope('child', unsampled)).toMatchObject({ span: null, traceId: unsampled.traceId });
  none.closeScope(none.openRequestScope('asked for', sampled), null);
  await none.close();
  expect(collector.spans().map((span) => span.name)).toEqual(['asked for']);

  const all = await open({ otlpEndpoint: collector.endpoint, sampleRatio: 1 });
  const declined = all.openRequestScope('declined', `00-${parentTrace}-${parentSpan}-00`);
  expect(declined).toMatchObject({ span: null, traceId: parentTrace });
  await all.close();
});

test('a dead collector costs one line of the log, and never an error', async () => {
  const { log, lines } = openLog();
  const dead = await listen(() => Promise.resolve(500));
  servers.splice(0).forEach((server) => server.close());
  const telemetry = await open({ otlpEndpoint: dead, log });

  for (let count = 0; count < 3000; count += 1)
    telemetry.closeScope(telemetry.openScope(`run ${count}`, undefined), null);
  await telemetry.close();

  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ level: 40, otlpEndpoint: dead, msg: expect.stringContaining('collector') });
});

test('a collector that refuses, and one that accepts and never answers, do not hold up the stop', async () => {
  const { log, lines } = openLog();
  const refusing = await open({ otlpEndpoint: await listen(() => Promise.resolve(403)), log });
  refusing.closeScope(refusing.openScope('run', undefined), null);
  await refusing.close();
  expect(lines).toMatchObject([{ level: 40, err: { message: 'Forbidden' } }]);

  const silent = await open({ otlpEndpoint: await listen(() => Promise.resolve(null)) });
  silent.closeScope(silent.openScope('run', undefined), null);
  const startedAt = performance.now();
  await silent.close();
  expect(performance.now() - startedAt).toBeLessThan(4_500);
}, 15_000);
