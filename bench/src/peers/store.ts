import postgres from 'postgres';

import type { PeerSettings } from './settings.ts';

export type ActorRow = {
  readonly id: string;
  readonly type: string;
  readonly login: string;
  readonly displayName: string;
  readonly email: string | null;
  readonly isSuperuser: boolean;
};

export type ActorStore = { find(id: string): Promise<ActorRow | null> };

/** postgres.js as its documentation shows it: statements are prepared and pipelined. */
export const openActorStore = (settings: PeerSettings): ActorStore => {
  const sql = postgres(settings.databaseUrl, { max: settings.poolSize });
  return {
    find: async (id) => {
      const rows = await sql<ActorRow[]>`
        select id, type, login, display_name as "displayName", email, is_superuser as "isSuperuser"
        from bench.actors where id = ${id}`;
      return rows[0] ?? null;
    },
  };
};
