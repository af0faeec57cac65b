import type { Database } from '#kernel/database/database.ts';
import { createDb } from '#kernel/database/session.ts';
import type { OpenedSecrets } from '#kernel/secrets/secrets.ts';

const refuse = (): never => {
  throw new Error('the head of this command does not require what it uses');
};
const refuseLater = () => Promise.resolve().then(refuse);

/** Stands where a command requires less than a database, so that modules can be built all the same. */
export const unopenedDatabase: Database = {
  lanes: createDb(refuseLater),
  transaction: refuseLater,
  isUp: false,
  ping: refuseLater,
  usage: { lanes: { open: 0, inFlight: 0 }, transactions: { open: 0, busy: 0, waiting: 0 } },
  close: () => Promise.resolve(),
};

export const unopenedSecrets: OpenedSecrets = {
  secrets: { seal: refuse, open: refuse, derive: refuse, rewrap: refuse, follow: refuse, keyId: '' },
  keyring: {
    find: refuse,
    reload: refuse,
    get newest() {
      return refuse();
    },
  },
  generatedAt: null,
};
