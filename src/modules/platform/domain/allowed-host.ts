/** A host's name or address, or `*.example.com` for every name below that one. Lower case, without a dot at the end. */
export const isHostPattern = (text: string): boolean =>
  /^(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/.test(text) ||
  /^[0-9a-f:.]*:[0-9a-f:.]*$/.test(text);

/** Null allows every host, also one that is not known; a list allows only what it names. */
export const isAllowedHost = (patterns: readonly string[] | null, host: string | null): boolean => {
  if (patterns === null) return true;
  if (host === null) return false;
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  return patterns.some((pattern) => (pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern));
};
