const loginPattern = /^[a-z0-9._-]{3,50}$/;

/** One spelling for every way to type a login: NFKC, lower case. */
export const normaliseLogin = (text: string): string => text.trim().normalize('NFKC').toLowerCase();

/** True for a normalised username of an admin, or name of a service account. */
export const isLoginName = (login: string): boolean => loginPattern.test(login);
