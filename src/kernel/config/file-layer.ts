import { relative } from 'node:path';
import { type Document, isAlias, isMap, isScalar, LineCounter, type Node, type Pair, parseDocument } from 'yaml';

import { readTextFile } from './files.ts';
import type { Entry, Layer } from './layers.ts';
import { nearestPath } from './nearest.ts';
import type { Problem } from './problem.ts';
import { joinPath, type Settings } from './settings.ts';

/** If it is not readable, nothing can be said about what it lacks. */
type FileLayer = Layer & { readonly isReadable: boolean };

/** Reads `config/<APP_ENV>.yaml`. Every entry and problem knows its line. */
export const readFileLayer = (file: string, root: string, settings: Settings): FileLayer => {
  const label = relative(root, file);
  const { text, failure } = readTextFile(file);
  if (failure === null) return readYaml(text, label, settings);
  const message = `cannot read the file (${failure})`;
  return { entries: [], problems: [{ path: '', origin: label, message }], isReadable: false };
};

const readYaml = (text: string, label: string, settings: Settings): FileLayer => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = [...document.errors, ...document.warnings].map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return { path: '', origin: `${label}:${line}:${col}`, message: withoutQuotation(error.message) };
  });
  if (syntax.length > 0) return { entries: [], problems: syntax, isReadable: false };

  const entries: Entry[] = [];
  const problems: Problem[] = [];
  const originOf = (offset: number | undefined): string =>
    offset === undefined ? label : `${label}:${lines.linePos(offset).line}`;
  readSection(document.contents, '', { document, settings, entries, problems, originOf });
  return { entries, problems, isReadable: true };
};

/** The parser quotes what it stumbled over after a colon, and that may be a password. */
const withoutQuotation = (message: string): string => `not YAML: ${message.split(': ')[0]}`;

type Reading = {
  readonly document: Document;
  readonly settings: Settings;
  readonly entries: Entry[];
  readonly problems: Problem[];
  originOf(offset: number | undefined): string;
};

/** A section without content (all of it commented out) counts as not written, and so does a setting. */
const readSection = (written: unknown, path: string, reading: Reading): void => {
  const node = isAlias(written) ? written.resolve(reading.document) : written;
  if (node === null || node === undefined || (isScalar(node) && node.value === null)) return;
  if (!isMap(node)) {
    const origin = reading.originOf(offsetOf(written));
    reading.problems.push({ path, origin, message: 'must hold keys and values, one per line' });
    return;
  }
  for (const pair of node.items) readPair(pair, path, reading);
};

const readPair = (pair: Pair, section: string, reading: Reading): void => {
  const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
  const path = joinPath(section, key);
  const origin = reading.originOf(offsetOf(pair.key));
  const setting = reading.settings.byPath.get(path);
  if (reading.settings.sections.has(path)) readSection(pair.value, path, reading);
  else if (setting === undefined) {
    const nearest = nearestPath(reading.settings, section, key);
    reading.problems.push({ path, origin, message: `unknown key, the nearest is ${nearest}` });
  } else {
    const value = toValue(pair.value, reading.document);
    if (value === undefined) {
      reading.problems.push({ path, origin, message: 'refers to an anchor that the file does not define above it' });
    } else if (value !== null) reading.entries.push({ setting, value, origin, layer: 'file' });
  }
};

/** Plain data; null if nothing is written, undefined if an alias leads nowhere. */
const toValue = (value: unknown, document: Document): unknown => {
  if (!isNode(value)) return null;
  try {
    const plain: unknown = value.toJS(document);
    return plain ?? null;
  } catch (thrown) {
    if (thrown instanceof ReferenceError) return undefined;
    throw thrown;
  }
};

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'toJS' in value;

const offsetOf = (node: unknown): number | undefined => (isNode(node) && node.range ? node.range[0] : undefined);
