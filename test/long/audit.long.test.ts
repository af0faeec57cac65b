import { expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { openTrail } from '#kernel/audit/testing/open-trail.ts';
import { findTamperings } from '#kernel/database/testing/find-tamperings.ts';
import { buildSecrets } from '#test/build.ts';
import { test } from '#test/database.ts';
import { scaled } from './scale.ts';

const changes = scaled(500);

test(
  `${changes} edits, deletions, reorderings and cuts of a sealed trail are all found, and nothing else is`,
  { timeout: 900_000 },
  async ({ database, sql }) => {
    const secrets = buildSecrets();
    const { audit, write } = await openTrail(database, { secrets });
    for (let batch = 0; batch < 20; batch += 1) {
      for (let change = 0; change < 15; change += 1) {
        const notes = Array.from({ length: 1 + (change % 3) }, () => ({
          subject: `thing:${newId()}`,
          after: { batch, change },
        }));
        await write(notes, { operation: `probe.batch-${batch % 4}` });
      }
      await audit.verify();
    }
    await audit.close();

    // Another seed each time; a problem names its round.
    const seed = Date.now();
    const { problems } = await findTamperings({ database, secrets, sql }, changes, seed);
    expect({ seed, problems }).toEqual({ seed, problems: [] });
  },
);
