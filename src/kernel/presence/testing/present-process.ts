import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';
import { Inbox } from '../../feed/inbox.ts';
import { openPresence } from '../open-presence.ts';

/** Enters, says under which id, and stays until somebody kills it. */
const [url = '', how] = process.argv.slice(2);
const observer = { metrics: noMetrics, telemetry: noTelemetry };
const identity = { isPooled: how === 'pooled', role: 'test', release: 'test' };
const log = buildLog();
const inbox = new Inbox({ windowSeconds: 60, log });
const presence = await openPresence({ ...identity, url, inbox, observer, log });
process.send?.(presence.processId);
