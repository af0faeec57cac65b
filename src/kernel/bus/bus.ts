/**
 * Messages to every process, this one included, at most once: none is kept, and one may be lost whenever anything is
 * away. Whatever matters stands in PostgreSQL; the bus only says where to look.
 */
export type Bus = {
  /**
   * Listeners of this process are told later in this turn of the event loop, others within some milliseconds. `topic`
   * is `module.thing`, 100 characters at most; a message has 7 KB at most and no U+0000. Throws INPUT_INVALID if not.
   */
  publish(topic: string, message: string): void;
  /** fn must not throw. Answers how to stop. */
  listen(topic: string, fn: (message: string) => void): () => void;
  /** Sends what waits. */
  close(): Promise<void>;
};

/** `auto`: Redis if there is one, else memory, and NOTIFY as soon as another process lives. */
export type BusDriver = 'auto' | 'memory' | 'postgres' | 'redis';

/** Takes packets to the other processes. */
export type Carrier = {
  /** False: nothing would arrive. */
  readonly isUp: boolean;
  /** A packet has 7,900 bytes at most. */
  send(packet: string): Promise<unknown>;
};
