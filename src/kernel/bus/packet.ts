export type Message = { readonly topic: string; readonly message: string };
export type Packet = { readonly origin: string; readonly messages: readonly Message[] };

/** NOTIFY takes less than 8,000 bytes. */
const maxPacketBytes = 7_900;

/** As many to a packet as fit, each with the lengths of its parts before it: JSON would double what holds quotes. */
export const toPackets = (origin: string, messages: readonly Message[]): string[] => {
  const packets: string[] = [];
  let text = origin;
  let bytes = origin.length;
  for (const { topic, message } of messages) {
    const entry = `\n${topic.length},${message.length},${topic}${message}`;
    const entryBytes = Buffer.byteLength(entry);
    if (bytes + entryBytes > maxPacketBytes && text !== origin) {
      packets.push(text);
      text = origin;
      bytes = origin.length;
    }
    text += entry;
    bytes += entryBytes;
  }
  if (text !== origin) packets.push(text);
  return packets;
};

/** Null for what another release may send. */
export const readPacket = (text: string): Packet | null => {
  const [origin = ''] = /^[^\n]*/.exec(text) ?? [];
  const messages: Message[] = [];
  const head = /\n(\d+),(\d+),/y;
  for (let at = origin.length; at < text.length;) {
    head.lastIndex = at;
    const match = head.exec(text);
    if (match === null) return null;
    const from = head.lastIndex;
    const end = from + Number(match[1]);
    at = end + Number(match[2]);
    if (at > text.length) return null;
    messages.push({ topic: text.slice(from, end), message: text.slice(end, at) });
  }
  return { origin, messages };
};
