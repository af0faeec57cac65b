import type { Entry, Environment, Layer } from './layers.ts';
import { nearestPath, nearestVariable } from './nearest.ts';
import type { Problem } from './problem.ts';
import { type Settings, variablePrefix } from './settings.ts';

/** Not settings: `ASHLAR_HOME` says where the root is, before there is a configuration. */
const reserved: ReadonlySet<string> = new Set(['ASHLAR_HOME']);

/**
 * Kubernetes gives every pod variables for every service of its namespace, so a service named `ashlar-http` must not
 * stop the start. https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const serviceVariable = /_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/;
const serviceAddress = /^(tcp|udp|sctp):\/\//;

const isForeign = (variable: string, value: string): boolean =>
  reserved.has(variable) ||
  serviceVariable.test(variable) ||
  (variable.endsWith('_PORT') && serviceAddress.test(value));

/** `ASHLAR_SECTION__KEY`; an empty variable counts as not set, which is how compose files pass on what nobody gave. */
export const readVariableLayer = (env: Environment, settings: Settings): Layer => {
  const entries: Entry[] = [];
  const problems: Problem[] = [];
  for (const [variable, value] of Object.entries(env)) {
    if (!variable.startsWith(variablePrefix) || !value || isForeign(variable, value)) continue;
    const setting = settings.byVariable.get(variable);
    if (setting) entries.push({ setting, value, origin: variable, layer: 'variable' });
    else {
      const message = `unknown variable ${variable}, the nearest is ${nearestVariable(settings, variable)}`;
      problems.push({ path: '', origin: null, message });
    }
  }
  return { entries, problems };
};

/** A flag on the command line: `--port 8081` sets `http.port`. */
export type FlagValue = { readonly flag: string; readonly path: string; readonly value: string };

export const readFlagLayer = (flags: readonly FlagValue[], settings: Settings): Layer => {
  const entries: Entry[] = [];
  const problems: Problem[] = [];
  for (const { flag, path, value } of flags) {
    const setting = settings.byPath.get(path);
    if (setting?.secretMinLength === null) entries.push({ setting, value, origin: flag, layer: 'flag' });
    else problems.push({ path, origin: flag, message: refusalOf(path, settings) });
  }
  return { entries, problems };
};

const refusalOf = (path: string, settings: Settings): string => {
  const setting = settings.byPath.get(path);
  if (setting) return `a secret on a command line is seen by every user of the machine: set ${setting.variable}`;
  const dot = path.lastIndexOf('.');
  return `unknown key, the nearest is ${nearestPath(settings, path.slice(0, Math.max(dot, 0)), path.slice(dot + 1))}`;
};
