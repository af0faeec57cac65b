/** A database that runs: the URL of the role that migrates, and of the role that works. */
export type DatabaseServer = { readonly ownerUrl: string; readonly url: string };
