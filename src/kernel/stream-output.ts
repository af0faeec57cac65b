/**
 * The output of an action whose answer is too large to be held, or not known when it begins: exports, files, events.
 * It reads only, and its time limit holds until the answer begins.
 */
export type StreamOutput = {
  /** `application/x-ndjson` */
  readonly mediaType: string;
  /** One line for the API reference. */
  readonly description: string;
};

/** What such an action answers. */
export type Streamed = {
  /**
   * Asked for the next piece when the client has taken the one before. When the client goes, its `return` is called. If it
   * throws, the answer breaks off, so that nobody takes a part for the whole.
   */
  readonly body: AsyncIterable<string | Uint8Array>;
  /** Lower case; besides the media type. */
  readonly headers?: Readonly<Record<string, string>>;
};

export const isStreamOutput = (output: object | null): output is StreamOutput =>
  output !== null && 'mediaType' in output;
