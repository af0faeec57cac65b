import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
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
  const compiler = join(benchRoot, 'node_modules/.bin/tsc');
  const build = spawnSync(compiler, ['-p', join(benchRoot, 'src/peers/nest')], { encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`the Nest peer does not compile: ${build.stdout}${build.stderr}`);
  return join(target, 'peers/nest/main.js');
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
