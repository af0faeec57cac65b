import { parseEndpoint } from '#kernel/database/endpoint.ts';
import type { OwnEndpoint } from '#kernel/outbound/guard.ts';
import type { AppConfig } from './config.ts';
import type { DatabaseServer } from './database-server.ts';

/** Where we listen and keep our data: what a URL that somebody typed must never lead to. */
export const listOwnEndpoints = (config: AppConfig, server: DatabaseServer | null): readonly OwnEndpoint[] => {
  const { http, database, redis } = config;
  const directUrl = database.mode === 'external' ? database.directUrl : undefined;
  const databases = [server?.url, server?.ownerUrl, directUrl].filter((url) => typeof url === 'string');
  const ports = [http.port, http.metricsPort].filter((port) => port !== undefined);
  return [
    ...ports.map((port) => ({ host: http.host, port })),
    ...databases.map((url) => parseEndpoint(url)),
    ...(redis.url === undefined ? [] : [redisEndpoint(redis.url)]),
  ];
};

const redisEndpoint = (text: string): OwnEndpoint => {
  const { hostname, port } = new URL(text);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) };
};
