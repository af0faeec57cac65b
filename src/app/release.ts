import { join } from 'node:path';

import manifest from '../../package.json' with { type: 'json' };

/** The version of this program (semantic versioning). */
export const release: string = manifest.version;

/** Where `config`, `migrations` and `data` are, whatever the working directory. */
export const root: string = join(import.meta.dirname, '..', '..');
