declare module 'pino-roll' {
  import type { SonicBoom, SonicBoomOpts } from 'sonic-boom';

  type Options = SonicBoomOpts & {
    file: string;
    /** Megabytes. */
    size: number;
    frequency: 'daily' | 'hourly';
    dateFormat: string;
    limit: { count: number; removeOtherLogFiles: boolean };
  };

  export default function pinoRoll(options: Options): Promise<SonicBoom>;
}
