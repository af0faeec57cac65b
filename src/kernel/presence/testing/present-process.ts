import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';
import { openPresence } from '../open-presence.ts';

/** Enters, says under which id, and stays until somebody kills it. */
const [url = '', how] = process.argv.slice(2);
const observer = { metrics: noMetrics, telemetry: noTelemetry };
const identity = { isPooled: how === 'pooled', role: 'test', release: 'test' };
const presence = await openPresence({ ...identity, url, observer, log: buildLog() });
process.send?.(presence.processId);
