import { openEventConsumer } from '#kernel/events/consumer.ts';
import { createEventMetrics } from '#kernel/events/event-metrics.ts';
import type { OpenPart } from '../role.ts';
import { listSubscribers } from '../usecases.ts';

/** Hands events to the subscribers of every module, and on the way down gives its subscriptions to others. */
export const openEventConsumerPart: OpenPart = async (app, _role, lifecycle) => {
  const { kernel, config } = app;
  const { log, metrics, telemetry, presence, runner, now, connection, events } = kernel;
  const { deadlineSeconds } = config.shutdown;
  await lifecycle.open(
    'event consumer',
    () =>
      openEventConsumer({
        presence,
        url: connection.url,
        subscribers: listSubscribers(app),
        runner,
        wakes: events.wakes,
        log,
        observer: { metrics, telemetry },
        metrics: createEventMetrics(metrics),
        now,
      }),
    (consumer) => consumer.close({ deadlineSeconds }),
  );
};
