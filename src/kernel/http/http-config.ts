/** What the HTTP kernel is told by the operator. */
export type HttpConfig = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The address that clients use; its scheme decides HSTS, its host is the one that is served. Null: only the listening address. */
  readonly publicUrl: string | null;
  /** Null serves `/metrics` on the main port. */
  readonly metricsPort: number | null;
  /** CIDR ranges whose `X-Forwarded-*` headers are believed. */
  readonly trustedProxies: readonly string[];
  /** Exact origins (`https://console.example.com`); empty turns CORS off. */
  readonly corsAllowedOrigins: readonly string[];
  readonly bodyLimitBytes: number;
  /** The deadline of a request whose head names none. */
  readonly timeoutSeconds: number;
};
