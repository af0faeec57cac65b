export const outboundMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type OutboundMethod = (typeof outboundMethods)[number];

/** One request, as it is sent to one origin. */
export type Hop = {
  readonly url: URL;
  readonly method: OutboundMethod;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
};
