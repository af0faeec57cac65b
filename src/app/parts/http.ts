import { openHttpServer } from '#kernel/http/server.ts';
import { createHttp } from '../create-http.ts';
import type { OpenPart } from '../role.ts';

/** Listens, says so, and on the way down answers whatever it accepted. */
export const openHttpPart: OpenPart = async (app, role, lifecycle) => {
  const { config, kernel } = app;
  const { host, port, metricsPort = null } = config.http;
  const { delaySeconds, deadlineSeconds } = config.shutdown;
  const http = createHttp(app, role);
  const server = await lifecycle.open(
    'http',
    () => openHttpServer(http, { host, port, metricsPort, log: kernel.log }),
    async (opened) => {
      if (await opened.drain({ delaySeconds, deadlineSeconds })) return;
      throw new Error(`requests were unanswered after ${deadlineSeconds} s; they got 503`);
    },
  );
  const { url, metricsUrl } = server;
  const firstSteps = `API reference ${url}/docs, first superuser: ./ashlar auth create-superuser --username <name>`;
  kernel.log.info({ metricsUrl }, `Ashlar runs at ${url} (${firstSteps})`);
};
