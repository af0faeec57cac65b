import { serveFixture } from '../../http/testing/fixture.ts';
import { openKeyedApp } from './open-keyed-app.ts';

/** Serves, says where, and stays until somebody kills it; nobody passes its gate. */
const [url = ''] = process.argv.slice(2);
const { fixture } = await openKeyedApp(url, { gate: { pass: () => new Promise(() => undefined) } });
const server = await serveFixture(fixture);
process.send?.(server.url);
