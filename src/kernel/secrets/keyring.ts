import { type MasterKeySource, readMasterKeys } from './key-source.ts';
import { createSealer, type Sealer } from './sealer.ts';

/** The master keys that this process knows, by their ids. */
export type Keyring = {
  /** What a rotation leads to. */
  readonly newest: Sealer;
  /** Null if no source holds this key; sources are read again, at most once a second, before saying so. */
  find(keyId: string): Sealer | null;
  /** Reads the sources again: a file may hold another key by now. */
  reload(): void;
};

const reloadEveryMs = 1000;

/** Makes a key, if at all, only now. Throws MASTER_KEY_MISSING or MASTER_KEY_INVALID. */
export const openKeyring = (source: MasterKeySource, { mayCreate } = { mayCreate: true }): Keyring => {
  let keys = readKeys(source, mayCreate);
  let readAt = performance.now();
  const reload = () => {
    keys = readKeys(source, false);
    readAt = performance.now();
  };
  return {
    get newest() {
      return keys.newest;
    },
    find: (keyId) => {
      if (!keys.byId.has(keyId) && performance.now() - readAt >= reloadEveryMs) reload();
      return keys.byId.get(keyId) ?? null;
    },
    reload,
  };
};

const readKeys = (source: MasterKeySource, mayCreate: boolean) => {
  const { newest, others } = readMasterKeys(source, mayCreate);
  const sealers = [newest, ...others].map(createSealer);
  const byId = new Map(sealers.map((sealer) => [sealer.keyId, sealer]));
  return { newest: createSealer(newest), byId };
};
