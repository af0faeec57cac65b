import { SpanStatusCode } from '@opentelemetry/api';

import type { Metrics } from '../observability/metrics.ts';
import type { Telemetry } from '../observability/telemetry.ts';
import type { Connection } from './connection.ts';
import { nameFailure } from './failures.ts';
import type { Statement, Values } from './statement.ts';

export type Observer = {
  readonly metrics: Pick<Metrics, 'queryDuration'>;
  readonly telemetry: Pick<Telemetry, 'startSpan'>;
};

export type RunOn = (connection: Connection, statement: Statement, values: Values) => PromiseLike<unknown>;

/** The one way of every statement to a connection: span, duration, values in, rows out, failures named. */
export const createRunOn =
  ({ metrics, telemetry }: Observer): RunOn =>
  (connection, statement, values) => {
    const params = statement.encode(values);
    const span = telemetry.startSpan(statement.name);
    const startedAt = performance.now();
    return connection.send(statement, params).then(
      (rows) => {
        connection.settled();
        metrics.queryDuration(statement.name, 'ok', (performance.now() - startedAt) / 1000);
        span?.end();
        return statement.decode(rows);
      },
      (thrown: unknown) => {
        connection.settled();
        metrics.queryDuration(statement.name, 'error', (performance.now() - startedAt) / 1000);
        span?.setStatus({ code: SpanStatusCode.ERROR }).end();
        throw nameFailure(thrown);
      },
    );
  };
