import type { Tx } from '#kernel/database/database.ts';
import { newId } from '#kernel/ids.ts';
import { maxSamplesPerFault, type SeenFault } from '#kernel/sentinel/seen-faults.ts';
import {
  countErrorSamples,
  deleteSurplusErrorSamples,
  hasErrorSamples,
  insertErrorSamples,
  lockErrorStates,
  type StoredErrorGroup,
  upsertErrorGroups,
} from '../store/error-records.ts';

export type Recorded = {
  /** How many samples are stored of each, by fingerprint. */
  readonly samples: ReadonlyMap<string, number>;
  readonly groups: readonly StoredErrorGroup[];
  /** Seen for the first time. */
  readonly opened: readonly StoredErrorGroup[];
  /** Seen again after they had been resolved. */
  readonly regressed: readonly StoredErrorGroup[];
};

const nothing: Recorded = { samples: new Map(), groups: [], opened: [], regressed: [] };

/** Stores faults once: what an earlier transaction stored, whose answer was lost, changes nothing. */
export const recordFaults = async (tx: Tx, faults: readonly SeenFault[]): Promise<Recorded> => {
  const samples = faults.flatMap((fault) => fault.samples);
  if (
    await hasErrorSamples(
      tx,
      samples.map(({ id }) => id),
    )
  )
    return nothing;
  const fingerprints = faults.map(({ fingerprint }) => fingerprint);
  const before = new Map(
    (await lockErrorStates(tx, fingerprints)).map(({ fingerprint, state }) => [fingerprint, state]),
  );
  const groups = await upsertErrorGroups(tx, faults.toSorted(byFingerprint).map(toGroup));
  return {
    samples: await storeSamples(tx, faults, groups),
    groups,
    opened: groups.filter(({ fingerprint }) => !before.has(fingerprint)),
    regressed: groups.filter(
      ({ fingerprint, state }) => state === 'regressed' && before.get(fingerprint) === 'resolved',
    ),
  };
};

const byFingerprint = (one: SeenFault, other: SeenFault): number => (one.fingerprint < other.fingerprint ? -1 : 1);

const toGroup = (fault: SeenFault) => {
  const { fingerprint, operation, code, frames, count, firstSeenAt, lastSeenAt, lastTraceId, samples } = fault;
  const { message = '', release = '' } = samples.at(-1) ?? {};
  const releases = { firstRelease: release, lastRelease: release };
  const seen = { count, firstSeenAt, lastSeenAt, lastTraceId };
  return { id: newId(), fingerprint, operation, code, message, frames: [...frames], ...seen, ...releases };
};

const storeSamples = async (
  tx: Tx,
  faults: readonly SeenFault[],
  groups: readonly StoredErrorGroup[],
): Promise<ReadonlyMap<string, number>> => {
  const ids = new Map(groups.map(({ fingerprint, id }) => [fingerprint, id]));
  const rows = faults.flatMap(({ fingerprint, samples }) =>
    samples.map(({ inputShape, logLines, ...sample }) => ({
      ...sample,
      groupId: ids.get(fingerprint) ?? '',
      inputShape: inputShape === null ? null : JSON.parse(inputShape),
      logLines: [...logLines],
    })),
  );
  await insertErrorSamples(tx, rows);
  const groupIds = [...ids.values()];
  await deleteSurplusErrorSamples(tx, groupIds, maxSamplesPerFault);
  const counted = await countErrorSamples(tx, groupIds);
  return new Map(counted.map(({ fingerprint, samples }) => [fingerprint, samples]));
};
