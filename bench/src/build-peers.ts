import { transformFileSync } from '@swc/core';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findTool } from './host/tool.ts';

export type Builds = {
  readonly nest: string;
  /** The Go peer, or why there is none. */
  readonly gin: { readonly path: string; readonly version: string } | { readonly absent: string };
};

/** Builds what does not run as it is: Nest's decorators and Go. */
export const buildPeers = (benchRoot: string): Builds => {
  const target = join(benchRoot, '.build');
  mkdirSync(target, { recursive: true });
  return { nest: buildNest(benchRoot, target), gin: buildGin(benchRoot, target) };
};

const buildNest = (benchRoot: string, target: string): string => {
  const { code } = transformFileSync(join(benchRoot, 'src/peers/nest/main.ts'), {
    configFile: false,
    swcrc: false,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: 'es6' },
  });
  const path = join(target, 'nest.js');
  writeFileSync(path, code);
  return path;
};

const buildGin = (benchRoot: string, target: string): Builds['gin'] => {
  const version = findTool('go', 'version');
  if (version === null) return { absent: 'Go is not installed' };
  const path = join(target, 'gin');
  const build = spawnSync('go', ['build', '-o', path, '.'], {
    cwd: join(benchRoot, 'src/peers/gin'),
    encoding: 'utf8',
  });
  if (build.status !== 0) return { absent: `go build failed: ${build.stderr.trim().slice(-300)}` };
  return { path, version: version.replace('go version ', '') };
};
