import { kernelError } from '../error.ts';
import type { Logger } from '../observability/logger.ts';
import type { Bus, Carrier } from './bus.ts';
import { type Message, readPacket, toPackets } from './packet.ts';

const coalesceMs = 10;
const maxMessageBytes = 7_168;
/** While a carrier is slow; what comes on top is lost. */
const maxWaiting = 10_000;

type Options = {
  /** Of this process: its own packets come back to it. */
  readonly origin: string;
  /** The first that is up and does not fail is taken. None: the others need not be told. */
  readonly carriers: readonly Carrier[];
  readonly log: Logger;
};

/** `receive` is what the carriers bring. */
export const createBus = ({ origin, carriers, log }: Options): Bus & { receive(packet: string): void } => {
  const listeners = new Map<string, Set<(message: string) => void>>();
  let waiting: Message[] = [];
  let timer: NodeJS.Timeout | null = null;
  let sending: Promise<void> = Promise.resolve();

  const deliver = ({ topic, message }: Message): void => {
    for (const fn of listeners.get(topic) ?? []) {
      try {
        fn(message);
      } catch (err) {
        log.error({ err, topic }, 'a message of the bus could not be handled');
      }
    }
  };
  const send = async (messages: readonly Message[]): Promise<void> => {
    for (const packet of toPackets(origin, messages)) {
      for (const carrier of carriers) if (carrier.isUp && (await arrives(carrier, packet))) break;
    }
  };
  const arrives = async (carrier: Carrier, packet: string): Promise<boolean> => {
    try {
      await carrier.send(packet);
      return true;
    } catch (err) {
      log.debug({ err }, 'other processes were not told this way');
      return false;
    }
  };
  const flush = (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const messages = waiting;
    waiting = [];
    if (messages.length > 0) sending = sending.then(() => send(messages));
    return sending;
  };
  return {
    publish: (topic, message) => {
      check(topic, message);
      queueMicrotask(() => deliver({ topic, message }));
      if (carriers.length === 0 || waiting.length >= maxWaiting) return;
      waiting.push({ topic, message });
      timer ??= setTimeout(() => void flush(), coalesceMs);
    },
    listen: (topic, fn) => {
      const known = listeners.get(topic) ?? new Set();
      listeners.set(topic, known.add(fn));
      return () => void known.delete(fn);
    },
    receive: (text) => {
      const packet = readPacket(text);
      if (packet === null || packet.origin === origin) return;
      packet.messages.forEach(deliver);
    },
    close: flush,
  };
};

const check = (topic: string, message: string): void => {
  const isFit = message.isWellFormed() && !message.includes('\0') && Buffer.byteLength(message) <= maxMessageBytes;
  if (isFit && /^[\w.:-]{1,100}$/.test(topic)) return;
  throw kernelError('INPUT_INVALID', {
    details: { message: `the message to ${topic.slice(0, 100)} is above 7 KB, no proper text, or the topic is none` },
  });
};
